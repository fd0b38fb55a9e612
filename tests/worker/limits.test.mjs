// How much the Worker takes in.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { startShop } from './harness.mjs';

const mebibyte = 1 << 20;

let shop, seller, authorization;
before(async () => {
  shop = await startShop();
  seller = await shop.admin.createAccount();
  authorization = `Basic ${btoa(`${seller.email}:${seller.api_key}`)}`;
});
after(() => shop.close());

/** A valid request of exactly so many bytes. */
function paddedTo(bytes) {
  const fields = { title: 'Tea', currency: 'EUR', value: '3', gateway: 'Bitcoin', return_url: 'https://seller.example/', unknown: '' };
  fields.unknown = 'x'.repeat(bytes - JSON.stringify(fields).length);
  return JSON.stringify(fields);
}

/** Sends a body in pieces, without saying how long it will be → {status, body}. */
function chunked(pieces, headers = {}) {
  return new Promise((resolve, reject) => {
    const sending = request(new URL('/api/v2/pay', shop.url), {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'transfer-encoding': 'chunked', ...headers },
    });
    sending.on('response', async (answer) => {
      const text = [];
      for await (const chunk of answer) text.push(chunk);
      resolve({ status: answer.statusCode, body: Buffer.concat(text).toString() });
    });
    // Whoever is refused may be cut off while he still talks; then the answer, if he hears it, comes in another moment.
    sending.on('error', (error) => setTimeout(() => (error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve({ status: 'cut off' }) : reject(error)), 300));
    for (const piece of pieces) sending.write(piece);
    sending.end();
  });
}

test('a body of one mebibyte is read', async () => {
  const answer = await seller.api('POST', '/pay', paddedTo(mebibyte));
  assert.equal(answer.status, 201, answer.text.slice(0, 300));
});

test('one byte more is refused', async () => {
  const answer = await seller.api('POST', '/pay', paddedTo(mebibyte + 1));
  assert.equal(answer.status, 413);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.ok(answer.body.message);
});

test('in chunks, of unknown length, the limit is the same', async () => {
  const pieces = (text) => text.match(/[^]{1,65536}/g);
  assert.equal((await chunked(pieces(paddedTo(mebibyte)))).status, 201);
  const refused = await chunked(pieces(paddedTo(mebibyte + 1)));
  assert.equal(refused.status, 413);
  assert.ok(JSON.parse(refused.body).message);
});

test('a body of 20 MiB is refused before its end, and the next request is served', async () => {
  const piece = 'x'.repeat(mebibyte);
  const { status } = await chunked(Array(20).fill(piece));
  assert.ok([413, 'cut off'].includes(status), `it answered ${status}`);
  assert.equal((await seller.api('GET', '/orders')).status, 200);
});

test('somebody without a key is told so, however much he sends', async () => {
  const answer = await shop.fetch('/api/v2/pay', { method: 'POST', body: 'x'.repeat(mebibyte + 1) });
  assert.ok([401, 413].includes(answer.status), `it answered ${answer.status}`);
});
