// Cards at Stripe, through the real module: what it asks is read back by the stripe SDK, and what it hears the SDK has signed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { spent, startShop, until } from './harness.mjs';
import { startReceiver } from './receiver.mjs';
import { addEndpoint, makeLink, orderId, start } from './checkout.mjs';
import { startStripe } from './stripe.mjs';

let shop, stripe, receiver, seller, notify;
before(async () => {
  [stripe, receiver] = await Promise.all([startStripe(), startReceiver()]);
  shop = await startShop({ outbound: 'network', settings: { STRIPE_API_URL: stripe.url } });
  seller = await shop.admin.createAccount();
  await addEndpoint(seller, receiver.url);
  const account = await seller.api('PUT', '/account', { gateways: { stripe: { secret_key: stripe.key, webhook_secret: stripe.secret } } });
  assert.equal(account.status, 200, account.text);
  notify = account.body.gateways.stripe.notify_url;
});
after(() => Promise.all([shop?.close(), stripe.close(), receiver.close()]));

const read = async (id) => (await seller.api('GET', `/orders/${id}`)).body;
const reaches = (id, status) => until(`order ${id} to be at ${status}`, async () => (await read(id)).status === status);
const tell = (body, signature = stripe.signature(body)) => fetch(notify, { method: 'POST', body, headers: { 'stripe-signature': signature } });

async function told(body) {
  const answer = await tell(body);
  assert.equal(answer.status, 200, await answer.text());
}

/** A link that was started. */
async function opened(fields = {}) {
  const link = await makeLink(seller, { gateway: 'Stripe', ...fields });
  const started = await start(shop, link);
  assert.equal(started.status, 303);
  return { ...link, id: orderId(link), location: started.headers.get('location') };
}

const quiet = () => until('what was told to be heard', async () => (await shop.db.prepare('SELECT COUNT(*) AS due FROM notifications WHERE due_at IS NOT NULL').first()).due === 0);
const facts = async (id) => [
  (await shop.db.prepare('SELECT id, kind, about, value, at FROM movements WHERE order_id = ?1 ORDER BY id, kind').bind(id).all()).results,
  (await shop.db.prepare('SELECT status, paid_value, refunded_value, wrong_currency FROM orders WHERE id = ?1').bind(id).first()),
];
const paidEvents = (id) => receiver.requests.filter(({ headers, body }) => headers['x-pushguard-event'] === 'order:paid' && JSON.parse(body).id === id).length;

test('the buyer goes from the link to Stripe and back, and the order is paid without any event', async () => {
  const order = await opened({ value: '12.34', quantity: 3, title: 'Tea & cake' });
  assert.equal(order.location, `${order.path}/order?go=1`);
  const session = await stripe.sdk.checkout.sessions.retrieve(stripe.sessionOf(order.id).id, { expand: ['payment_intent.latest_charge'] });
  assert.deepEqual(
    [session.amount_total, session.currency, session.client_reference_id, session.customer_email, session.status],
    [1234, 'usd', order.id, 'buyer@example.com', 'open'],
  );
  const html = await (await shop.fetch(order.location)).text();
  assert.ok(html.includes(session.url), 'the page leads to Stripe');
  assert.match(await (await fetch(session.url)).text(), /cards are paid/);
  assert.equal(session.cancel_url, `${shop.url}${order.path}/order?back=cancelled`);
  assert.equal((await read(order.id)).status, 0);

  stripe.pay(order.id);
  const back = await (await fetch(session.success_url)).text();
  assert.match(back, /Payment complete/);
  assert.equal((await read(order.id)).status, 100);
});

test('an event that the SDK has signed is kept in three round trips, heard with one request, and pays the order', async () => {
  const order = await opened();
  const event = stripe.pay(order.id);
  assert.equal(stripe.sdk.webhooks.constructEvent(event, stripe.signature(event), stripe.secret).type, 'checkout.session.completed');
  // So that nobody else asks meanwhile.
  await until('the webhooks to be sent', async () => (await shop.db.prepare('SELECT COUNT(*) AS due FROM webhook_logs WHERE due_at IS NOT NULL').first()).due === 0);
  const [before, asked] = [await shop.fetch('/healthz'), stripe.requests.length];
  assert.equal(spent(before, await tell(event)).trips, 3, 'who it is, his settings, the notice');
  await reaches(order.id, 100);
  assert.equal(stripe.requests.length - asked, 1, 'to hear it is one request');
  await until('order:paid', () => paidEvents(order.id) === 1);
});

test('a payment that Stripe rates highest is held, and completed once it is approved', async () => {
  const paid = async (said) => {
    const order = await opened();
    const event = stripe.pay(order.id, said);
    await until('the webhooks to be sent', async () => (await shop.db.prepare('SELECT COUNT(*) AS due FROM webhook_logs WHERE due_at IS NOT NULL').first()).due === 0);
    await told(event);
    await quiet();
    return order;
  };
  const plain = await paid({});
  assert.equal((await read(plain.id)).status, 100);
  const card = { country: 'SE', fingerprint: 'Xt5EWLLDS7FJjR1c', last4: '4242' };
  const held = await paid({ outcome: { risk_level: 'highest' }, payment_method_details: { type: 'card', card } });
  // Beside what is known of a buyer who ordered several times in these minutes.
  const { status, risk_level } = await read(held.id);
  assert.ok(status === 52 && risk_level >= 60, `${status} at ${risk_level}`);
  const risk = (await seller.api('GET', `/orders/${held.id}/risk`)).body;
  assert.deepEqual([risk.outcome, risk.card], ['review', { country: 'SE', risk: 'highest' }]);
  assert.equal(risk.signals.find(({ name }) => name === 'stripe_highest').points, 60);
  assert.equal(paidEvents(held.id), 0);
  assert.equal((await shop.db.prepare('SELECT COUNT(*) AS clear FROM movements WHERE card LIKE ?1').bind(`%${card.fingerprint}%`).first()).clear, 0);
  assert.equal((await seller.api('POST', `/orders/${held.id}/approve`, {})).body.status, 100);
  await until('order:paid', () => paidEvents(held.id) === 1);
});

test('a session that ends, and what another has signed, leave the order unpaid', async () => {
  const order = await opened();
  const event = stripe.pay(order.id);
  const now = Math.floor(Date.now() / 1000);
  for (const signature of [
    stripe.signature(event, { timestamp: now - 301 }),
    stripe.signature(event, { secret: 'whsec_somebodyelses' }),
    stripe.signature(event, { scheme: 'v0' }),
    't=1,v1=00',
  ]) {
    const answer = await tell(event, signature);
    assert.equal(answer.status, 400, signature);
    assert.deepEqual((await answer.json()).errors, ["The notice is not signed with this account's secret"]);
  }
  assert.equal((await tell(`${event} `, stripe.signature(event))).status, 400);
  assert.equal((await tell('x'.repeat(130 << 10))).status, 413);
  stripe.livemode = true;
  await told(stripe.event('checkout.session.completed', { ...stripe.sessionOf(order.id), payment_intent: null }));
  stripe.livemode = false;
  await told(stripe.event('invoice.paid', { id: 'in_1' }));
  const ended = await opened();
  await told(stripe.expire(ended.id));
  await quiet();
  assert.deepEqual([(await read(order.id)).status, (await read(ended.id)).status], [0, 0]);
  const { kept } = await shop.db.prepare('SELECT COUNT(*) AS kept FROM notifications WHERE body LIKE ?1').bind(`%${order.id}%`).first();
  assert.equal(kept, 0);
  await told(event);
  await reaches(order.id, 100);
});

test('refunds and disputes move the order as its book says', async () => {
  const order = await opened();
  await told(stripe.pay(order.id));
  await reaches(order.id, 100);
  await told(stripe.refund(order.id, 250));
  await until('the partial refund', async () => (await read(order.id)).exceptions.includes('partially_refunded'));
  assert.equal((await read(order.id)).status, 100);
  await told(stripe.dispute(order.id));
  await reaches(order.id, 51);
  await told(stripe.endDispute('won'));
  await reaches(order.id, 100);
  await told(stripe.refund(order.id, 750));
  await reaches(order.id, 56);
});

test('every event five times in any order leaves the same rows, and order:paid is sent once', async () => {
  const order = await opened();
  const events = [stripe.pay(order.id), stripe.refund(order.id, 100), stripe.dispute(order.id), stripe.endDispute('lost'), stripe.refund(order.id, 200)];
  for (const event of events) await told(event);
  await quiet();
  const first = await facts(order.id);
  assert.deepEqual([first[0].length, first[1]], [5, { status: 51, paid_value: 1000, refunded_value: 1000, wrong_currency: 0 }]);

  await shop.db.batch([
    shop.db.prepare('DELETE FROM notifications'),
    shop.db.prepare('DELETE FROM movements WHERE order_id = ?1').bind(order.id),
  ]);
  const shuffled = Array.from({ length: 25 }, (_, n) => [Math.random(), events[n % 5]]).sort(([a], [b]) => a - b).map(([, event]) => event);
  await Promise.all(shuffled.map(told));
  await quiet();
  assert.deepEqual(await facts(order.id), first);
  await until('order:paid', () => paidEvents(order.id) > 0);
  assert.equal(paidEvents(order.id), 1);
});

test('when Stripe is down the buyer is told to come again, and then pays the session of the first try', async () => {
  const link = await makeLink(seller, { gateway: 'Stripe' });
  stripe.down = true;
  const failed = await start(shop, link);
  stripe.down = false;
  assert.deepEqual([failed.status, failed.headers.get('retry-after')], [503, '30']);
  assert.match(await failed.text(), /be paid right now/);
  assert.equal((await seller.api('GET', `/orders/${orderId(link)}`)).status, 404);
  assert.equal((await start(shop, link)).status, 303);
  const posts = stripe.requests.filter(({ method, headers }) => method === 'POST' && headers['idempotency-key'] === orderId(link));
  assert.equal(posts.length, 2);
  assert.equal(posts[0].body, posts[1].body);
  const refused = await seller.api('POST', '/pay', { title: 'x', currency: 'KES', value: '0.10', gateway: 'Stripe', white_label: true, return_url: 'https://seller.example/' });
  assert.deepEqual(refused.body.errors, ['Gateway refused to open the payment (amount_too_small)']);
});

test('neither the key nor the secret was ever written anywhere', () => {
  const said = JSON.stringify(shop.logs) + receiver.requests.map(({ body }) => body).join('\n');
  assert.ok(!said.includes(stripe.key) && !said.includes(stripe.secret));
});
