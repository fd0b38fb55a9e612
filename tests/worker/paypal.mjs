// PayPal, on loopback: its page and listener for buttons (`/cgi-bin/webscr`), and its REST API. It confirms what it sent, byte for byte,
// and nothing else.
import { createServer } from 'node:http';
import assert from 'node:assert/strict';

export const clientId = 'AeA1QIZXiflr1_-fN4rc0N8Nd0GEiGaCvIA9a3A8RNlcEbPaUcz2';
export const clientSecret = 'EGnHDxD_qRPdaLdZz8iCr8N7_MzF-YHPTkjs6NKYQvQSBngp4PTT';
export const webhookId = '1JE4291016473214C';
export const sellerEmail = 'money@ada.example';

/**
 * `paypal.down` answers 503 to everything, `paypal.hangs` nothing to who asks whether a notice is its own, `paypal.declines` lets no capture through, `paypal.capturesAs` is the state of the next one.
 * → {origin, settings, requests, orders, sell(notifyUrl, changes), tell(url, event), close(), …}
 */
export async function startPayPal() {
  const own = new Set(); // bodies, as latin1 texts: a byte is a character
  const requests = [];
  const tokens = new Set();
  let count = 0;
  const paypal = {
    requests,
    orders: [],
    down: false,
    hangs: false,
    declines: false,
    capturesAs: 'COMPLETED',
    /** What was asked of it at this path. */
    asked: (path) => requests.filter((request) => request.path === path),
    /** Sends an IPN → the answer to it. `body` is a Buffer; with `forged` it won't stand by it. */
    async ipn(url, body, { forged = false } = {}) {
      if (!forged) own.add(body.toString('latin1'));
      return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    },
    /** Sends an event of the REST API → the answer to it. */
    async event(url, event_type, resource, { forged = false } = {}) {
      // Spaces that nobody else would write, and a character of two bytes.
      const body = Buffer.from(JSON.stringify({ id: `WH-${++count}`, event_type, resource, summary: 'für Sie' }, null, ' '));
      if (!forged) own.add(body.toString('latin1'));
      return fetch(url, { method: 'POST', body, headers: signed });
    },
    /** The buyer approves the order of this URL. */
    approve(url) {
      const order = paypal.orders.find(({ id }) => url.endsWith(id));
      Object.assign(order, { status: 'APPROVED', update_time: new Date().toISOString() });
      return order;
    },
    close: () => new Promise((resolve) => server.close(resolve) && server.closeAllConnections()),
  };

  const api = {
    'POST /v1/oauth2/token'({ headers, body }) {
      const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
      if (headers.authorization !== basic || body.toString() !== 'grant_type=client_credentials') return [401, { error: 'invalid_client' }];
      const access_token = `A21AA-secret-token-${tokens.size + 1}`;
      tokens.add(access_token);
      return [200, { access_token, token_type: 'Bearer', expires_in: 32400 }];
    },
    'POST /v2/checkout/orders'({ headers, body }) {
      const { intent, purchase_units, payment_source } = JSON.parse(body);
      assert.equal(intent, 'CAPTURE');
      const known = paypal.orders.find(({ key }) => key === headers['paypal-request-id']);
      if (known) return [200, known];
      const id = `5O19012741${String(paypal.orders.length).padStart(7, '0')}`;
      const links = [{ rel: 'self', href: `${paypal.origin}/v2/checkout/orders/${id}` }, { rel: 'payer-action', href: `${paypal.origin}/checkoutnow?token=${id}` }];
      const order = { id, key: headers['paypal-request-id'], status: 'PAYER_ACTION_REQUIRED', purchase_units, payment_source, links };
      paypal.orders.push(order);
      return [201, order];
    },
    'GET /v2/checkout/orders/:id': (_, id) => [200, paypal.orders.find((order) => order.id === id)],
    'POST /v2/checkout/orders/:id/capture'(_, id) {
      const order = paypal.orders.find((order) => order.id === id);
      if (order.status !== 'APPROVED' || paypal.declines) return [422, { details: [{ issue: 'INSTRUMENT_DECLINED' }] }];
      const [unit] = order.purchase_units;
      const { amount, custom_id, invoice_id } = unit;
      const create_time = '2026-01-05T10:00:00Z';
      unit.payments = { captures: [{ id: id.replace('5O', '3C'), status: paypal.capturesAs, amount, custom_id, invoice_id, create_time }] };
      order.status = 'COMPLETED';
      return [201, order];
    },
    'POST /v1/notifications/verify-webhook-signature'({ body }) {
      const { webhook_event, webhook_id, ...rest } = JSON.parse(body);
      const wanted = Object.fromEntries(Object.entries(signed).filter(([name]) => name.startsWith('paypal-')).map(([name, value]) => [name.slice(7).replaceAll('-', '_'), value]));
      const marker = '"webhook_event":';
      const text = body.toString('latin1');
      const raw = text.slice(text.indexOf(marker) + marker.length, -1);
      const good = webhook_id === webhookId && own.has(raw) && JSON.stringify(Object.entries(rest).sort()) === JSON.stringify(Object.entries(wanted).sort());
      return [200, { verification_status: good && webhook_event ? 'SUCCESS' : 'FAILURE' }];
    },
  };

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url: path, headers } = request;
    const kept = { method, path, headers, body: Buffer.concat(chunks) };
    requests.push(kept);
    const say = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
    if (paypal.down) return say(503, 'down');
    if (paypal.hangs && ['/cgi-bin/webscr', '/v1/notifications/verify-webhook-signature'].includes(path)) return undefined;
    if (path === '/cgi-bin/webscr') {
      const command = 'cmd=_notify-validate&';
      const text = kept.body.toString('latin1');
      return say(200, text.startsWith(command) && headers['user-agent'] && own.has(text.slice(command.length)) ? 'VERIFIED' : 'INVALID');
    }
    const [, id] = path.match(/orders\/(\w+)/) ?? [];
    const act = api[`${method} ${id ? path.replace(id, ':id') : path}`];
    if (!act) return say(404, {});
    if (path !== '/v1/oauth2/token' && !tokens.has(headers.authorization?.replace('Bearer ', ''))) return say(401, {});
    return say(...act(kept, id));
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  paypal.origin = `http://127.0.0.1:${server.address().port}`;
  paypal.settings = { PAYPAL_URL: paypal.origin, PAYPAL_IPN_URL: paypal.origin, PAYPAL_API_URL: paypal.origin };
  return paypal;
}

const signed = {
  'content-type': 'application/json',
  'paypal-auth-algo': 'SHA256withRSA',
  'paypal-cert-url': 'https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270',
  'paypal-transmission-id': '69cd13f0-d67a-11e5-baa3-778b53f4ae55',
  'paypal-transmission-sig': 'lmI95Jx3Y9nhR5SJWlHVIWpg4AgFk7n9bCHSRxbrd8A9zrhdu2rMyFrmz+Zjh3s3boXB07VXCXUZy==',
  'paypal-transmission-time': '2026-01-05T10:00:00Z',
};

/** An IPN of a payment on PayPal's page at `url`, with these fields instead; `undefined` leaves one out. The buyer's name is in windows-1252. */
export function ipnOf(url, changed = {}) {
  const button = Object.fromEntries(new URL(url).searchParams);
  const fields = {
    mc_gross: button.amount,
    mc_currency: button.currency_code,
    custom: button.custom,
    invoice: button.invoice,
    receiver_email: button.business.toUpperCase(),
    payment_status: 'Completed',
    txn_type: 'web_accept',
    txn_id: '61E67681CH3238416',
    payment_date: '02:00:00 Jan 05, 2026 PST',
    test_ipn: '1',
    charset: 'windows-1252',
    ...changed,
  };
  const form = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== undefined));
  // Lower-case escapes, a bare tilde and a space as %20: what a form parser would write otherwise.
  return Buffer.from(`first_name=J%fcrgen%20~&address_street=Stra%dfe+1&${form}`);
}
