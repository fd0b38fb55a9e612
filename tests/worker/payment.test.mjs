// One payment from the link to the signed webhook, in test mode. The signatures are checked by three programs, none of them ours.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { startShop, until } from './harness.mjs';
import { startReceiver } from './receiver.mjs';
import { addEndpoint, logs, makeLink, openOrder, orderEvents, orderId, play, start } from './checkout.mjs';

let shop, receiver, seller;
before(async () => {
  [shop, receiver] = await Promise.all([startShop({ outbound: 'network' }), startReceiver()]);
});
after(() => Promise.all([shop.close(), receiver.close()]));

// Characters that the body escapes, characters of two, three and four bytes, and a slash, which must stay as it is.
const title = '“Tom & Jerry” <b>ünïcode/😀</b>';

test('a link becomes an order, the order is paid, and the seller hears of it', async () => {
  seller = await shop.admin.createAccount();
  await addEndpoint(seller, receiver.url);
  const link = await makeLink(seller, { title, custom: { 0: 'ada' } });
  assert.equal(link.url, `${shop.url}${link.path}`);
  assert.match(link.path, /^\/pay\/[0-9a-f]{40}\/[\w.-]+$/);

  const page = await shop.fetch(link.path);
  const html = await page.text();
  assert.equal(page.status, 200);
  assert.match(html, /“Tom &amp; Jerry” &lt;b&gt;ünïcode\/😀&lt;\/b&gt;/);
  assert.match(html, /10\.00 USD/);
  assert.match(html, /Test payment/);
  assert.deepEqual((await seller.api('GET', '/orders')).body, [], 'looking at a link makes nothing');

  const started = await start(shop, link);
  assert.equal(started.status, 303);
  assert.equal(started.headers.get('location'), `${link.path}/order`);
  const order = { orderId: orderId(link) };
  const read = async () => (await seller.api('GET', `/orders/${order.orderId}`)).body;
  assert.equal((await read()).status, 0);
  await receiver.got(1);

  await play(seller).pay(order);
  assert.equal((await read()).status, 54);
  assert.match(await (await shop.fetch(`${link.path}/order`)).text(), /Payment seen/);
  await receiver.got(2);

  await play(seller).mine(1, order);
  const paid = await read();
  assert.deepEqual([paid.status, paid.crypto_received, paid.crypto_confirmations, paid.custom], [100, paid.crypto_value, 1, { 0: 'ada' }]);
  assert.match(await (await shop.fetch(`${link.path}/order`)).text(), /Payment complete/);
  await receiver.got(4);

  const [created, seen, ...last] = receiver.requests.map(({ headers, body }) => [headers['x-pushguard-event'], JSON.parse(body).status]);
  assert.deepEqual([created, seen], [['order:created', 0], ['order:updated', 54]]);
  assert.deepEqual(last.sort(), [['order:paid', 100], ['order:updated', 100]]);
  assert.deepEqual(receiver.bodies().at(-1), paid, 'the body of an order event is the order');
});

test('started twice, by two people at once, it is one order with one address', async () => {
  const link = await makeLink(seller);
  const answers = await Promise.all(Array.from({ length: 6 }, () => start(shop, link)));
  assert.deepEqual(answers.map(({ status }) => status), Array(6).fill(303));
  const { body: orders } = await seller.api('GET', '/orders');
  assert.equal(orders.filter(({ id }) => id === orderId(link)).length, 1);
  assert.equal(orders.length, 2);
  const { results } = await shop.db.prepare("SELECT next_index FROM wallets WHERE gateway = 'bitcoin'").all();
  assert.deepEqual(results, [{ next_index: 2 }], 'no address was used up for nothing');
  await receiver.got(5);
});

test('a coin that arrives confirmed makes each event once', async (t) => {
  const other = await startReceiver();
  t.after(() => other.close());
  const account = await shop.admin.createAccount();
  await addEndpoint(account, other.url);
  const order = await openOrder(shop, account);
  await play(account).pay(order, 'exact', { confirmations: 1 });
  await other.got(3);
  assert.deepEqual(other.events().sort(), [...orderEvents].sort());
  const ids = other.requests.map(({ headers }) => headers['x-pushguard-webhook']);
  assert.equal(new Set(ids).size, 3);

  // A receiver has the request before its answer is in the log.
  const told = await until('each answer to be in the log', async () => {
    const all = await logs(account);
    return all.every(({ response_code }) => response_code !== null) && all;
  });
  assert.deepEqual(told.map(({ id }) => id).sort(), ids.sort());
  for (const log of told) {
    assert.deepEqual([log.response_code, log.response, log.error, log.retries, log.next_retry_at], [200, 'ok', null, 0, null]);
    assert.equal(log.response_headers['content-type'], 'text/plain');
    assert.equal(log.payload.id, order.orderId);
  }
});

test('the payment’s own webhook_url gets the same events, and one that is registered too gets each once', async (t) => {
  const account = await shop.admin.createAccount();
  const [own, both] = await Promise.all([startReceiver(), startReceiver()]);
  t.after(() => Promise.all([own.close(), both.close()]));
  await addEndpoint(account, both.url, ['order:paid']);
  const first = await openOrder(shop, account, { webhook_url: own.url });
  const second = await openOrder(shop, account, { webhook_url: both.url });
  for (const order of [first, second]) await play(account).pay(order, 'exact', { confirmations: 1 });
  await Promise.all([own.got(3), both.got(4)]);
  assert.deepEqual(own.events().sort(), [...orderEvents].sort());
  assert.deepEqual(both.events().sort(), [...orderEvents, 'order:paid'].sort());
});

test('the headers are the contract’s', () => {
  for (const { method, headers, rawHeaders, body } of receiver.requests) {
    assert.equal(method, 'POST');
    assert.equal(headers['content-type'], 'application/json', 'exactly: real receivers refuse a charset');
    assert.equal(Number(headers['content-length']), body.length);
    assert.match(headers['x-pushguard-webhook'], /^[0-9A-Za-z]{8}$/);
    assert.equal(headers['webhook-id'], headers['x-pushguard-webhook']);
    assert.match(headers['x-pushguard-signature'], /^[0-9a-f]{128}$/);
    assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 120);
    const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    assert.equal(new Set(names).size, names.length, 'no header comes twice');
  }
});

test('the body is compact JSON in which only &, < and > are escaped', () => {
  const text = receiver.requests[0].body.toString();
  assert.ok(text.includes('“Tom \\u0026 Jerry” \\u003cb\\u003eünïcode/😀\\u003c/b\\u003e'), text);
  assert.equal(JSON.parse(text).product_title, title);
  assert.equal(text.replaceAll('\\u0026', '&').replaceAll('\\u003c', '<').replaceAll('\\u003e', '>'), JSON.stringify(JSON.parse(text)));
});

test('the signature verifies with node’s crypto, also for a receiver that writes the JSON again', () => {
  const hmac = (bytes) => createHmac('sha512', seller.webhook_secret).update(bytes).digest('hex');
  for (const { headers, body } of receiver.requests) {
    assert.equal(headers['x-pushguard-signature'], hmac(body));
    assert.equal(headers['x-pushguard-unescaped-signature'], hmac(JSON.stringify(JSON.parse(body))));
  }
  const [{ headers }] = receiver.requests;
  assert.notEqual(headers['x-pushguard-signature'], headers['x-pushguard-unescaped-signature']);
});

test('the signature verifies with openssl', (t) => {
  if (spawnSync('openssl', ['version']).status !== 0) return t.skip('no openssl on this machine');
  const key = Buffer.from(seller.webhook_secret).toString('hex');
  for (const { headers, body } of receiver.requests) {
    const { stdout } = spawnSync('openssl', ['dgst', '-sha512', '-mac', 'HMAC', '-macopt', `hexkey:${key}`], { input: body });
    assert.equal(stdout.toString().trim().split(' ').at(-1), headers['x-pushguard-signature']);
  }
});

test('the signature verifies with the Standard Webhooks library, and nothing else does', () => {
  const library = new Webhook(seller.webhook_secret);
  for (const { headers, body } of receiver.requests) {
    assert.deepEqual(library.verify(body.toString(), headers), JSON.parse(body));
    const forged = body.toString().replace('"status":', '"status": ');
    assert.throws(() => library.verify(forged, headers), WebhookVerificationError);
    assert.throws(() => library.verify(body.toString(), { ...headers, 'webhook-id': 'another1' }), WebhookVerificationError);
    const replayed = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 600) };
    assert.throws(() => library.verify(body.toString(), replayed), WebhookVerificationError);
  }
});

test('under another brand the headers have its name', async () => {
  const branded = await startShop({ settings: { BRAND: 'Selly' }, outbound: 'network' });
  const other = await startReceiver();
  try {
    const account = await branded.admin.createAccount();
    await addEndpoint(account, other.url);
    await openOrder(branded, account);
    const [{ headers, body }] = await other.got(1);
    assert.equal(headers['x-selly-event'], 'order:created');
    assert.equal(headers['x-selly-signature'], createHmac('sha512', account.webhook_secret).update(body).digest('hex'));
    assert.deepEqual(Object.keys(headers).filter((name) => name.includes('pushguard') && name !== 'cf-worker'), []);
  } finally {
    await Promise.all([branded.close(), other.close()]);
  }
});
