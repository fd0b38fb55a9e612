// What sellers and buyers do, in the words of the tests: make a link, start it, pay it.
import assert from 'node:assert/strict';

export const orderEvents = ['order:created', 'order:updated', 'order:paid'];

/** The seller makes a payment link → {id, path, url}. */
export async function makeLink(seller, fields = {}) {
  const made = await seller.api('POST', '/pay', {
    title: 'A book',
    email: 'buyer@example.com',
    currency: 'USD',
    value: '10',
    gateway: 'Bitcoin',
    return_url: 'https://seller.example/thanks',
    ...fields,
  });
  assert.equal(made.status, 201, made.text);
  const { pathname } = new URL(made.body.url);
  const [, , id] = pathname.split('/');
  return { id, path: pathname, url: made.body.url };
}

/** The buyer goes ahead, as a browser without script does → the answer to his POST. */
export const start = (shop, link, fields = {}) =>
  shop.fetch(link.path, { method: 'POST', body: new URLSearchParams(fields), headers: { 'user-agent': 'a buyer' } });

/** The link's order has the link's first 16 bytes as its id, marked as a UUID of version 4. */
export function orderId(link) {
  const hex = `${link.id.slice(0, 12)}4${link.id.slice(13, 16)}${((parseInt(link.id[16], 16) & 3) | 8).toString(16)}${link.id.slice(17, 32)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A link that was started → {...link, orderId, order()}. */
export async function openOrder(shop, seller, fields = {}) {
  const link = await makeLink(seller, fields);
  const started = await start(shop, link);
  assert.equal(started.status, 303, `starting the payment answered ${started.status}`);
  return { ...link, orderId: orderId(link), order: async () => (await seller.api('GET', `/orders/${orderId(link)}`)).body };
}

export async function addEndpoint(seller, url, events = orderEvents) {
  const made = await seller.api('POST', '/webhooks/endpoints', { url, events });
  assert.equal(made.status, 201, made.text);
  return made.body;
}

/** A test account pays, mines and takes back, through /api/v2/test. */
export const play = (seller) => ({
  pay: (order, kind = 'exact', more = {}) => called(seller, 'payments', { order_id: order.orderId, kind, ...more }),
  mine: (count = 1, order) => called(seller, 'blocks', { count, order_id: order?.orderId }),
  doubleSpend: (order) => called(seller, 'double_spend', { order_id: order.orderId }),
});

async function called(seller, verb, body) {
  const answer = await seller.api('POST', `/test/${verb}`, body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

/** The seller's webhook logs, oldest first. */
export const logs = async (seller) => (await seller.api('GET', '/webhooks/logs?per_page=50')).body.reverse();
