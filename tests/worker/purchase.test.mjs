// Many buyers of few goods, on the real D1.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addEndpoint } from './checkout.mjs';
import { spent, startShop, until } from './harness.mjs';
import { startReceiver } from './receiver.mjs';

let shop, seller, receiver;
before(async () => {
  // Syncs far apart, and as many requests as there are buyers.
  [shop, receiver] = await Promise.all([
    startShop({ outbound: 'network', settings: { WATCH_SECONDS: '300', RATE_LIMIT_ACCOUNT: '100000' } }),
    startReceiver(),
  ]);
  seller = await shop.admin.createAccount();
  await addEndpoint(seller, receiver.url, ['product:out_of_stock']);
});
after(() => Promise.all([shop.close(), receiver.close()]));

const serials = (name, count) => Array.from({ length: count }, (_, n) => `${name}-${n}`).join(',');

async function product(fields) {
  const made = await seller.api('POST', '/products', {
    title: 'Key', description: 'd', price: '5.00', currency: 'USD', product_type: 2, gateways: ['bitcoin'], crypto_confirmations: 0, ...fields,
  });
  assert.equal(made.status, 201, made.text);
  return made.body.id;
}

const buy = (id, fields = {}) => seller.api('POST', '/pay', { product_id: id, gateway: 'Bitcoin', white_label: true, email: 'bob@example.com', ...fields });
/** Pays these, some at a time. */
async function payAll(orders) {
  for (let n = 0; n < orders.length; n += 20) await Promise.all(orders.slice(n, n + 20).map(pay));
}

const pay = (order) => seller.api('POST', '/test/payments', { order_id: order, kind: 'exact' });
const stock = async (id) => (await seller.api('GET', `/products/${id}`)).body.stock;
const count = (sql, ...args) => shop.db.prepare(sql).bind(...args).first('n');

/** `buyers` at once, of whom so many get theirs; answers the orders. */
async function rush(id, buyers, winners, fields) {
  const answers = await Promise.all(Array.from({ length: buyers }, () => buy(id, fields)));
  const orders = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
  assert.equal(orders.length, winners);
  for (const { status, body } of answers.filter(({ status }) => status !== 201)) {
    assert.equal(status, 400);
    assert.match(body.errors[0], /^(Product is out of stock|Quantity must be .*)$/);
  }
  return orders;
}

async function areSoldOnce(id, orders, units) {
  const goods = [];
  for (const order of orders) {
    const { body } = await seller.api('GET', `/orders/${order}`);
    assert.deepEqual([body.status, body.delivery], [100, 'delivered'], order);
    const own = body.delivered.split('\n');
    assert.equal(own.length, units);
    goods.push(...own);
  }
  assert.equal(new Set(goods).size, goods.length, 'a serial went to two buyers');
  assert.equal(await count('SELECT COUNT(*) AS n FROM serials WHERE product_id = ?1 AND state = 2', id), goods.length);
}

test('500 buyers at once for 100 serials: 100 are sold, none twice, 400 are refused, and the seller is told once', async () => {
  const id = await product({ info: serials('A', 100) });
  const orders = await rush(id, 500, 100);
  assert.equal(await stock(id), 0);
  await payAll(orders);
  await areSoldOnce(id, orders, 1);
  await shop.cron(); // cron sends what no message did
  const told = () => receiver.requests.filter(({ body }) => JSON.parse(body).id === id);
  await until('the seller to be told', async () => {
    await shop.db.prepare("UPDATE webhook_logs SET due_at = 1 WHERE event = 'product:out_of_stock' AND due_at IS NOT NULL").run();
    await shop.cron();
    return told().length > 0;
  });
  assert.equal(told().length, 1);
  assert.equal(JSON.parse(told()[0].body).stock, 0);
});

test('buyers who never pay: each hold comes back', async () => {
  const id = await product({ info: serials('B', 40) });
  await rush(id, 120, 40);
  await shop.db.prepare('UPDATE holds SET until = 1').run();
  assert.equal(await stock(id), 40);
  const orders = await rush(id, 120, 40);
  await payAll(orders);
  await areSoldOnce(id, orders, 1);
});

test('two units each: half as many buyers get theirs', async () => {
  const id = await product({ info: serials('C', 60) });
  const orders = await rush(id, 150, 30, { quantity: 2 });
  await payAll(orders);
  await areSoldOnce(id, orders, 2);
});

test('the seller edits the stock meanwhile: nobody gets what another has', async () => {
  const id = await product({ info: serials('D', 40) });
  const edits = Array.from({ length: 6 }, (_, n) => seller.api('PUT', `/products/${id}`, n % 2 ? { title: `Key ${n}` } : { info: serials(`D${n}`, 40) }));
  const [answers] = await Promise.all([Promise.all(Array.from({ length: 100 }, () => buy(id))), Promise.all(edits)]);
  const orders = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
  assert.ok(orders.length >= 40, `${orders.length}`);
  await payAll(orders);
  await areSoldOnce(id, orders, 1);
  const free = await count('SELECT COUNT(*) AS n FROM serials WHERE product_id = ?1 AND state = 0', id);
  assert.equal(await count('SELECT serials_left AS n FROM products WHERE id = ?1', id), free);
});

test('a product costs so many round trips and rows', async () => {
  // Of a seller of whom nothing else is held.
  seller = await shop.admin.createAccount();
  const id = await product({ info: serials('E', 50) });
  const cost = async (doing) => {
    const before = await shop.fetch('/healthz');
    const result = await doing();
    const { trips, read, written } = spent(before, await shop.fetch('/healthz'));
    return { trips, read, written, result };
  };
  await buy(id);
  const link = await cost(() => seller.api('POST', '/pay', { product_id: id, gateway: 'Bitcoin', return_url: 'https://seller.example/' }));
  assert.equal(link.trips, 2, 'the product, and the link');
  const bought = await cost(() => buy(id));
  assert.equal(bought.trips, 3, 'the product, an address, and the order');
  const paid = await cost(() => pay(bought.result.body.id));
  console.log(`an order for one serial: ${bought.read} rows read, ${bought.written} written; its payment ${paid.trips} trips, ${paid.read} read, ${paid.written} written`);
  // One of the reads is the schema’s: an order that has its goods holds nothing more. Some thirty are the times of the buyer’s
  // earlier orders, of which at most ten are looked at.
  assert.equal(bought.written, 18);
  // A few more or fewer, as ids and clocks fall.
  assert.ok(bought.read >= 70 && bought.read <= 80, `${bought.read} rows read`);
});
