// The platform's own rate limits.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startShop } from './harness.mjs';

let shop, seller;
before(async () => {
  shop = await startShop({ settings: { RATE_LIMIT_ACCOUNT: '20', RATE_LIMIT_ANONYMOUS: '10' } });
  seller = await shop.admin.createAccount();
  // What follows takes a moment; it must not run into the next minute.
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 5_000) await new Promise((resolve) => setTimeout(resolve, left + 50));
});
after(() => shop?.close());

test('the binding counts, and the twenty-first request of an account in a minute is refused', async () => {
  const answers = [];
  for (let n = 0; n < 21; n += 1) answers.push(await seller.api('GET', '/account'));
  assert.deepEqual(answers.map(({ status }) => status), [...Array(20).fill(200), 429]);
  assert.deepEqual(
    answers.map(({ headers }) => Number(headers.get('x-ratelimit-remaining'))),
    [...Array.from({ length: 20 }, (_, n) => 19 - n), 0],
  );
  const refused = answers.at(-1);
  assert.deepEqual(refused.body, { message: 'You have reached the request limit' });
  assert.equal(refused.headers.get('x-ratelimit-limit'), '20');
  const wait = Number(refused.headers.get('retry-after'));
  assert.ok(wait >= 1 && wait <= 60, wait);
  assert.equal(Number(refused.headers.get('x-ratelimit-reset')) % 60, 0);
});

test('without credentials it is the address', async () => {
  const ask = (address) => shop.fetch('/api/v2/orders', { headers: { 'cf-connecting-ip': address } });
  const answers = [];
  for (let n = 0; n < 11; n += 1) answers.push(await ask('192.0.2.1'));
  assert.deepEqual(answers.map(({ status }) => status), [...Array(10).fill(401), 429]);
  assert.equal((await ask('192.0.2.2')).status, 401);
});
