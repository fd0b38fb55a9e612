// PayPal in the real runtime: buttons and their IPNs, and the Orders API with its webhooks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { only, startShop, until } from './harness.mjs';
import { startReceiver } from './receiver.mjs';
import { addEndpoint, makeLink, orderId, start } from './checkout.mjs';
import { clientId, clientSecret, ipnOf, sellerEmail, startPayPal, webhookId } from './paypal.mjs';

let shop, paypal, receiver;
before(async () => {
  [paypal, receiver] = await Promise.all([startPayPal(), startReceiver()]);
  shop = await startShop({ settings: paypal.settings, outbound: only(paypal.origin, receiver.origin) });
});
after(() => Promise.all([shop.close(), paypal.close(), receiver.close()]));

async function seller(settings) {
  const account = await shop.admin.createAccount();
  const answer = await account.api('PUT', '/account', { gateways: { paypal: settings } });
  assert.equal(answer.status, 200, answer.text);
  await addEndpoint(account, receiver.url);
  return account;
}

const withButton = () => seller({ email: sellerEmail });
const withApp = () => seller({ client_id: clientId, client_secret: clientSecret, webhook_id: webhookId });

/** A link that was started → {…, orderId, href: PayPal's page, notify: where PayPal tells of it, status()}. */
async function opened(account, fields = {}) {
  const link = await makeLink(account, { gateway: 'PayPal', ...fields });
  const started = await start(shop, link);
  assert.equal(started.status, 303, await started.text());
  assert.equal(started.headers.get('location'), `${link.path}/order?go=1`);
  const page = await (await shop.fetch(`${link.path}/order?go=1`)).text();
  const [, href] = page.replaceAll('&amp;', '&').match(new RegExp(`(${paypal.origin}/[^"]+)"`));
  const [{ account_id }] = await rows(`SELECT account_id FROM orders WHERE id = '${orderId(link)}'`);
  const order = async () => (await account.api('GET', `/orders/${orderId(link)}`)).body;
  return { ...link, orderId: orderId(link), href, notify: `${shop.url}/gateways/paypal/${account_id}`, order, status: async () => (await order()).status };
}

const rows = async (sql) => (await shop.db.prepare(sql).all()).results;
const becomes = (order, status) => until(`order ${order.orderId} to be ${status}`, async () => (await order.status()) === status);
const heard = () => until('all notifications to be heard', async () => (await rows('SELECT 1 FROM notifications WHERE due_at IS NOT NULL')).length === 0);
const paidEvents = (order) => receiver.requests.filter(({ headers, body }) => headers['x-pushguard-event'] === 'order:paid' && body.includes(order.orderId)).length;
const movements = (order) => rows(`SELECT id, kind, about, value, at FROM movements WHERE order_id = '${order.orderId}' ORDER BY id, kind`);

async function told(order, changed, options) {
  const answer = await paypal.ipn(order.notify, ipnOf(order.href, changed), options);
  assert.deepEqual([answer.status, await answer.text()], [200, '']);
}

test('a button is paid, and its IPN goes back to PayPal byte for byte', async () => {
  const order = await opened(await withButton(), { title: 'Größe “M” & mehr', quantity: 2 });
  const form = Object.fromEntries(new URL(order.href).searchParams);
  assert.deepEqual([form.cmd, form.business, form.item_name, form.amount, form.quantity], ['_xclick', sellerEmail, '2 × Größe “M” & mehr', '10.00', '1']);
  assert.deepEqual([form.notify_url, form.return], [order.notify, `${shop.url}${order.path}/order?back=paid`]);
  assert.equal(await order.status(), 0);
  const back = await (await shop.fetch(`${order.path}/order?back=paid`)).text();
  assert.match(back, /PayPal/);
  await told(order);
  await becomes(order, 100);
  const [{ body }] = paypal.asked('/cgi-bin/webscr');
  assert.equal(body.toString('latin1'), `cmd=_notify-validate&${ipnOf(order.href).toString('latin1')}`);
  assert.match(await (await shop.fetch(`${order.path}/order`)).text(), /Payment complete/);
  await until('order:paid', () => paidEvents(order) === 1);
});

test('what is forged, for somebody else, or in another currency pays nothing', async () => {
  const order = await opened(await withButton());
  await told(order, { txn_id: 'FORGED' }, { forged: true });
  await told(order, { txn_id: 'EVES', receiver_email: 'eve@example.com' });
  await told(order, { txn_id: 'REAL', test_ipn: undefined });
  await told(order, { txn_id: 'EUROS', mc_currency: 'EUR' });
  await heard();
  const { status, exceptions } = await order.order();
  assert.deepEqual([status, exceptions], [0, ['wrong_currency']]);
  for (const why of ["didn't send it", 'somebody else', "don't mix"]) {
    assert.ok(shop.logs.some(({ message }) => message.includes(order.orderId) && message.includes(why)), why);
  }
  await told(order, { mc_gross: '0.01', txn_id: 'CENT' });
  await becomes(order, 53);
  await told(order, { mc_gross: '9.99', txn_id: 'REST' });
  await heard();
  assert.equal((await order.order()).status, 53, 'parts don’t add up');
  await told(order, { txn_id: 'WHOLE' });
  await becomes(order, 100);
});

test('five times in any order: the same rows, and order:paid once', async () => {
  const account = await withButton();
  const payment = '61E67681CH3238416';
  const story = [
    { payment_status: 'Pending', pending_reason: 'echeck' },
    {},
    { payment_status: 'Reversed', parent_txn_id: payment, txn_id: 'R1', mc_gross: '-10.00' },
    { payment_status: 'Canceled_Reversal', parent_txn_id: payment, txn_id: 'C1' },
    { payment_status: 'Refunded', parent_txn_id: payment, txn_id: 'F1', mc_gross: '-4.00', txn_type: undefined },
  ];
  const ends = [];
  for (const turn of [0, 1, 2]) {
    const order = await opened(account);
    const notifications = story.flatMap((changed) => [0, 1, 2, 3, 4].map((resend) => ({ ...changed, resend })));
    // A shuffle that is the same in every run; the first time there is none.
    if (turn) notifications.sort((a, b) => place(a, turn) - place(b, turn));
    for (const changed of notifications) await told(order, changed);
    await heard();
    const { status, exceptions } = await order.order();
    assert.deepEqual([status, exceptions], [100, ['partially_refunded']], `turn ${turn}`);
    await until('order:paid', () => paidEvents(order) >= 1);
    assert.equal(paidEvents(order), 1);
    ends.push(await movements(order));
    await told(order, { payment_status: 'Refunded', parent_txn_id: payment, txn_id: 'F2', mc_gross: '-6.00' });
    await becomes(order, 56);
  }
  assert.deepEqual(ends[1], ends[0]);
  assert.deepEqual(ends[2], ends[0]);
  assert.equal(ends[0].length, 5);
});

const place = (notice, turn) => {
  let hash = 2166136261 + turn;
  for (const character of JSON.stringify(notice)) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619) >>> 0;
  return hash;
};

test('an e-check waits at 55, and a denied one ends', async () => {
  const account = await withButton();
  const order = await opened(account);
  await told(order, { payment_status: 'Pending', pending_reason: 'echeck' });
  await becomes(order, 55);
  assert.match(await (await shop.fetch(`${order.path}/order`)).text(), /PayPal/);
  await told(order);
  await becomes(order, 100);
  await told(order, { payment_status: 'Reversed', parent_txn_id: '61E67681CH3238416', txn_id: 'R1', mc_gross: '-10.00' });
  await becomes(order, 51);
  await told(order, { payment_status: 'Canceled_Reversal', parent_txn_id: '61E67681CH3238416', txn_id: 'C1' });
  await becomes(order, 100);
  const denied = await opened(account);
  await told(denied, { payment_status: 'Pending' });
  await becomes(denied, 55);
  await told(denied, { payment_status: 'Denied' });
  await becomes(denied, 0);
});

test('an order of the Orders API is captured when the buyer comes back, and told of again in vain', async () => {
  const order = await opened(await withApp());
  assert.match(order.href, /checkoutnow\?token=5O/);
  const approved = paypal.approve(order.href);
  assert.match(await (await shop.fetch(`${order.path}/order?back=paid`)).text(), /Payment complete/);
  assert.equal(await order.status(), 100);
  await until('order:paid', () => paidEvents(order) === 1);
  const before = await movements(order);
  const [capture] = approved.purchase_units[0].payments.captures;
  for (let n = 0; n < 5; n += 1) assert.equal((await paypal.event(order.notify, 'PAYMENT.CAPTURE.COMPLETED', capture)).status, 200);
  await heard();
  assert.deepEqual([await movements(order), paidEvents(order)], [before, 1]);
  const links = [{ rel: 'up', href: `https://api.paypal.com/v2/payments/captures/${capture.id}` }];
  const refund = { id: '4R1', status: 'COMPLETED', amount: capture.amount, custom_id: order.orderId, links };
  await paypal.event(order.notify, 'PAYMENT.CAPTURE.REFUNDED', refund, { forged: true });
  await heard();
  assert.equal(await order.status(), 100, 'PayPal did not sign that');
  const disputed_transactions = [{ seller_transaction_id: capture.id, custom: order.orderId }];
  await paypal.event(order.notify, 'CUSTOMER.DISPUTE.CREATED', { dispute_id: 'PP-D-1', disputed_transactions });
  await becomes(order, 51);
  await paypal.event(order.notify, 'CUSTOMER.DISPUTE.RESOLVED', { dispute_id: 'PP-D-1', disputed_transactions, dispute_outcome: { outcome_code: 'RESOLVED_SELLER_FAVOUR' } });
  await becomes(order, 100);
  await paypal.event(order.notify, 'PAYMENT.CAPTURE.REFUNDED', refund);
  await becomes(order, 56);
});

test('a buyer who closes the tab has paid when the webhook says so', async () => {
  const order = await opened(await withApp());
  const { key, ...resource } = paypal.approve(order.href);
  assert.equal(key, order.orderId);
  assert.equal((await paypal.event(order.notify, 'CHECKOUT.ORDER.APPROVED', resource)).status, 200);
  await becomes(order, 100);
});

test('a refused card leaves the order open', async () => {
  const order = await opened(await withApp());
  paypal.approve(order.href);
  paypal.declines = true;
  const page = await (await shop.fetch(`${order.path}/order?back=paid`)).text();
  paypal.declines = false;
  assert.match(page, /PayPal declined this payment/);
  assert.ok(page.includes(order.href), 'the buyer can go back and take another one');
  paypal.approve(order.href);
  assert.equal(await order.status(), 0);
  // A page has PayPal asked once in five seconds at most.
  await new Promise((resolve) => setTimeout(resolve, 5_100));
  assert.match(await (await shop.fetch(`${order.path}/order?back=paid`)).text(), /Payment complete/);
});

test('while PayPal is down nothing is half made', async () => {
  const account = await seller({ client_id: clientId, client_secret: clientSecret });
  const link = await makeLink(account, { gateway: 'PayPal' });
  paypal.down = true;
  const started = await start(shop, link);
  assert.deepEqual([started.status, started.headers.get('retry-after')], [503, '30']);
  assert.deepEqual((await account.api('GET', '/orders')).body, []);
  const whiteLabel = await account.api('POST', '/pay', { title: 'A book', email: 'b@example.com', currency: 'USD', value: '1', gateway: 'PayPal', white_label: true });
  assert.deepEqual([whiteLabel.status, whiteLabel.headers.get('retry-after')], [503, '30']);
  paypal.down = false;
  assert.equal((await start(shop, link)).status, 303);
});

test('no secret of the seller and no token is in the log', async () => {
  const logged = JSON.stringify(shop.logs);
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  for (const secret of [clientSecret, basic, 'A21AA-secret-token']) assert.ok(!logged.includes(secret));
  assert.deepEqual(shop.refused, []);
});
