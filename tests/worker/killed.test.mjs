// The process ends at random moments, again and again, over the same state: what was committed arrives, and an order is
// paid once. tests/it/platform/crash.rs does the same a hundred times, at each of the points at which the consumer can wait.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { addEndpoint, openOrder, play } from './checkout.mjs';
import { startShop, until } from './harness.mjs';
import { startReceiver } from './receiver.mjs';

const rounds = 6;
let folder, shop, receiver, seller;
const open = () => startShop({ persist: folder, outbound: 'network', settings: { WATCH_SECONDS: '300' } });
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushguard-killed-'));
  [shop, receiver] = await Promise.all([open(), startReceiver()]);
});
after(async () => {
  await Promise.all([shop, receiver].map((server) => server?.close()));
  await rm(folder, { recursive: true, force: true });
});

/** What waits for cron has waited long enough. */
const age = () =>
  shop.db.batch([
    shop.db.prepare('UPDATE webhook_logs SET due_at = due_at - 600000, next_retry_at = next_retry_at - 600000 WHERE due_at IS NOT NULL'),
    shop.db.prepare('UPDATE orders SET sync_lease = sync_lease - 600000 WHERE sync_lease IS NOT NULL'),
  ]);

test('killed at a random moment of each of six payments, every event arrives and each order is paid once', async () => {
  let speak;
  seller = await shop.admin.createAccount();
  await addEndpoint(seller, receiver.url);
  receiver.answer = (request, count) => (count % 5 === 0 ? { status: 500 } : {});
  const orders = [];
  const waits = [];
  for (let round = 0; round < rounds; round += 1) {
    speak = { ...seller, api: (method, where, body) => call(seller, method, where, body) };
    const order = await openOrder(shop, speak);
    await play(speak).pay(order);
    await play(speak).mine(1, order);
    orders.push(order.orderId);
    const wait = Math.floor(Math.random() * 2000);
    waits.push(wait);
    await new Promise((resolve) => setTimeout(resolve, wait));
    await shop.close();
    shop = await open();
    await age();
    await shop.cron();
  }
  console.log(`killed ${waits.join(', ')} ms after a payment`);
  await until(
    'nothing to be owed',
    async () => {
      await age();
      await shop.cron();
      const { owed } = await shop.db.prepare('SELECT COUNT(*) AS owed FROM webhook_logs WHERE due_at IS NOT NULL').first();
      return owed === 0;
    },
    { seconds: 40, every: 1500 },
  );
  const { results } = await shop.db.prepare('SELECT id, event, subject_id, response_code FROM webhook_logs').all();
  const came = new Map(receiver.requests.map(({ headers, body }) => [headers['webhook-id'], [headers['x-pushguard-event'], JSON.parse(body).id]]));
  for (const { id, event, subject_id, response_code } of results) {
    assert.equal(response_code, 200, `${event} of ${subject_id}`);
    assert.deepEqual(came.get(id), [event, subject_id]);
  }
  for (const id of orders) {
    for (const event of ['order:created', 'order:paid']) {
      assert.equal(results.filter((log) => log.event === event && log.subject_id === id).length, 1, `${event} of ${id}`);
    }
  }
});

async function call({ email, api_key }, method, where, body) {
  const answer = await shop.fetch(`/api/v2${where}`, {
    method,
    headers: { authorization: `Basic ${btoa(`${email}:${api_key}`)}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: text && JSON.parse(text) };
}
