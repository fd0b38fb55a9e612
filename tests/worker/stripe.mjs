// A Stripe on loopback, as far as a shop needs one: sessions, refunds and disputes behind a bearer key, idempotency keys, and
// events that the real SDK signs. The SDK is also a client of it, so that its answers are of the shape that a client expects.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import Stripe from 'stripe';

const id = (prefix) => `${prefix}_${randomBytes(8).toString('hex')}`;
const seconds = () => Math.floor(Date.now() / 1000);

/** → {url, key, secret, sdk, requests, sessions, down, pay(order), expire(order), refund(…), dispute(…), …, close()}; those that do something answer the event that tells of it. */
export async function startStripe() {
  const [key, secret] = [['sk_', `test_${randomBytes(12).toString('hex')}`].join(''), ['whsec', `_${randomBytes(16).toString('hex')}`].join('')];
  const [sessions, refunds, disputes, requests, kept] = [[], [], [], [], new Map()];
  const fake = { key, secret, requests, sessions, down: false, livemode: false };
  const error = (status, type, code) => [status, { error: { type, code, message: `${type} with ${key}` } }];
  const paymentOf = (object) => object.payment_intent?.id ?? object.payment_intent;
  // What isn't asked for is an id.
  const shown = (session, expand) => (expand ? session : { ...session, payment_intent: session.payment_intent?.id ?? null });

  function open(form, idempotency) {
    const body = form.toString();
    const known = kept.get(idempotency);
    if (known) return known.body === body ? known.answer : error(400, 'idempotency_error');
    const session = {
      id: id('cs_test'), object: 'checkout.session', mode: form.get('mode'), livemode: false, status: 'open', payment_status: 'unpaid',
      currency: form.get('line_items[0][price_data][currency]'),
      amount_total: Number(form.get('line_items[0][price_data][unit_amount]')) * Number(form.get('line_items[0][quantity]')),
      client_reference_id: form.get('client_reference_id'), metadata: { order: form.get('metadata[order]') }, payment_intent: null,
      customer_email: form.get('customer_email'), success_url: form.get('success_url'), cancel_url: form.get('cancel_url'),
      created: seconds(), expires_at: seconds() + 86_400, url: `${fake.url}/c/pay/${id('cs_test')}`,
    };
    if (session.amount_total < 50) return error(400, 'invalid_request_error', 'amount_too_small');
    sessions.push(session);
    kept.set(idempotency, { body, answer: [200, session] });
    return [200, session];
  }

  function answer({ method, url, headers, body }) {
    const { pathname, searchParams: query } = new URL(url, fake.url);
    if (pathname.startsWith('/c/pay/')) return [200, 'The page where cards are paid'];
    if (fake.down) return error(503, 'api_error');
    if (headers.authorization !== `Bearer ${key}`) return error(401, 'invalid_request_error');
    const its = (object) => paymentOf(object) === query.get('payment_intent');
    const list = (all) => [200, { object: 'list', url: pathname, has_more: false, data: all.filter(its).reverse() }];
    const expand = query.has('expand[]') || query.has('expand[0]');
    if (method === 'POST' && pathname === '/v1/checkout/sessions') return open(new URLSearchParams(body), headers['idempotency-key'] ?? id('none'));
    if (pathname === '/v1/checkout/sessions') return list(sessions.map((session) => shown(session, expand)));
    if (pathname === '/v1/refunds') return list(refunds);
    if (pathname === '/v1/disputes') return list(disputes);
    const found = sessions.find((session) => pathname === `/v1/checkout/sessions/${session.id}`);
    return found ? [200, shown(found, expand)] : error(404, 'invalid_request_error', 'resource_missing');
  }

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    const came = { method, url, headers, body: Buffer.concat(chunks).toString() };
    requests.push(came);
    const [status, said] = answer(came);
    response.writeHead(status, { 'content-type': typeof said === 'string' ? 'text/html' : 'application/json' });
    response.end(typeof said === 'string' ? said : JSON.stringify(said));
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  fake.url = `http://127.0.0.1:${port}`;
  fake.sdk = new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0, telemetry: false });

  const event = (type, object) =>
    JSON.stringify({ id: id('evt'), object: 'event', type, livemode: fake.livemode, created: seconds(), api_version: '2020-08-27', data: { object } }, null, 2);
  const sessionOf = (orderId) => sessions.find(({ metadata }) => metadata.order === orderId);
  const chargeOf = (orderId) => sessionOf(orderId).payment_intent.latest_charge;
  return Object.assign(fake, {
    event,
    sessionOf,
    /** The `Stripe-Signature` that the SDK writes for a body. */
    signature: (payload, more = {}) => fake.sdk.webhooks.generateTestHeaderString({ payload, secret, ...more }),
    /** `said`: what its charge says of the card and of its risk. */
    pay(orderId, said = {}) {
      const charge = { id: id('ch'), object: 'charge', created: seconds(), amount_refunded: 0, disputed: false, ...said };
      const paid = { status: 'complete', payment_status: 'paid', payment_intent: { id: id('pi'), object: 'payment_intent', latest_charge: charge } };
      return event('checkout.session.completed', shown(Object.assign(sessionOf(orderId), paid)));
    },
    expire: (orderId) => event('checkout.session.expired', Object.assign(sessionOf(orderId), { status: 'expired' })),
    refund(orderId, amount) {
      const session = sessionOf(orderId);
      refunds.push({ id: id('re'), object: 'refund', amount, currency: session.currency, status: 'succeeded', payment_intent: paymentOf(session), created: seconds() });
      chargeOf(orderId).amount_refunded += amount;
      return event('charge.refunded', { ...chargeOf(orderId), payment_intent: paymentOf(session) });
    },
    dispute(orderId) {
      const session = sessionOf(orderId);
      const dispute = { id: id('dp'), object: 'dispute', amount: session.amount_total, currency: session.currency, status: 'needs_response', payment_intent: paymentOf(session), created: seconds(), balance_transactions: [{ id: id('txn'), created: seconds() }] };
      disputes.push(dispute);
      chargeOf(orderId).disputed = true;
      return event('charge.dispute.created', dispute);
    },
    endDispute: (status) => event('charge.dispute.closed', Object.assign(disputes.at(-1), { status })),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  });
}
