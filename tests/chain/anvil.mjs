// An Ethereum node of the test's own: anvil, bound to loopback, on a free port, with ten rich accounts that play the customers. A block
// is mined when a test says so. Before it stands a proxy, which counts what is asked and can misbehave as public nodes do.
//
//   node tests/chain/anvil.mjs [--port 8546]     a node and its proxy to try things by hand, until Ctrl-C

import { existsSync, realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dataFolder, onFreePort, startDaemon } from './daemon.mjs';

export const chainId = 31337;
/** Wei for one unit of the shop's, 10⁻⁸ ether. */
export const wei = (units) => BigInt(units) * 10_000_000_000n;
const hex = (number) => `0x${number.toString(16)}`;

/** → the node, or {missing: why}. */
export async function startAnvil({ log } = {}) {
  const program = binary();
  return program ? onFreePort((port) => launch(program, port), log) : { missing: `npm has no anvil for ${process.platform} on ${process.arch}` };
}

// The package brings it for each platform in a package of its own, and a script before it, which would outlive the test.
function binary() {
  const { resolve } = createRequire(import.meta.url);
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  try {
    const beside = createRequire(resolve('@foundry-rs/anvil/package.json'));
    const program = join(dirname(beside.resolve(`@foundry-rs/anvil-${platform}/package.json`)), 'bin', 'anvil');
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

async function launch(program, port) {
  const url = `http://127.0.0.1:${port}`;
  const rpc = caller(url);
  const daemon = startDaemon([program, '--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId), '--no-mining'], dataFolder());
  try {
    await daemon.answers(() => rpc('eth_chainId'));
    await rpc('anvil_mine', '0xa'); // a chain has always begun long ago
    return { url, rpc, pid: daemon.pid, stop: daemon.stop, ...verbs(rpc, await rpc('eth_accounts')) };
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}

function caller(url) {
  return async (method, ...params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(30_000) });
    const { result, error } = await answer.json();
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
}

/** What happens to a payment on the chain, by name. Amounts are in the shop's units. */
function verbs(rpc, [payer, deployer]) {
  const fields = async (hash) => rpc('eth_getTransactionByHash', hash);
  const gasPrice = async (times) => hex(BigInt(await rpc('eth_gasPrice')) * times);
  const send = async (transaction) => rpc('eth_sendTransaction', { gas: hex(100_000), ...transaction });
  return {
    height: async () => Number(await rpc('eth_blockNumber')),
    /** So many blocks; the first has what was sent. */
    mine: (count = 1) => rpc('anvil_mine', hex(count)),

    /** → hash. It is in no block yet. */
    pay: async (address, units) => send({ from: payer, to: address, value: hex(wei(units)), gasPrice: await gasPrice(2n) }),
    payWei: async (address, amount) => send({ from: payer, to: address, value: hex(amount), gasPrice: await gasPrice(2n) }),

    /** The payer sends it again with a higher fee: of two transactions of one number one is mined. */
    async bump(hash) {
      const { to, value, nonce, gas } = await fields(hash);
      return send({ from: payer, to, value, nonce, gas, gasPrice: await gasPrice(5n) });
    },

    /** A contract sends it, in a transaction to the contract: what exchanges and wallets of several owners do. */
    async payThroughContract(address, units) {
      // CALL(gas, the first word of the input, the value that came along) and stop, after the twelve bytes that install it.
      const code = '0x6010600c60003960106000f3' + '6000600060006000346000355af15000';
      const made = await send({ from: deployer, data: code, gasPrice: await gasPrice(2n) });
      await rpc('anvil_mine', '0x1');
      const { contractAddress: to } = await rpc('eth_getTransactionReceipt', made);
      return send({ from: deployer, to, data: `0x${address.slice(2).padStart(64, '0')}`, value: hex(wei(units)), gasPrice: await gasPrice(2n) });
    },

    /** The last `depth` blocks are replaced by as many empty ones. */
    reorg: (depth) => rpc('anvil_reorg', depth, []),
    /** As if its owner had moved the rest on. */
    leave: (address, units) => rpc('anvil_setBalance', address, hex(wei(units))),
  };
}

/**
 * A node as a shop meets it, over `node`. `faults`, empty at first, is read at every request: {status, body, delayMs, hugeBytes, hang} as
 * Esplora's; `half`: it answers the first half of a batch; `chain`: it says that it is of another; `behind`: it is stuck at this height.
 * `batches` has the methods of each request.
 */
export async function startProxy(node, port = 0) {
  const faults = {};
  const batches = [];
  const server = createServer((request, response) => {
    relay(request, response).catch((error) => {
      if (!response.headersSent && !response.destroyed) response.writeHead(502).end(error.message);
    });
  });

  async function relay(request, response) {
    let text = '';
    for await (const piece of request) text += piece;
    // A call may come alone, without a list around it.
    const sent = JSON.parse(text);
    const calls = [sent].flat();
    batches.push(calls.map(({ method }) => method));
    const { status, body, delayMs, hugeBytes, hang, behind } = faults;
    if (hang) return;
    if (delayMs) await delay(delayMs, null, { ref: false });
    if (status || body !== undefined || hugeBytes) {
      const content = hugeBytes ? `[${'0,'.repeat(hugeBytes / 2)}0]` : typeof body === 'string' ? body : JSON.stringify(body ?? null);
      return void response.writeHead(status ?? 200, { 'content-type': 'application/json' }).end(content);
    }
    const asked = behind === undefined ? text : text.replaceAll('"latest"', `"${hex(behind)}"`);
    const answer = await fetch(node.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: asked });
    let answers = [await answer.json()].flat();
    const say = (method, result) => calls.forEach(({ id }, n) => calls[n].method === method && Object.assign(answers.find((one) => one.id === id), { result }));
    if (behind !== undefined) {
      say('eth_blockNumber', hex(behind));
      answers = answers.map((one) => (isBeyond(calls.find(({ id }) => id === one.id), behind) ? { jsonrpc: '2.0', id: one.id, error: { code: -32000, message: 'header not found' } } : one));
    }
    if (faults.chain !== undefined) say('eth_chainId', hex(faults.chain));
    if (faults.half) answers = answers.slice(0, Math.ceil(answers.length / 2));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(Array.isArray(sent) ? answers : answers[0]));
  }

  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    faults,
    batches,
    heal() {
      for (const name of Object.keys(faults)) delete faults[name];
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Whether a call is about a block that this height hasn't reached, or a transaction, which might be in one. */
const isBeyond = ({ method, params }, height) => method === 'eth_getTransactionReceipt' || params.some((one) => /^0x[0-9a-f]{1,15}$/.test(one) && Number(one) > height);

async function main() {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
  const node = await startAnvil({ log: (line) => console.log(line) });
  if (node.missing) {
    console.error(node.missing);
    process.exit(1);
  }
  const proxy = await startProxy(node, Number(values.port));
  console.log(`Node:   ${node.url}\nProxy:  ${proxy.url}`);
  console.log('        … eth_sendTransaction · anvil_mine · anvil_reorg');
  console.log('Ctrl-C ends both.');
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
