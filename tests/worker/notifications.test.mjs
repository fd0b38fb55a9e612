// Anybody may post to /gateways/…, and open a page whose link they have: what that costs, in D1 round trips and in calls at the
// gateway, and who is refused. Counted in the real runtime, with its own rate limits and the limits of a deployment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeLink, openOrder, orderId, start } from './checkout.mjs';
import { only, spent, startShop, until } from './harness.mjs';
import { clientId, clientSecret, startPayPal, webhookId } from './paypal.mjs';

const tea = { title: 'Tea', currency: 'EUR', value: '3', gateway: 'Bitcoin', return_url: 'https://seller.example/' };

let shop, paypal, seller, accountId;
before(async () => {
  paypal = await startPayPal();
  shop = await startShop({
    settings: { ...paypal.settings, WATCH_SECONDS: '300', RATE_LIMIT_ACCOUNT: '300', RATE_LIMIT_ANONYMOUS: '60' },
    outbound: only(paypal.origin),
  });
  seller = await shop.admin.createAccount();
  const settings = { client_id: clientId, client_secret: clientSecret, webhook_id: webhookId };
  assert.equal((await seller.api('PUT', '/account', { gateways: { paypal: settings } })).status, 200);
  accountId = await shop.db.prepare('SELECT id FROM accounts').first('id');
});
after(() => Promise.all([shop.close(), paypal.close()]));

/** A minute of the limits in which there is time for what follows. */
async function anotherMinute() {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 20_000) await new Promise((resolve) => setTimeout(resolve, left + 50));
}

/** Posts a notice from this address → its status. */
async function post(address, body, { account = accountId, headers = {} } = {}) {
  const answer = await shop.fetch(`/gateways/paypal/${account}`, { method: 'POST', body, headers: { 'cf-connecting-ip': address, 'content-type': 'application/json', ...headers } });
  await answer.arrayBuffer();
  return answer.status;
}

/** → {statuses: {200: how many, …}, trips} of what was asked so often, one after the other. */
async function tally(count, ask) {
  const before = await shop.fetch('/healthz');
  const statuses = {};
  for (let n = 0; n < count; n += 1) {
    const status = await ask(n);
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return { statuses, trips: spent(before, await shop.fetch('/healthz')).trips };
}

const kept = () => shop.db.prepare('SELECT COUNT(*) AS n FROM notifications').first('n');
const tokens = () => paypal.asked('/v1/oauth2/token').length;

/** An order that the buyer has approved at PayPal → {orderId, resource}. */
async function approved() {
  const link = await makeLink(seller, { gateway: 'PayPal' });
  assert.equal((await start(shop, link)).status, 303);
  const page = await (await shop.fetch(`${link.path}/order?go=1`)).text();
  const [href] = page.replaceAll('&amp;', '&').match(new RegExp(`${paypal.origin}/checkoutnow[^"]+`));
  const { key, ...resource } = paypal.approve(href);
  return { ...link, orderId: orderId(link), resource };
}

/** An event as its sender signs it, of so many bytes, about this order or capture. Nobody's: PayPal doesn't stand by it. */
const forged = (bytes, { order, capture } = {}) => {
  const links = capture && [{ rel: 'up', href: `https://api.paypal.com/v2/payments/captures/${capture}` }];
  const event = { event_type: capture ? 'PAYMENT.CAPTURE.REFUNDED' : 'PAYMENT.CAPTURE.COMPLETED', resource: { id: '3C1', status: 'COMPLETED', custom_id: order, links }, summary: '' };
  event.summary = 'x'.repeat(bytes - JSON.stringify(event).length);
  return JSON.stringify(event);
};
const signed = {
  'paypal-auth-algo': 'SHA256withRSA',
  'paypal-cert-url': 'https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270',
  'paypal-transmission-id': '69cd13f0-d67a-11e5-baa3-778b53f4ae55',
  'paypal-transmission-sig': 'lmI95Jx3Y9nhR5SJWlHVIWpg4AgFk7n9bCHSRxbrd8A9zrhdu2rMyFrmz+Zjh3s3boXB07VXCXUZy==',
  'paypal-transmission-time': '2026-01-05T10:00:00Z',
};

test('310 posts of a stranger: ten are refused for nothing, and neither the seller nor the gateway notices', async () => {
  const order = await approved();
  await anotherMinute();
  const { statuses, trips } = await tally(310, () => post('192.0.2.1', '{}'));
  assert.deepEqual(statuses, { 400: 300, 429: 10 });
  assert.equal(trips, 300 * 2, 'the account, and its settings at the gateway; those above the limit ask nothing');
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    const from = { 'cf-connecting-ip': address };
    assert.equal((await seller.api('GET', '/account', undefined, from)).status, 200);
    assert.equal((await seller.api('POST', '/pay', tea, from)).status, 201);
  }
  assert.equal(await kept(), 0);
  const told = await paypal.event(`${shop.url}/gateways/paypal/${accountId}`, 'CHECKOUT.ORDER.APPROVED', order.resource);
  assert.equal(told.status, 200);
  await until('the order to be paid', async () => (await seller.api('GET', `/orders/${order.orderId}`)).body.status === 100);
});

test('150 account ids from one address: 60 are looked up, 90 get 429 and cost nothing', async () => {
  await anotherMinute();
  const ids = Array.from({ length: 150 }, (_, n) => 7_000_000 + n * 7_919);
  const { statuses, trips } = await tally(150, (n) => post('192.0.2.9', '{}', { account: ids[n] }));
  assert.deepEqual(statuses, { 404: 60, 429: 90 });
  assert.equal(trips, 60);
  // What is nobody's is known for the minute, whoever asks; and the address is shut out of no other door.
  assert.deepEqual(await tally(60, (n) => post('192.0.2.10', '{}', { account: ids[n] })), { statuses: { 404: 60 }, trips: 0 });
  assert.deepEqual(await tally(5, () => post('192.0.2.9', '{}')), { statuses: { 429: 5 }, trips: 0 });
  assert.deepEqual(await tally(5, () => post('192.0.2.11', '{}')), { statuses: { 400: 5 }, trips: 10 });
  assert.equal((await seller.api('GET', '/account', undefined, { 'cf-connecting-ip': '192.0.2.9' })).status, 200);
});

test('forty forged events of 127 kB: none is read on, none kept, and PayPal is asked nothing', async () => {
  const order = await approved();
  await until('earlier notifications to be heard', async () => (await shop.db.prepare('SELECT COUNT(*) AS n FROM notifications WHERE due_at IS NOT NULL').first('n')) === 0);
  await anotherMinute();
  const before = [await kept(), paypal.requests.length];
  const send = (bytes, about) => post('192.0.2.20', forged(bytes, about), { headers: signed });
  const large = await tally(40, () => send(127 << 10, { order: order.orderId }));
  assert.deepEqual(large, { statuses: { 413: 40 }, trips: 0 });
  assert.deepEqual(await tally(1, () => send((32 << 10) + 1, { order: order.orderId })), { statuses: { 413: 1 }, trips: 0 });
  // Of the largest size, about what is nobody's.
  const unknown = [{ order: '00000000-0000-4000-8000-000000000000' }, { capture: '3C9999999999999999' }];
  assert.deepEqual(await tally(40, (n) => send(32 << 10, unknown[n % 2])), { statuses: { 200: 40 }, trips: 40 * 3 });
  assert.deepEqual([await kept(), paypal.requests.length], before, 'none is kept, and PayPal is asked for no token and nothing else');

  // About an order of the account it is kept until PayPal has been asked, and then nothing but its id.
  assert.equal(await send(32 << 10, { order: order.orderId }), 200);
  await until('the forged one to be heard', async () => (await shop.db.prepare('SELECT COUNT(*) AS n FROM notifications WHERE due_at IS NOT NULL').first('n')) === 0);
  assert.equal(await kept(), before[0] + 1);
  assert.equal(await shop.db.prepare('SELECT SUM(length(body)) AS bytes FROM notifications').first('bytes'), 0);
  assert.equal((await seller.api('GET', `/orders/${order.orderId}`)).body.status, 0);
  console.log(`PayPal gave ${tokens()} tokens in all`);
});

const open = async (path, address) => {
  const answer = await shop.fetch(path, { headers: { 'cf-connecting-ip': address } });
  await answer.arrayBuffer();
  return answer.status;
};

test('400 times the page of an order: a round trip each as far as the payment’s limit, and above it answers of 429 that cost none', async () => {
  await anotherMinute();
  const [order, other] = [await openOrder(shop, seller), await openOrder(shop, seller)];
  // Its start was the first of the payment's 300.
  const { statuses, trips } = await tally(400, () => open(`${order.path}/order`, '192.0.2.30'));
  assert.deepEqual({ statuses, trips }, { statuses: { 200: 299, 429: 101 }, trips: 299 });
  assert.deepEqual(await tally(10, () => open(`${order.path}/order`, '192.0.2.31')), { statuses: { 429: 10 }, trips: 0 }, 'all of this payment’s');
  assert.deepEqual(await tally(10, () => open(`${other.path}/order`, '192.0.2.31')), { statuses: { 200: 10 }, trips: 10 }, 'another is open');
  assert.deepEqual(await tally(1, () => open(`${other.path}/order`, '192.0.2.30')), { statuses: { 429: 1 }, trips: 0 }, 'but not to this address');
  assert.equal((await seller.api('GET', `/orders/${order.orderId}`)).status, 200);
});

test('200 times a buyer comes back from the gateway: it is asked once', async () => {
  await anotherMinute();
  const link = await makeLink(seller, { gateway: 'PayPal' });
  assert.equal((await start(shop, link)).status, 303);
  const looks = () => paypal.requests.filter(({ method, path }) => method === 'GET' && path.startsWith('/v2/checkout/orders/')).length;
  const before = [looks(), tokens()];
  const began = Date.now();
  const { statuses, trips } = await tally(200, () => open(`${link.path}/order?back=x`, '192.0.2.40'));
  assert.ok(Date.now() - began < 5_000, 'within one pause between looks');
  assert.deepEqual({ statuses, trips }, { statuses: { 200: 200 }, trips: 200 + 3 }, 'the one look reads the order, and what it needs at the gateway');
  assert.deepEqual([looks(), tokens()], [before[0] + 1, before[1]], 'one look, under a token that was there');
  const more = await tally(200, () => open(`${link.path}/order?back=x`, '192.0.2.41'));
  assert.deepEqual(more.statuses, { 200: 99, 429: 101 }, 'all addresses share what the payment has');
});
