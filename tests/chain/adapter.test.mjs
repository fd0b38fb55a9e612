// The chain parts against one another: does the Esplora stand-in tell what the node knows? Everything that PushGuard's own
// chain tests rest on is checked here first, so that a failure there is PushGuard's.
//
//   node --test tests/chain/adapter.test.mjs

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { testUnless } from '../worker/harness.mjs';
import { btc, connect, sats, startBitcoind } from './bitcoind.mjs';
import { startEsplora } from './esplora.mjs';

const run = promisify(execFile);
const node = await startBitcoind({ log: line => console.log(line) });
if (node.missing) console.error(`\n!!! THE CHAIN TESTS ARE SKIPPED: ${node.missing}\n`);
const it = testUnless(node.missing);

test('amounts are exact in both directions', () => {
  for (const amount of [0, 1, 9, 123456, 99999999, 100000000, 28999999999, 2_099_999_997_690_000, -1, -150000000]) assert.equal(sats(btc(amount)), amount);
  assert.equal(btc(123456), '0.00123456');
  assert.equal(btc(2_099_999_997_690_000), '20999999.97690000');
  assert.equal(sats('0.1'), 10000000);
  for (const wrong of ['', 'x', '1e-8', '0.000000001', '1.', undefined]) assert.throws(() => sats(wrong), RangeError);
  for (const wrong of [0.5, NaN, 'x', 2 ** 60]) assert.throws(() => btc(wrong), RangeError);
});

describe('a regtest node and its Esplora', () => {
  let esplora;
  let payee; // a wallet of its own: otherwise the customer could spend what he has just paid
  let address;

  const get = async path => {
    const response = await fetch(esplora.url + path);
    const text = await response.text();
    return { status: response.status, text, json: response.headers.get('content-type') === 'application/json' ? JSON.parse(text) : undefined };
  };
  const txs = async (tail = '') => (await get(`/address/${address}/txs${tail}`)).json;
  const ids = async tail => (await txs(tail)).map(tx => tx.txid);
  const paid = tx => tx.vout.filter(out => out.scriptpubkey_address === address).reduce((sum, out) => sum + out.value, 0);
  const height = async () => Number((await get('/blocks/tip/height')).text);

  before(async () => {
    if (node.missing) return;
    esplora = await startEsplora({ rpc: node.rpc });
    await node.rpc('createwallet', 'payee');
    payee = connect(`${node.url}/wallet/payee`);
  });
  beforeEach(async () => {
    if (node.missing) return;
    address = await payee('getnewaddress', '', 'bech32');
  });
  after(async () => {
    if (node.missing) return;
    await esplora.close();
    await node.stop();
  });

  it('tells the tip as the node does', async () => {
    const tip = await node.tip();
    assert.equal(await height(), tip.height);
    assert.equal((await get('/blocks/tip/hash')).text, tip.hash);
    assert.equal((await get(`/block-height/${tip.height}`)).text, tip.hash);
    assert.equal((await get(`/block-height/${tip.height + 1}`)).status, 404);
  });

  it('knows an unused address', async () => {
    assert.deepEqual(await txs(), []);
    assert.deepEqual((await get(`/address/${address}/utxo`)).json, []);
    const { json } = await get(`/address/${address}`);
    const none = { funded_txo_count: 0, funded_txo_sum: 0, spent_txo_count: 0, spent_txo_sum: 0, tx_count: 0 };
    assert.deepEqual(json, { address, chain_stats: none, mempool_stats: none });
  });

  it('shows a payment at once, then with 1 to 6 confirmations', async () => {
    const txid = await node.pay(address, 31122);
    const [seen, ...others] = await txs();
    assert.deepEqual(others, []);
    assert.equal(seen.txid, txid);
    assert.equal(paid(seen), 31122);
    assert.deepEqual(seen.status, { confirmed: false });
    assert.ok(seen.vin.every(input => input.prevout.value > 0 && input.sequence < 0xfffffffe));
    const known = await node.rpc('gettransaction', txid);
    assert.equal(seen.fee, -sats(known.fee));
    assert.deepEqual(await ids('/mempool'), [txid]);
    assert.deepEqual(await ids('/chain'), []);

    for (let confirmations = 1; confirmations <= 6; confirmations++) {
      const [hash] = await node.mine(1);
      const [{ status }] = await txs();
      assert.equal((await height()) - status.block_height + 1, confirmations);
      if (confirmations > 1) continue;
      const { time } = await node.rpc('getblockheader', hash);
      assert.deepEqual(status, { confirmed: true, block_height: await height(), block_hash: hash, block_time: time });
    }
    assert.deepEqual(await ids('/mempool'), []);
    assert.deepEqual((await get(`/tx/${txid}`)).json, (await txs('/chain'))[0]);
    assert.deepEqual((await get(`/tx/${txid}/status`)).json, (await txs())[0].status);
  });

  it('sums up part payments, spent ones too', async () => {
    const first = await node.pay(address, 1000_0000);
    await node.mine(1);
    const second = await node.pay(address, 777);
    assert.deepEqual(await ids(), [second, first]);
    const { json } = await get(`/address/${address}`);
    assert.deepEqual([json.chain_stats.funded_txo_sum, json.mempool_stats.funded_txo_sum], [10000000, 777]);
    const unspent = (await get(`/address/${address}/utxo`)).json;
    assert.deepEqual(unspent.map(out => [out.txid, out.value, out.status.confirmed]), [[second, 777, false], [first, 10000000, true]]);

    const vout = (await get(`/tx/${first}`)).json.vout.findIndex(out => out.scriptpubkey_address === address);
    const raw = await payee('createrawtransaction', [{ txid: first, vout }], [{ [await node.newAddress()]: btc(9990000) }]);
    const spending = await payee('sendrawtransaction', (await payee('signrawtransactionwithwallet', raw)).hex);
    assert.deepEqual(await ids(), [spending, second, first]);
    assert.equal((await get(`/address/${address}`)).json.mempool_stats.spent_txo_sum, 10000000);
    assert.deepEqual((await get(`/address/${address}/utxo`)).json.map(out => out.txid), [second]);
  });

  it('forgets a bumped payment and shows the new one', async () => {
    const old = await node.pay(address, 50000);
    assert.deepEqual(await ids(), [old]);
    const bumped = await node.bump(old);
    assert.deepEqual(await ids(), [bumped]);
    assert.equal((await get(`/tx/${old}`)).status, 404);
    assert.deepEqual((await get(`/tx/${old}/status`)).json, { confirmed: false }, 'as in the real one');
    assert.equal(paid((await txs())[0]), 50000);
    await node.mine(1);
    assert.deepEqual(await ids('/chain'), [bumped]);
  });

  for (const rbf of [true, false]) {
    it(`forgets a payment that was taken back${rbf ? '' : ', even one that did not signal it'}`, async () => {
      const kept = await node.pay(address, 1111);
      const txid = await node.pay(address, 60000, { rbf });
      assert.deepEqual((await ids()).sort(), [txid, kept].sort()); // first seen in one look: in any order
      const thief = await node.doubleSpend(txid);
      assert.deepEqual(await ids(), [kept]);
      assert.equal((await get(`/tx/${txid}`)).status, 404);
      await node.mine(1);
      assert.deepEqual(await ids(), [kept]);
      assert.equal((await get(`/tx/${thief}`)).json.status.confirmed, true);
    });
  }

  it('follows a reorganisation there and back', async () => {
    const txid = await node.pay(address, 70000);
    await node.mine(2);
    const confirmed = (await txs())[0].status;
    const tall = await height();
    await node.invalidateTip(2);
    assert.equal(await height(), tall - 2);
    assert.deepEqual((await txs())[0].status, { confirmed: false });
    await node.reconsider();
    assert.equal(await height(), tall);
    assert.deepEqual((await txs())[0].status, confirmed);

    await node.invalidateTip(2);
    await node.doubleSpend(txid);
    await node.mine(3);
    await node.reconsider();
    assert.equal(await height(), tall + 1, 'the longer chain stays');
    assert.deepEqual(await txs(), []);
    assert.notEqual((await get(`/block-height/${confirmed.block_height}`)).text, confirmed.block_hash);
  });

  it('pages: 25 confirmed at a time, newest first', async () => {
    const blocks = (await node.mine(30, address)).reverse();
    const minted = await Promise.all(blocks.map(async hash => (await node.rpc('getblock', hash, 1)).tx[0]));
    const waiting = await node.pay(address, 1000);
    assert.deepEqual(await ids(), [waiting, ...minted.slice(0, 25)]);
    assert.deepEqual(await ids('/chain'), minted.slice(0, 25));
    assert.deepEqual(await ids(`/chain/${minted[24]}`), minted.slice(25));
    assert.deepEqual(await ids(`/chain/${minted[29]}`), []);
    const [{ vin: [input], fee }] = await txs('/chain');
    assert.deepEqual([input.is_coinbase, input.prevout, fee], [true, null, 0]);
  });

  it('refuses as Esplora does, in plain text', async () => {
    const nobody = 'ab'.repeat(32);
    const answers = {
      '/': [404, 'endpoint does not exist "/"'],
      '/tx/zz': [400, 'Invalid hex string'],
      [`/tx/${nobody}`]: [404, 'Transaction not found'],
      '/block-height/x': [400, 'Invalid number'],
      '/block-height/99999': [404, 'Block not found'],
      '/address/bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu/txs': [400, 'Invalid Bitcoin address'],
      '/address/%ff%zz': [400, 'Invalid Bitcoin address'],
    };
    for (const [path, [status, text]] of Object.entries(answers)) {
      const answer = await get(path);
      assert.deepEqual([answer.status, answer.text, answer.json], [status, text, undefined], path);
    }
  });

  it('answers many at once, and counts them', async () => {
    await node.pay(address, 4242);
    const before = esplora.requests['address/txs'];
    const answers = await Promise.all(Array.from({ length: 100 }, () => txs()));
    assert.ok(answers.every(([tx]) => paid(tx) === 4242));
    assert.equal(esplora.requests['address/txs'] - before, 100);
  });

  it('misbehaves when told to, and heals', async () => {
    const path = `/address/${address}/txs`;
    esplora.faults.status = 500;
    assert.equal((await get(path)).status, 500);
    esplora.faults.only = /^\/tx\//;
    assert.equal((await get(path)).status, 200, 'only elsewhere');
    esplora.heal();

    esplora.faults.body = 'garbage';
    assert.deepEqual([(await get(path)).status, (await get(path)).text], [200, 'garbage']);
    esplora.heal();

    Object.assign(esplora.faults, { delayMs: 200 });
    const asked = performance.now();
    assert.deepEqual((await get(path)).json, []);
    assert.ok(performance.now() - asked >= 195);
    esplora.heal();

    esplora.faults.hugeBytes = 3_000_000;
    assert.equal((await get(path).catch(error => error)).name, 'SyntaxError');
    assert.equal((await (await fetch(esplora.url + path)).arrayBuffer()).byteLength, 3_000_000);
    esplora.heal();

    esplora.faults.hang = true;
    await assert.rejects(fetch(esplora.url + path, { signal: AbortSignal.timeout(150) }), { name: 'TimeoutError' });
    esplora.heal();
    assert.equal((await get(path)).status, 200);
  });

  it('says 503 when its node is gone', async () => {
    const lost = await startEsplora({ rpc: connect('http://x:y@127.0.0.1:1') });
    assert.equal((await fetch(`${lost.url}/blocks/tip/height`)).status, 503);
    await lost.close();
  });

  it('gives a bitcoin-cli that reaches the node', { skip: node.cli ? false : 'no bitcoin-cli' }, async () => {
    const [program, ...args] = node.cli;
    assert.equal(Number((await run(program, [...args, 'getblockcount'])).stdout), (await node.tip()).height);
  });

  it('leaves nothing behind when its process ends without stop()', async () => {
    const script = `const { startBitcoind } = await import(${JSON.stringify(new URL('bitcoind.mjs', import.meta.url))});
      const node = await startBitcoind({ blocks: 1 }); console.log(JSON.stringify([node.url, node.datadir]))`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
    const [url, datadir] = JSON.parse(stdout);
    await assert.rejects(connect(url)('getblockcount'), /fetch failed/);
    assert.equal(existsSync(datadir), false);
  });
});
