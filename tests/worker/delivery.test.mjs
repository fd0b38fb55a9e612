// Goods that the seller's server makes, over the platform's own fetch, queue and cron; stock that comes later; and what a
// seller does by hand, with its cost.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { spent, startShop, until } from './harness.mjs';
import { startReceiver } from './receiver.mjs';

let shop, seller, maker;
before(async () => {
  [shop, maker] = await Promise.all([startShop({ outbound: 'network', settings: { WATCH_SECONDS: '300' } }), startReceiver()]);
  seller = await shop.admin.createAccount();
});
after(() => Promise.all([shop.close(), maker.close()]));

async function product(fields) {
  const made = await seller.api('POST', '/products', {
    title: 'Goods', description: 'd', price: '5.00', currency: 'USD', product_type: 3, gateways: ['bitcoin'], crypto_confirmations: 0,
    ...(fields.info === undefined ? { dynamic_url: `${maker.origin}/make` } : {}), ...fields,
  });
  assert.equal(made.status, 201, made.text);
  return made.body.id;
}

async function buy(id) {
  const made = await seller.api('POST', '/pay', { product_id: id, gateway: 'Bitcoin', white_label: true, email: 'bob@example.com' });
  assert.equal(made.status, 201, made.text);
  return made.body.id;
}

const pay = (order, kind = 'exact') => seller.api('POST', '/test/payments', { order_id: order, kind });
const get = async (order) => (await seller.api('GET', `/orders/${order}`)).body;
const delivered = (order, text) => until(`${order} to be delivered`, async () => (await get(order)).delivered === text, { seconds: 20 });

/** What the seller's server was asked for this order. */
const asked = (order) => maker.requests.filter(({ headers }) => headers['idempotency-key'] === order);

async function cost(doing) {
  const start = await shop.fetch('/healthz');
  const result = await doing();
  const { trips, read, written } = spent(start, await shop.fetch('/healthz'));
  return { trips, read, written, result };
}

test('the seller’s server is sent the signed order, and what it answers is delivered', async () => {
  maker.answer = () => ({ body: 'Grüße, 世界\n' });
  const order = await buy(await product({}));
  await pay(order);
  await delivered(order, 'Grüße, 世界');
  const [{ method, path, headers, body }, ...others] = asked(order);
  assert.deepEqual([method, path, others.length], ['POST', '/make', 0]);
  assert.equal(headers['x-pushguard-signature'], createHmac('sha512', seller.webhook_secret).update(body).digest('hex'));
  assert.deepEqual([JSON.parse(body).id, JSON.parse(body).status], [order, 100]);
});

test('errors, redirects, nothing and too much are tried again under the same key until there are goods', async () => {
  const answers = [
    { status: 500, body: 'no' },
    { status: 302, headers: { location: `${maker.origin}/elsewhere` } },
    { body: '' },
    { body: 'x'.repeat((64 << 10) + 1) },
    { body: Buffer.from([0xff, 0xfe]) },
    { body: 'y'.repeat(64 << 10) },
  ];
  const words = [];
  maker.answer = ({ headers }) => answers[Math.min(asked(headers['idempotency-key']).length, answers.length) - 1];
  const order = await buy(await product({}));
  await pay(order);
  for (let n = 1; n < answers.length; n++) {
    const row = () => shop.db.prepare('SELECT tries, error FROM deliveries WHERE order_id = ?1').bind(order).first();
    const { error } = await until(`try ${n} to fail`, async () => {
      const now = await row();
      return now.tries === n && now.error !== null && asked(order).length === n && now;
    });
    words.push(error);
    await shop.db.prepare('UPDATE deliveries SET next_at = 1, due_at = 1, error = NULL WHERE order_id = ?1').bind(order).run();
    await shop.cron();
  }
  assert.deepEqual(words, ['status_500', 'status_302', 'empty', 'too_large', 'not_text']);
  await delivered(order, 'y'.repeat(64 << 10));
  assert.equal(asked(order).length, answers.length);
  assert.ok(!maker.requests.some(({ path }) => path === '/elsewhere'), 'a redirect was followed');
});

test('a late payer gets the goods of the restock', async () => {
  const id = await product({ product_type: 2, info: 'A' });
  const late = await buy(id);
  await shop.db.prepare('UPDATE holds SET until = 1 WHERE order_id = ?1').bind(late).run();
  await pay(await buy(id));
  await pay(late, 'late');
  assert.equal((await get(late)).delivery, 'out_of_stock');
  assert.equal((await seller.api('PUT', `/products/${id}`, { info: 'B,C' })).status, 200);
  await delivered(late, 'B');
});

test('a cron that finds nothing to deliver reads next to nothing', async () => {
  await until('cron to be idle', async () => (await cost(() => shop.cron())).written === 0);
  const { trips, written } = await cost(() => shop.cron());
  assert.deepEqual([trips, written], [1, 0]);
});

test('what sellers do by hand costs so many round trips and rows', async () => {
  const id = await product({ product_type: 2, info: Array.from({ length: 30 }, (_, n) => `S${n}`).join(',') });
  const order = await buy(id);
  const act = (action, body) => cost(() => seller.api('POST', `/orders/${order}/${action}`, body));
  const complete = await act('complete', { note: 'cash' });
  assert.equal(complete.result.body.delivered, 'S0', complete.result.text);
  const replace = await act('replace', {});
  assert.equal(replace.result.body.delivered, 'S1', replace.result.text);
  const history = await cost(() => seller.api('GET', `/orders/${order}/history`));
  assert.deepEqual(history.result.body.map(({ action }) => action), ['complete', 'replace']);
  const table = await cost(() => seller.api('GET', '/orders.csv'));
  for (const [name, { trips, read, written }] of Object.entries({ complete, replace, history, table })) console.log(`${name}: ${trips} trips, ${read} rows read, ${written} written`);
  assert.deepEqual([complete.trips, replace.trips, history.trips, table.trips], [3, 3, 1, 1]);
});
