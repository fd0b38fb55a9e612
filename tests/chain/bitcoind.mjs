// A Bitcoin or Litecoin node of the test's own: regtest, bound to loopback, free port, throw-away data, and a wallet with coins that plays
// the customer. It dies with the test.
//
//   node tests/chain/bitcoind.mjs [--port 3002] [--litecoin]     a node and an Esplora to try things by hand, until Ctrl-C

import { randomBytes } from 'node:crypto';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dataFolder, onFreePort, startDaemon } from './daemon.mjs';
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
  return found.missing ? found : onFreePort(port => launch(coin, found, blocks, port), log);
}

async function launch(coin, found, blocks, port) {
  const datadir = dataFolder();
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
  const daemon = startDaemon([...found.daemon, `-datadir=${datadir}`], datadir);
  const url = `http://test:${password}@127.0.0.1:${port}`;
  try {
    await daemon.answers(() => connect(url)('getblockcount'));
    await connect(url)('createwallet', WALLET);
    const rpc = connect(`${url}/wallet/${WALLET}`); // by name, so that a test may add wallets
    const cli = found.cli && [...found.cli, `-datadir=${datadir}`, `-rpcwallet=${WALLET}`];
    const node = { url, rpc, btc, sats, pid: daemon.pid, datadir, cli, ...verbs(rpc), stop: daemon.stop };
    await node.mine(blocks);
    return node;
  } catch (error) {
    await daemon.stop();
    throw error;
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
