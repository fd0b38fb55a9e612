// The Shoppy API on D1: what its lists and objects cost, and a client of it as it is used.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { spent, startShop, until } from './harness.mjs';

const perPage = 20;
const count = 5_000;
let shop, seller, id;
const hooks = [];

before(async () => {
  const outbound = async (request) => {
    hooks.push({ url: request.url, signature: request.headers.get('x-shoppy-signature'), body: await request.text() });
    return new Response('ok');
  };
  shop = await startShop({ outbound, settings: { WATCH_SECONDS: '300' } });
  seller = await shop.admin.createAccount();
  id = (await shop.db.prepare('SELECT id FROM accounts').first()).id;
  const fill = (sql) => shop.db.prepare(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ${sql}`).bind(id).run();
  await fill(`INSERT INTO products (account_id, seq, id, title, description, price, currency, product_type, gateways, private, unlisted, vpn_block,
      minimum_quantity, stock_delimiter, stock_joint, theme, crypto_confirmations, max_risk_level, paypal_email_delivery, serials_left, unique_serials,
      serials_added, custom, created_at, updated_at)
    SELECT CAST(?1 AS INTEGER), i, printf('%08x', i), 'Tea', 'd', 1000, 'USD', 4, 'bitcoin', 0, 0, 0, 1, ',', ',', 1, 1, 30, 0, 0, 0, 0,
      '[{"name":"UID","type":"text","required":false}]', 0, 0 FROM n`);
  await fill(`INSERT INTO orders (account_id, seq, id, revision, product_id, product_title, value, currency, quantity, gateway, confirmations_needed, status,
      crypto_value, crypto_address, crypto_index, crypto_rate, rate_source, rate_at, quote_expires_at, test, product_seq, custom_names, custom, created_at, updated_at)
    SELECT CAST(?1 AS INTEGER), i, printf('%08x-0000-4000-8000-%012x', i, i), 1, printf('%08x', i), 'Tea', 1000, 'USD', 1, 'bitcoin', 1, 100, 20000,
      'bc1q' || i, i, '50000', 'fixed', 0, 0, 1, i, '["UID"]', '{"0":"7"}', i, i FROM n`);
  await fill(`INSERT INTO feedbacks (account_id, seq, id, order_id, product_id, product_title, rating, stars, comment, response, created_at, updated_at)
    SELECT CAST(?1 AS INTEGER), i, printf('%08x', i), printf('%08x-0000-4000-8000-%012x', i, i), printf('%08x', i), 'Tea', 1, 5, '', '', i, i FROM n`);
  await fill(`INSERT INTO webhook_payloads (id, account_id, payload, last_seq) SELECT 1000000 + i, CAST(?1 AS INTEGER), '{}', i FROM n`);
  await fill(`INSERT INTO webhook_logs (account_id, seq, id, event, subject_id, url, payload_id, response_code, created_at, updated_at)
    SELECT CAST(?1 AS INTEGER), i, printf('%08x', i), 'order:paid', 'x', 'https://seller.example/', 1000000 + i, 200, i, i FROM n`);
  await shop.db.prepare("INSERT INTO lists (account_id, list, last_seq) VALUES (?1, 'products', ?2) ON CONFLICT DO UPDATE SET last_seq = ?2").bind(id, count).run();
  await ask('GET', '/orders');
});
after(() => shop.close());

async function ask(method, path, body, headers = {}) {
  const answer = await shop.fetch(`/api/1.0${path}`, { method, headers: { authorization: seller.api_key, ...headers }, body });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: text && JSON.parse(text) };
}

async function costOf(doing) {
  const earlier = await shop.fetch('/healthz');
  const result = await doing();
  return { ...spent(earlier, await shop.fetch('/healthz')), result };
}

// [the list, the name of its number, rows that it reads beside its own]
const lists = [
  ['orders', 'order_id', 2],
  ['feedbacks', 'feedback_id', 2],
  // How many there are, where the page lies, and what unpaid orders hold.
  ['products', 'product_id', 9],
  // Each with what it said.
  ['webhooks', 'webhook_id', perPage + 2],
];

for (const [list, name, more] of lists) {
  test(`a page of ${list} is one round trip and reads its rows and ${more} more, wherever it lies`, async () => {
    for (const page of [1, count / perPage / 2, count / perPage, count / perPage + 1]) {
      const { trips, read, written, result } = await costOf(() => ask('GET', `/${list}?page=${page}`));
      assert.equal(result.status, 200, result.text);
      const first = count - (page - 1) * perPage;
      assert.deepEqual(result.body.map((row) => row[name]), Array.from({ length: Math.min(perPage, first) }, (_, n) => first - n));
      assert.deepEqual([trips, written], [1, 0], `page ${page}`);
      assert.ok(read <= perPage + more, `page ${page} read ${read} rows`);
    }
  });

  test(`one of the ${list} is one round trip, by its number or its id`, async () => {
    const key = { orders: 'invoice_id', products: 'hashed_id', feedbacks: 'reply_id' }[list];
    const byNumber = await costOf(() => ask('GET', `/${list}/77`));
    assert.equal(byNumber.result.body[name], 77);
    const other = key ? byNumber.result.body[key] : '0000004d';
    const byId = await costOf(() => ask('GET', `/${list}/${other}`));
    assert.deepEqual(byId.result.body, byNumber.result.body);
    for (const { trips, read, written } of [byNumber, byId]) {
      assert.deepEqual([trips, written], [1, 0]);
      assert.ok(read <= 6, `${list} read ${read} rows`);
    }
  });
}

test('an order says what its product was without reading it', async () => {
  const { body } = await ask('GET', '/orders/77');
  assert.deepEqual([body.product_id, body.custom_fields], [77, [{ name: 'UID', value: '7' }]]);
});

test('a payment as the document makes it, paid, told and deleted', async () => {
  const body = JSON.stringify({ title: 'Shoppy Pay Example', value: 9.99, webhook_url: 'https://requestb.example/1o41bep1', email: 'seller@shoppy.gg' });
  const made = await ask('POST', '/pay', body, { 'content-type': 'application/x-www-form-urlencoded' });
  assert.deepEqual([made.status, made.body.status], [200, true], made.text);
  const link = new URL(made.body.url);
  const page = await shop.fetch(link.pathname);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /value="bitcoin"[\s\S]*value="litecoin"[\s\S]*value="ethereum"/);
  const started = await shop.fetch(link.pathname, { method: 'POST', body: new URLSearchParams({ gateway: 'bitcoin' }) });
  assert.equal(started.status, 303);
  const { body: orders } = await ask('GET', '/orders');
  assert.equal(orders[0].original_price, 9.99);
  await seller.api('POST', '/test/payments', { order_id: orders[0].invoice_id, kind: 'exact', confirmations: 1 });
  await until('the webhook to be sent', () => hooks.length > 0);
  const { signature, body: sent } = hooks[0];
  assert.equal(signature, createHmac('sha512', seller.webhook_secret).update(sent).digest('hex'));
  assert.equal(JSON.parse(sent).webhook_type, '100');
  const name = link.pathname.split('/').pop();
  assert.equal((await ask('DELETE', `/${name}/`)).status, 400, 'it has money in it');
  const other = await ask('POST', '/pay', body);
  assert.equal((await ask('DELETE', `/${other.body.url.split('/').pop()}/`)).text, '{"status":true}');
});
