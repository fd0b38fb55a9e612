// A Bitcoin or Litecoin node of the test's own: regtest, bound to loopback, free port, throw-away data, and a wallet with coins that plays
// the customer. It dies with the test.
//
//   node tests/chain/bitcoind.mjs [--port 3002] [--litecoin]     a node and an Esplora to try things by hand, until Ctrl-C

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { btc, connect, sats, startEsplora } from './esplora.mjs';
import { installBitcoind, installLitecoind } from './install.mjs';

export { btc, connect, sats };

const WALLET = 'customer';

/** What differs between the two. Litecoin's fees are ten times Bitcoin's, and its nodes replace transactions only where they are told to. */
const BITCOIN = { install: installBitcoind, config: 'bitcoin.conf', flags: 'fallbackfee=0.0001\nnatpmp=0' };
const LITECOIN = { install: installLitecoind, config: 'litecoin.conf', flags: 'fallbackfee=0.001\nmempoolreplacement=1' };

/**
 * A coinbase can be spent 100 blocks later. So 101 blocks would leave the wallet one coin, and each payment would spend the
 * change of the one before: bumping or replacing the first would drag the others along. 120 leave it twenty coins.
 */
export const startBitcoind = options => start(BITCOIN, options);
/** The same; stay below some four hundred blocks, where its extension blocks begin, which are not tested here. */
export const startLitecoind = options => start(LITECOIN, options);

async function start(coin, { dir, log = () => {}, blocks = 120 } = {}) {
  const found = await coin.install({ dir, log });
  if (found.missing) return found;
  // Between choosing a free port and binding it another process may take it: then choose again.
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(coin, found, blocks);
    } catch (error) {
      if (attempt === 3 || !/bind|HTTP server/i.test(error.message)) throw error;
      log('a node\'s port was taken, choosing another');
    }
  }
}

async function launch(coin, found, blocks) {
  const datadir = mkdtempSync(join(tmpdir(), 'pushguard-regtest-'));
  const port = await freePort();
  const password = randomBytes(16).toString('hex');
  // In a file rather than on the command line, so that the password isn't in the process list, and bitcoin-cli needs only -datadir.
  writeFileSync(join(datadir, coin.config), `regtest=1
server=1
txindex=1
${coin.flags}
dnsseed=0
listen=0
printtoconsole=0
[regtest]
rpcbind=127.0.0.1
rpcallowip=127.0.0.1
rpcport=${port}
rpcuser=test
rpcpassword=${password}
rpcworkqueue=256
`, { mode: 0o600 });
  const output = openSync(join(datadir, 'output'), 'w');
  const [program, ...args] = found.daemon;
  const child = spawn(program, [...args, `-datadir=${datadir}`], { stdio: ['ignore', output, output] });
  closeSync(output);
  child.unref(); // a test that forgets stop() ends all the same, and its 'exit' handler below takes the node along
  const gone = new Promise(resolve => child.once('exit', resolve).once('error', resolve));

  // SIGKILL: the data is thrown away, there is nothing to flush.
  const end = () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  };
  const sweep = () => rmSync(datadir, { recursive: true, force: true, maxRetries: 5 });
  const onExit = () => (end(), sweep());
  const onSignal = signal => {
    onExit();
    forget();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal); // what it would have done without us
  };
  const forget = () => {
    process.off('exit', onExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  process.on('exit', onExit);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const stop = async () => {
    child.ref(); // or the process could end before this wait does
    end();
    await gone;
    sweep();
    forget();
  };

  const url = `http://test:${password}@127.0.0.1:${port}`;
  try {
    await ready(connect(url), child, datadir);
    await connect(url)('createwallet', WALLET);
    const rpc = connect(`${url}/wallet/${WALLET}`); // by name, so that a test may add wallets
    const cli = found.cli && [...found.cli, `-datadir=${datadir}`, `-rpcwallet=${WALLET}`];
    const node = { url, rpc, btc, sats, pid: child.pid, datadir, cli, ...verbs(rpc), stop };
    await node.mine(blocks);
    return node;
  } catch (error) {
    await stop();
    throw error;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

async function ready(rpc, child, datadir) {
  for (const deadline = Date.now() + 30_000; ; await delay(25, null)) {
    const up = await rpc('getblockcount').then(() => true, error => error);
    if (up === true) return;
    if (child.exitCode === null && child.signalCode === null && child.pid && Date.now() < deadline) continue;
    throw new Error(`the node did not start: ${readFileSync(join(datadir, 'output'), 'utf8').trim().slice(-500) || up.message}`);
  }
}

/** What happens to a payment on the chain, by name. Amounts are whole satoshi. */
function verbs(rpc) {
  const invalidated = [];
  const newAddress = () => rpc('getnewaddress', '', 'bech32');
  const entry = async txid => (await rpc('gettransaction', txid, true, true)).decoded;

  return {
    newAddress,

    /** → {height, hash} */
    async tip() {
      const { blocks, bestblockhash } = await rpc('getblockchaininfo');
      return { height: blocks, hash: bestblockhash };
    },

    /** → hashes. To a new address each time: the same block, mined again within a second of its invalidation, would stay invalid. */
    async mine(count = 1, address) {
      return rpc('generatetoaddress', count, address ?? (await newAddress()));
    },

    /** → txid, unconfirmed. `rbf` is whether it signals that it may be replaced. */
    pay: (address, amount, { rbf = true } = {}) => rpc('sendtoaddress', address, btc(amount), '', '', false, rbf),

    /** The same payment with a higher fee → its new txid. */
    bump: async txid => (await rpc('bumpfee', txid)).txid,

    /** The payer takes his unconfirmed payment back: the same coins go to himself, for a higher fee → the new txid. */
    async doubleSpend(txid) {
      const { fees } = await rpc('getmempoolentry', txid);
      const inputs = (await entry(txid)).vin.map(({ txid, vout }) => ({ txid, vout }));
      const coins = await Promise.all(inputs.map(async ({ txid, vout }) => sats((await entry(txid)).vout[vout].value)));
      // A replacement pays for all that it displaces, the transaction's children too, and for its own relay.
      const left = coins.reduce((sum, coin) => sum + coin, 0) - 2 * sats(fees.descendant) - 10_000;
      const raw = await rpc('createrawtransaction', inputs, [{ [await newAddress()]: btc(left) }]);
      const { hex } = await rpc('signrawtransactionwithwallet', raw);
      return rpc('sendrawtransaction', hex);
    },

    /** Takes the last `count` blocks off the chain → hash of the lowest. Their transactions are unconfirmed again. */
    async invalidateTip(count = 1) {
      const hash = await rpc('getblockhash', (await this.tip()).height - count + 1);
      await rpc('invalidateblock', hash);
      invalidated.push(hash);
      return hash;
    },

    /** Lets the blocks of the last invalidateTip() count again: they return unless a longer chain was mined meanwhile. */
    async reconsider(hash = invalidated.pop()) {
      if (!hash) throw new Error('reconsider: nothing was invalidated');
      await rpc('reconsiderblock', hash);
    },
  };
}

const freePort = () => new Promise((resolve, reject) => {
  const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

async function main() {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, litecoin: { type: 'boolean' } } });
  const node = await (values.litecoin ? startLitecoind : startBitcoind)({ log: line => console.log(line) });
  if (node.missing) {
    console.error(node.missing);
    process.exit(1);
  }
  const esplora = await startEsplora({ rpc: node.rpc, port: Number(values.port) });
  console.log(`Esplora:     ${esplora.url}`);
  console.log(`cli:         ${node.cli?.join(' ') ?? `none found; the node's RPC is ${node.url}`}`);
  console.log('             … sendtoaddress ADDRESS 0.001 · bumpfee TXID · -generate 1 · invalidateblock HASH');
  console.log('Ctrl-C ends both and removes their data.');
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
