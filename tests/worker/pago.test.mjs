// The API for applications on D1's own SQLite: what its lists cost, however long they are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { spent, startShop } from './harness.mjs';

const count = 20_000;
let shop, seller, id;

before(async () => {
  shop = await startShop({ outbound: () => new Response('{}') });
  seller = await shop.admin.createAccount();
  id = (await shop.db.prepare('SELECT id FROM accounts').first()).id;
  const fill = (into, columns) =>
    shop.db
      .prepare(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT INTO ${into} SELECT CAST(?1 AS INTEGER), i, ${columns} FROM n`)
      .bind(id)
      .run();
  // Customers come with their orders.
  await fill(
    `orders (account_id, seq, id, revision, product_id, product_title, email, value, currency, quantity, gateway,
       confirmations_needed, status, crypto_value, crypto_address, crypto_index, crypto_rate, rate_source, rate_at,
       quote_expires_at, test, created_at, updated_at)`,
    `printf('%08x-0000-4000-8000-%012x', i * 2654435761 % 4294967296, i), 1, 'pay', 'A book', 'b' || i || '@example.com',
       1000, 'USD', 1, 'bitcoin', 1, 0, 20000, 'bc1q' || i, i, '50000', 'fixed', 0, 0, 1, i, i`,
  );
  await fill(
    'abandoned_carts (account_id, seq, id, origin, product_id, product_title, quantity, value, currency, created_at, abandoned_at, updated_at)',
    "printf('%08x', i), 'https://shop.example', 'pay', 'A book', 1, 1000, 'USD', i, i, i",
  );
  await seller.api('GET', '/account');
});
after(() => shop.close());

async function page(noun, number, perPage) {
  const headers = { authorization: `Basic ${btoa(`${seller.email}:${seller.api_key}`)}`, 'x-api-version': '2' };
  const before = await shop.fetch('/healthz');
  const answer = await shop.fetch(`/api/${noun}?page=${number}&per_page=${perPage}`, { headers });
  const body = await answer.json();
  return { answer, body, ...spent(before, await shop.fetch('/healthz')) };
}

for (const noun of ['customers', 'abandoned_carts', 'orders']) {
  test(`a page of ${noun} is one round trip that reads its rows and little more, however deep it lies`, async () => {
    for (const [number, perPage] of [[1, 20], [1, 100], [500, 20], [200, 100], [1_000, 20]]) {
      const { answer, body, trips, read } = await page(noun, number, perPage);
      assert.deepEqual([answer.status, body.length, answer.headers.get('x-total'), trips], [200, perPage, String(count), 1]);
      // Orders have a rowid, so each is an index entry and a row.
      const most = (noun === 'orders' ? 2 : 1) * perPage + 4;
      assert.ok(read <= most, `page ${number} of ${noun} reads ${read} rows, ${most} are allowed`);
    }
    const past = await page(noun, 5_000, 100);
    assert.deepEqual([past.body, past.trips], [[], 1]);
    assert.ok(past.read <= 4, `past its end it reads ${past.read} rows`);
  });
}

test('a request without its version is refused by the Worker, so the header is read there', async () => {
  const headers = { authorization: `Basic ${btoa(`${seller.email}:${seller.api_key}`)}` };
  assert.equal((await shop.fetch('/api/customers', { headers })).status, 400);
});
