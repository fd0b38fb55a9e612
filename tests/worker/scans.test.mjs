// Statements that could walk through a table, on D1's own SQLite: what they read goes with what they find, as D1 bills it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { play } from './checkout.mjs';
import { adminToken, spent, startShop } from './harness.mjs';

const orderCount = 30_000;
const blocks = Math.ceil(orderCount / 1024);
let shop, seller, id;

before(async () => {
  shop = await startShop({ settings: { WATCH_SECONDS: '300' }, outbound: () => new Response('{}') });
  seller = await shop.admin.createAccount();
  id = (await shop.db.prepare('SELECT id FROM accounts').first()).id;
  // All are over, and all but a hundredth have the shop's own address.
  await shop.db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${orderCount})
       INSERT INTO orders (account_id, seq, id, revision, product_id, product_title, email, value, currency, quantity, gateway,
         confirmations_needed, status, crypto_value, crypto_address, crypto_index, crypto_rate, rate_source, rate_at,
         quote_expires_at, test, created_at, updated_at)
       SELECT CAST(?1 AS INTEGER), i, printf('%08x-0000-4000-8000-%012x', i * 2654435761 % 4294967296, i), 1, 'pay', 'A book',
         IIF(i % 100, 'shop@example.com', 'b' || i || '@example.com'),
         1000, 'USD', 1, 'bitcoin', 1, CASE WHEN i % 1000 = 1 THEN 100 ELSE 0 END, 20000, 'bc1q' || i, i, '50000', 'fixed', 0, 0, 1, i, i FROM n`,
    )
    .bind(id)
    .run();
  await seller.api('GET', '/account');
});
after(() => shop.close());

/** Rows that it read, and its answer. */
async function reads(act) {
  const before = await shop.fetch('/healthz');
  const answer = await act();
  const { read, trips } = spent(before, await shop.fetch('/healthz'));
  return { answer, read, trips };
}

test('a block of a test account reads its open orders and none that are over', async () => {
  const { read } = await reads(() => play(seller).mine(1));
  assert.ok(read < 60, `${read} rows`);
});

test('a page of an e-mail that stands in nearly all orders reads three rows for each 1024 of them', async () => {
  for (const [query, total] of [
    ['email=shop@example.com', 29_700],
    ['email=shop@example.com&page=1400', 29_700],
    ['email=shop@example.com&status=100', 30],
    ['email=SHOP@example.com&status=51', 0],
    ['email=b100@example.com', 1],
  ]) {
    const { answer, read } = await reads(() => seller.api('GET', `/orders?${query}`));
    assert.equal(answer.headers.get('x-total-count'), String(total), query);
    assert.ok(read <= 3 * blocks + 2 * 20 + 10, `${query} reads ${read} rows`);
  }
});

test('orders whose looks broke off are taken up by what they are, not by all there are', async () => {
  await shop.db.prepare('UPDATE orders SET watch_lease = 1 WHERE account_id = ?1 AND seq % 600 = 0').bind(id).run();
  const lapsed = orderCount / 600;
  const { read } = await reads(() => shop.cron());
  // Each is looked at as well, some while cron's own count is taken.
  assert.ok(read < 40 * lapsed + 200, `${read} rows for ${lapsed} orders`);
});

test('a rotation finds a kept answer by its key, and reads a thousand rows a call', async () => {
  await shop.db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
       INSERT INTO idempotency (account_id, key, request, status, body, created_at)
       SELECT CAST(?1 AS INTEGER), printf('k%05d', i), 'r', 201, 'test.AAAA.AAAA', ?2 FROM n`,
    )
    .bind(id, Date.now())
    .run();
  const rotate = (after) =>
    shop.fetch('/admin/vault/rotate', {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ after }),
    });
  const { answer, read } = await reads(() => rotate('DB idempotency.body -1'));
  assert.equal(answer.status, 200);
  assert.match((await answer.json()).after, /^DB idempotency\.body \d+ k01000$/);
  assert.ok(read <= 5_000, `${read} rows`);
});
