// Bursts beside receivers that are silent or dead. Counted, not timed: what a silent receiver was asked while others got theirs, and
// what waits where. The local queue has one consumer, which works one batch after another.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { addEndpoint } from './checkout.mjs';
import { startShop, until } from './harness.mjs';
import { startReceiver } from './receiver.mjs';

// Looks at the chain far apart. Each test has a shop, and so queues, of its own.
const open = (settings) => startShop({ outbound: 'network', settings: { WATCH_SECONDS: '300', ...settings } });
const white = { title: 'Tea', currency: 'EUR', value: '3', gateway: 'Bitcoin', white_label: true };
const hanging = async () => Object.assign(await startReceiver(), { answer: () => 'hang' });

let servers = [];
const kept = async (...promises) => {
  const made = await Promise.all(promises);
  servers.push(...made);
  return made;
};
after(() => Promise.all(servers.map((server) => server.close())));

async function order(seller, fields = {}) {
  const made = await seller.api('POST', '/pay', { ...white, ...fields });
  assert.equal(made.status, 201, made.text);
}

const counted = (shop, condition) => shop.db.prepare(`SELECT COUNT(*) AS n FROM webhook_logs WHERE ${condition}`).first('n');

test('thirty orders at once, and five receivers of which one is silent: the good one has all before the silent one’s time is over', async () => {
  const [shop, good, silent, failing, gone] = await kept(open({ DELIVERY_BATCH: '10' }), startReceiver(), hanging(), startReceiver(), startReceiver());
  failing.answer = () => ({ status: 500 });
  gone.answer = () => ({ status: 410 });
  const seller = await shop.admin.createAccount();
  for (const url of [good.url, silent.url, failing.url, gone.url, `http://127.0.0.1:${await emptyPort()}/`]) await addEndpoint(seller, url, ['order:created']);
  const began = Date.now();
  await Promise.all(Array.from({ length: 30 }, () => order(seller)));
  await good.got(30);
  console.log(`the good receiver had all 30 after ${Date.now() - began} ms; the silent one was asked ${silent.requests.length} times, the failing one ${failing.requests.length}`);
  assert.equal(await counted(shop, "error = 'timeout'"), 0, 'no attempt at the silent one has had its fifteen seconds');
  // Those of the first batch, and one in the other queue.
  assert.ok(silent.requests.length <= 2 + 1, `${silent.requests.length} at the silent one`);
  assert.ok(gone.requests.length <= 2, `${gone.requests.length} at the gone one`);
  // All but the one that was tried wait without a message.
  await until('the silent one’s webhooks to be held', async () => (await counted(shop, `waits_for = '${silent.url}'`)) >= 28, { seconds: 45, every: 300 });
  assert.ok(silent.requests.length <= 2 + 2, `${silent.requests.length} at the silent one`);
  assert.ok(failing.requests.length <= 2 + 10, `${failing.requests.length} at the failing one`);
  assert.equal(new Set(good.requests.map(({ headers }) => headers['webhook-id'])).size, 30);
  assert.equal(good.requests.length, 30, 'each once');
});

test('sixty orders of one seller to a dead URL, and one of another: it waits for one batch of them', async () => {
  const [shop, dead, good] = await kept(open(), hanging(), startReceiver());
  const [many, one] = await Promise.all([shop.admin.createAccount(), shop.admin.createAccount()]);
  await addEndpoint(many, dead.url, ['order:created']);
  await addEndpoint(one, good.url, ['order:created']);
  await Promise.all(Array.from({ length: 60 }, () => order(many)));
  await order(one);
  await good.got(1);
  console.log(`when the other seller had theirs, the dead URL had been asked ${dead.requests.length} times`);
  // Six of the first batch, and a few in the other queue.
  assert.ok(dead.requests.length <= 6 + 4, `${dead.requests.length}`);
});

test('a dead webhook_url of payments is learnt, each with the order in its query', async () => {
  const [shop, dead, good] = await kept(open(), hanging(), startReceiver());
  const seller = await shop.admin.createAccount();
  await addEndpoint(seller, good.url, ['order:created']);
  await Promise.all(Array.from({ length: 40 }, (_, n) => order(seller, { webhook_url: `${dead.url}?order=${n}` })));
  await good.got(40);
  assert.ok(dead.requests.length <= 6 + 4, `${dead.requests.length}`);
  assert.equal(await counted(shop, "error = 'timeout'"), 0);
});

test('a hundred hanging endpoints of one seller keep no retry of another waiting', async () => {
  const [shop, tar, flaky] = await kept(open(), hanging(), startReceiver());
  flaky.answer = (request, count) => ({ status: count === 1 ? 500 : 200 });
  const [eve, bob] = await Promise.all([shop.admin.createAccount(), shop.admin.createAccount()]);
  await shop.db
    .prepare(
      `INSERT INTO webhook_endpoints (account_id, id, url, events, enabled, created_at, updated_at)
       SELECT accounts.id, CAST(value + 1000 AS TEXT), ?1 || value, 'order:created', 1, ?2, ?2 FROM accounts, json_each(?3) WHERE email = ?4`,
    )
    .bind(`${tar.url}/`, Date.now(), JSON.stringify(Array.from({ length: 100 }, (_, n) => n)), eve.email)
    .run();
  await addEndpoint(bob, flaky.url, ['order:created']);
  for (let n = 0; n < 3; n += 1) await order(eve);
  await tar.got(1);
  await order(bob);
  await flaky.got(2, 60);
  const asked = tar.requests.length;
  console.log(`when the other seller’s retry came, the tar-pit had been asked ${asked} times for 300 webhooks`);
  assert.ok(asked <= 12 + 2 * 6, `${asked}`);
  assert.ok((await counted(shop, 'due_at IS NOT NULL')) >= 299, 'nothing is lost');
});

function emptyPort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
