// The Esplora REST API over a Bitcoin node's JSON-RPC, for tests: what PushGuard asks of a public block explorer, answered
// by a regtest node. It reads the chain into memory block by block and follows reorganisations; every answer is made from one
// consistent view of tip and mempool, taken after the request came in, so a test never has to wait for it to catch up.
// The *_asm fields and /block/… are left out: nothing here reads them. Litecoin's daemon speaks the same RPC and works too.
//
//   node tests/chain/esplora.mjs --rpc http://user:pass@127.0.0.1:18443 --port 3002

import { realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const CHAIN_PAGE = 25;
const MEMPOOL_PAGE = 50;

/** A JSON-RPC caller. Numbers with a fraction come back as the node's own text: an amount never passes through a float. */
export function connect(url) {
  const { origin, pathname, username, password } = new URL(url);
  const headers = {
    'content-type': 'application/json',
    authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}`,
  };
  return async (method, ...params) => {
    const body = JSON.stringify({ jsonrpc: '1.0', id: 1, method, params });
    const response = await fetch(origin + pathname, { method: 'POST', headers, body, signal: AbortSignal.timeout(60_000) });
    const text = await response.text();
    if (!text.startsWith('{')) throw new Error(`${method}: the node answered ${response.status} ${text.slice(0, 200)}`);
    const { result, error } = JSON.parse(quoteDecimals(text));
    if (error) throw Object.assign(new Error(`${method}: ${error.message}`), { code: error.code });
    return result;
  };
}

/** Strings are matched first, so that digits inside them are left alone. */
const quoteDecimals = json => json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g,
  token => (token[0] !== '"' && /[.eE]/.test(token) ? `"${token}"` : token));

/** "0.00123456" → 123456 */
export function sats(text) {
  const [, sign, whole, fraction = ''] = String(text).match(/^(-?)(\d+)(?:\.(\d{1,8}))?$/) ?? [];
  const value = Number(`${sign}${whole}${fraction.padEnd(8, '0')}`);
  if (!Number.isSafeInteger(value)) throw new RangeError(`not an amount in coins: ${text}`);
  return value;
}

/** 123456 → "0.00123456" */
export function btc(satoshi) {
  if (!Number.isSafeInteger(Number(satoshi))) throw new RangeError(`not an amount in satoshi: ${satoshi}`);
  const digits = String(satoshi).replace('-', '').padStart(9, '0');
  return `${satoshi < 0 ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

/** `faults`, empty at first, is read at every request: {status, body, delayMs, hugeBytes, hang}, and `only`, a pattern for the path. */
export async function startEsplora({ rpc, port = 0 }) {
  const chain = followChain(rpc);
  const faults = {};
  const requests = { total: 0 };
  const server = createServer((request, response) => {
    const path = request.url.split('?')[0];
    const kind = kindOf(path);
    requests.total += 1;
    requests[kind] = (requests[kind] ?? 0) + 1;
    respond(request, response, path, kind).catch(error => {
      // A client that went away is no fault; a node that can't be asked is what a real explorer answers 503 to.
      if (!response.headersSent && !response.destroyed) send(response, 503, error.message);
    });
  });

  async function respond(request, response, path, kind) {
    if (!faults.only || new RegExp(faults.only).test(path)) {
      const { status, body, delayMs, hugeBytes, hang } = faults;
      if (hang) return;
      if (delayMs) await delay(delayMs, null, { ref: false });
      if (hugeBytes) return sendHuge(response, status ?? 200, hugeBytes);
      if (status || body !== undefined) return send(response, status ?? 200, body ?? 'something went wrong');
    }
    const [status, answer] = await route(chain, rpc, request.method === 'GET' ? kind : 'unknown', path);
    send(response, status, answer);
  }

  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    faults,
    requests,
    heal() {
      for (const name of Object.keys(faults)) delete faults[name];
    },
    async close() {
      const closed = new Promise(resolve => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const PATHS = `/blocks/tip/height /blocks/tip/hash /block-height/:h /tx/:id /tx/:id/status /address/:a /address/:a/utxo
  /address/:a/txs /address/:a/txs/mempool /address/:a/txs/chain /address/:a/txs/chain/:id`.split(/\s+/).map(path =>
  ({ shape: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`), kind: path.slice(1).replace(/\/:\w+/g, '') }));

/** The path without its arguments, "address/txs" say: what `requests` counts by. */
const kindOf = path => PATHS.find(({ shape }) => shape.test(path))?.kind ?? 'unknown';

async function route(chain, rpc, kind, path) {
  const [, , argument, , , last] = path.split('/');
  const isTx = kind.startsWith('tx');
  if (kind === 'unknown') return [404, `endpoint does not exist ${JSON.stringify(path)}`];
  if (isTx && !/^[0-9a-f]{64}$/i.test(argument)) return [400, 'Invalid hex string'];
  if (kind === 'block-height' && !/^\d+$/.test(argument)) return [400, 'Invalid number'];
  const { isvalid, address } = kind.startsWith('address') ? await rpc('validateaddress', argument) : {};
  if (isvalid === false) return [400, 'Invalid Bitcoin address'];
  await chain.refresh();
  const entry = isTx ? chain.find(argument.toLowerCase()) : undefined;
  switch (kind) {
    case 'blocks/tip/height': return [200, String(chain.tip().height)];
    case 'blocks/tip/hash': return [200, chain.tip().hash];
    case 'block-height': return chain.hash(argument) ? [200, chain.hash(argument)] : [404, 'Block not found'];
    case 'tx': return entry ? [200, chain.show(entry)] : [404, 'Transaction not found'];
    // As in the real one, a transaction nobody has ever seen is merely "not confirmed" here.
    case 'tx/status': return [200, statusOf(entry?.block)];
  }
  const [confirmed, unconfirmed] = [chain.confirmed(address), chain.unconfirmed(address)]; // newest first
  switch (kind) {
    case 'address': return [200, { address: argument, chain_stats: chain.stats(address, confirmed), mempool_stats: chain.stats(address, unconfirmed) }];
    case 'address/utxo': return [200, chain.unspent(address, [...unconfirmed, ...confirmed])];
    case 'address/txs/mempool': return [200, unconfirmed.slice(0, MEMPOOL_PAGE).map(chain.show)];
    case 'address/txs': return [200, [...unconfirmed.slice(0, MEMPOOL_PAGE), ...confirmed.slice(0, CHAIN_PAGE)].map(chain.show)];
    case 'address/txs/chain': {
      const from = last ? confirmed.findIndex(({ tx }) => tx.txid === last) + 1 || confirmed.length : 0;
      return [200, confirmed.slice(from, from + CHAIN_PAGE).map(chain.show)];
    }
  }
}

/** The node's best chain and mempool, held in memory. An entry is {tx, block}, `block` undefined while unconfirmed. */
function followChain(rpc) {
  const blocks = []; // by height
  const read = new Map(); // hash → block, also those reorganised away: they may come back
  const mined = new Map(); // txid → entry
  const byAddress = new Map(); // address → entries, oldest first
  let pool = new Map(); // txid → entry, oldest first

  async function follow(tip) {
    const ahead = [];
    let hash = tip;
    let block;
    while (hash) {
      block = read.get(hash) ?? (await rpc('getblock', hash, 2));
      read.set(hash, block);
      if (blocks[block.height]?.hash === hash) break;
      ahead.unshift(block);
      hash = block.previousblockhash;
    }
    while (blocks.length > (hash ? block.height + 1 : 0)) unlink(blocks.pop());
    for (const next of ahead) link(next);
  }

  function link(block) {
    blocks[block.height] = block;
    for (const tx of block.tx) {
      const entry = { tx, block };
      mined.set(tx.txid, entry);
      for (const address of touched(entry)) {
        if (!byAddress.has(address)) byAddress.set(address, []);
        byAddress.get(address).push(entry);
      }
    }
  }

  function unlink(block) {
    for (const entry of block.tx.map(tx => mined.get(tx.txid)).reverse()) {
      for (const address of touched(entry)) byAddress.set(address, byAddress.get(address).filter(other => other !== entry));
      mined.delete(entry.tx.txid);
    }
  }

  async function look() {
    for (;;) {
      const tip = await rpc('getbestblockhash');
      await follow(tip);
      const next = await readPool(await rpc('getrawmempool'));
      // A block found between the two questions would leave its transactions in neither answer: then ask again.
      if (next && (await rpc('getbestblockhash')) === tip) return void (pool = next);
    }
  }

  async function readPool(ids) {
    const there = new Set(ids);
    const next = new Map([...pool].filter(([txid]) => there.has(txid)));
    for (const txid of ids.filter(id => !next.has(id))) {
      const tx = await rpc('getrawtransaction', txid, true).catch(error => (error.code === -5 ? null : Promise.reject(error)));
      if (!tx || tx.blockhash) return null; // replaced or mined meanwhile
      next.set(txid, { tx });
    }
    return next;
  }

  const find = txid => pool.get(txid) ?? mined.get(txid);
  const spentBy = input => (input.coinbase === undefined ? find(input.txid)?.tx.vout[input.vout] : undefined);
  const touched = ({ tx }) => new Set([...tx.vin.map(spentBy), ...tx.vout].map(addressOf).filter(Boolean));
  const paidIn = (address, entries) => entries.flatMap(({ tx, block }) =>
    tx.vout.filter(out => addressOf(out) === address).map(out => ({ txid: tx.txid, vout: out.n, status: statusOf(block), value: sats(out.value) })));
  const spentFrom = (address, entries) => entries.flatMap(({ tx }) => tx.vin.filter(input => addressOf(spentBy(input)) === address));
  const sum = values => values.reduce((total, value) => total + value, 0);

  // Looks are made one at a time. A request joins the next look, never the one under way: that one may be older than the request.
  let last = Promise.resolve();
  let next = null;
  return {
    refresh() {
      if (!next) {
        next = last.then(() => ((next = null), look()));
        last = next.catch(() => {});
      }
      return next;
    },
    find,
    tip: () => blocks.at(-1),
    hash: height => blocks[Number(height)]?.hash,
    confirmed: address => [...(byAddress.get(address) ?? [])].reverse(),
    unconfirmed: address => [...pool.values()].filter(entry => touched(entry).has(address)).reverse(),
    stats(address, entries) {
      const funded = paidIn(address, entries).map(out => out.value);
      const spent = spentFrom(address, entries).map(input => sats(spentBy(input).value));
      return { funded_txo_count: funded.length, funded_txo_sum: sum(funded), spent_txo_count: spent.length, spent_txo_sum: sum(spent), tx_count: entries.length };
    },
    unspent(address, entries) {
      const gone = new Set(spentFrom(address, entries).map(input => `${input.txid}:${input.vout}`));
      return paidIn(address, entries).filter(out => !gone.has(`${out.txid}:${out.vout}`));
    },
    show({ tx, block }) {
      const vin = tx.vin.map(input => showInput(input, spentBy(input)));
      const vout = tx.vout.map(showOutput);
      const minted = vin.some(input => input.is_coinbase);
      const fee = minted ? 0 : sum(vin.map(input => input.prevout.value)) - sum(vout.map(out => out.value));
      return { txid: tx.txid, version: tx.version, locktime: tx.locktime, vin, vout, size: tx.size, weight: tx.weight, fee, status: statusOf(block) };
    },
  };
}

const statusOf = block => (block ? { confirmed: true, block_height: block.height, block_hash: block.hash, block_time: block.time } : { confirmed: false });

const addressOf = out => out && (out.scriptPubKey.address ?? out.scriptPubKey.addresses?.[0]);

const showInput = (input, prevout) => ({
  txid: input.txid ?? '0'.repeat(64),
  vout: input.vout ?? 0xffffffff,
  prevout: prevout ? showOutput(prevout) : null,
  scriptsig: input.scriptSig?.hex ?? input.coinbase,
  witness: input.txinwitness,
  is_coinbase: input.coinbase !== undefined,
  sequence: input.sequence,
});

const SCRIPT_TYPES = {
  pubkey: 'p2pk', pubkeyhash: 'p2pkh', scripthash: 'p2sh', nulldata: 'op_return',
  witness_v0_keyhash: 'v0_p2wpkh', witness_v0_scripthash: 'v0_p2wsh', witness_v1_taproot: 'v1_p2tr',
};

const showOutput = out => ({
  scriptpubkey: out.scriptPubKey.hex,
  scriptpubkey_type: SCRIPT_TYPES[out.scriptPubKey.type] ?? 'unknown',
  scriptpubkey_address: addressOf(out),
  value: sats(out.value),
});

function send(response, status, answer) {
  const text = typeof answer === 'string';
  response.writeHead(status, {
    'content-type': text ? 'text/plain' : 'application/json',
    ...(status === 200 && { 'cache-control': 'public, max-age=10' }), // as public explorers do: a caller that caches sees old news here too
  });
  response.end(text ? answer : JSON.stringify(answer));
}

/** A JSON array that goes on and on, made as it is read, so that the test itself needs no memory for it. */
function sendHuge(response, status, bytes) {
  response.writeHead(status, { 'content-type': 'application/json' });
  const piece = '{"txid":"00"},'.repeat(4096);
  Readable.from((function* () {
    yield '[';
    for (let left = bytes - 1; left > 0; left -= piece.length) yield piece.slice(0, left);
  })()).on('error', () => {}).pipe(response);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { rpc: { type: 'string' }, port: { type: 'string', default: '3002' } } });
  if (!values.rpc) {
    console.error('usage: node tests/chain/esplora.mjs --rpc http://user:pass@127.0.0.1:18443 [--port 3002]');
    process.exit(2);
  }
  const rpc = connect(values.rpc);
  const { chain } = await rpc('getblockchaininfo');
  const { url } = await startEsplora({ rpc, port: Number(values.port) });
  console.log(`Esplora for ${chain} is ready: ${url}`);
}
