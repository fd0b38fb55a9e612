// What requests cost, as counts: D1 round trips are latency, rows read and written are the bill.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { begun, checkout } from '../../scripts/costs.mjs';
import { spent, startShop, until } from './harness.mjs';
import { addEndpoint, logs, makeLink, openOrder, orderId, play, start } from './checkout.mjs';

let shop, seller;
before(async () => {
  // Looks at the chain far apart, so that the only requests are the test's.
  const answer = ({ url }) => new Response('ok', { status: url.includes('/500') ? 500 : 200 });
  shop = await startShop({ outbound: answer, settings: { WATCH_SECONDS: '300' } });
  seller = await shop.admin.createAccount();
});
after(() => shop.close());

const usage = () => shop.fetch('/healthz'); // asks nothing of D1 itself, and tells what was asked so far

async function costOf(doing) {
  const before = await usage();
  const result = await doing();
  return { ...spent(before, await usage()), result };
}

async function tripsOf(doing, allowed = [200, 201, 303, 304]) {
  const { trips, result } = await costOf(doing);
  assert.ok(allowed.includes(result.status), `it answered ${result.status}`);
  return trips;
}

test('a warm GET of an order is one round trip, which reads one row', async () => {
  const order = await openOrder(shop, seller);
  await seller.api('GET', `/orders/${order.orderId}`);
  const { trips, read, written } = await costOf(() => seller.api('GET', `/orders/${order.orderId}`));
  assert.deepEqual({ trips, read, written }, { trips: 1, read: 1, written: 0 });
});

test('POST /pay is one round trip for a link, and two for a white-label order', async () => {
  assert.equal(await tripsOf(() => seller.api('POST', '/pay', { title: 'Tea', currency: 'EUR', value: '3', gateway: 'Bitcoin', return_url: 'https://seller.example/' })), 1);
  assert.equal(await tripsOf(() => seller.api('POST', '/pay', { title: 'Tea', currency: 'EUR', value: '3', gateway: ['Bitcoin', 'Litecoin'], confirmations: 3, return_url: 'https://seller.example/' })), 1);
  assert.equal(await tripsOf(() => seller.api('POST', '/pay', { title: 'Tea', currency: 'EUR', value: '3', gateway: 'Bitcoin', white_label: true })), 2);
});

test('a refused POST /pay asks D1 nothing', async () => {
  assert.equal(await tripsOf(() => seller.api('POST', '/pay', { title: 'Tea' }), [400]), 0);
});

test('the pay page asks D1 nothing, nor does what it loads of another version; its order is one round trip, told whole or with a 304', async () => {
  const link = await makeLink(seller);
  assert.equal(await tripsOf(() => shop.fetch(link.path)), 0);
  for (const end of ['css', 'js', 'svg']) assert.equal(await tripsOf(() => shop.fetch(`/pay/assets/0123456789abcdef.${end}`)), 0, end);

  assert.equal(await tripsOf(() => start(shop, link)), 2);
  // The same with a choice, which reads the rates from KV alone.
  const several = await makeLink(seller, { gateway: ['Litecoin', 'Bitcoin'] });
  assert.equal(await tripsOf(() => shop.fetch(several.path)), 0);
  assert.equal(await tripsOf(() => start(shop, several, { gateway: 'dogecoin' }), [422]), 0);
  assert.equal(await tripsOf(() => start(shop, several, { gateway: 'bitcoin' })), 2);
  const whole = await shop.fetch(`${link.path}/order`);
  assert.equal(await tripsOf(() => shop.fetch(`${link.path}/order`)), 1);
  const again = () => shop.fetch(`${link.path}/order`, { headers: { 'if-none-match': whole.headers.get('etag') } });
  assert.equal((await again()).status, 304);
  assert.equal(await tripsOf(again), 1);
});

test('the page of an order is one round trip, and so is the thread of a question; what is said there is few more', async () => {
  const order = await openOrder(shop, seller);
  await play(seller).pay(order, 'exact', { confirmations: 1 });
  const form = (path, fields) => shop.fetch(path, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  const led = await form(`${order.path}/receipt`, { email: (await seller.api('GET', `/orders/${order.orderId}`)).body.email });
  assert.equal(led.status, 303);
  const page = led.headers.get('location');
  const whole = await costOf(() => shop.fetch(page));
  assert.equal(whole.result.status, 200);
  assert.deepEqual([whole.trips, whole.written], [1, 0]);
  assert.ok(whole.read <= 24, `the page reads ${whole.read} rows`);
  assert.equal(await tripsOf(() => shop.fetch(`${page}x`), [404]), 0);

  const asked = await costOf(() => form(`${page}/query`, { subject: 'Where?', message: 'Is it?' }));
  assert.equal(asked.trips, 3);
  const thread = asked.result.headers.get('location');
  assert.equal(await tripsOf(() => shop.fetch(thread)), 1);
  assert.equal(await tripsOf(() => form(thread, { message: 'Hello?' })), 2);
  assert.equal(await tripsOf(() => form(`${page}/feedback`, { stars: '5' })), 4);
});

test('a page of a list is one round trip that reads its rows and little more, however deep it lies', async () => {
  await addEndpoint(seller, 'https://seller.example/hook', ['order:created']);
  const white = { title: 'Tea', currency: 'EUR', value: '3', gateway: 'Bitcoin', white_label: true };
  for (let n = 0; n < 110; n += 10) await Promise.all(Array.from({ length: 10 }, () => seller.api('POST', '/pay', white)));
  await until('the webhooks to be sent', async () => (await logs(seller)).every(({ response_code }) => response_code === 200), { seconds: 30, every: 300 });

  // What a log says is a row of its own.
  for (const [path, first, most] of [['/orders', '/orders?page=1&per_page=20', 24], ['/webhooks/logs', '/webhooks/logs?page=1&per_page=20', 44]]) {
    const near = await costOf(() => seller.api('GET', first));
    const deep = await costOf(() => seller.api('GET', `${path}?page=5&per_page=20`));
    const past = await costOf(() => seller.api('GET', `${path}?page=5000&per_page=20`));
    assert.equal(near.result.body.length, 20, path);
    assert.equal(deep.result.body.length, 20, path);
    assert.deepEqual(past.result.body, [], path);
    for (const { trips, written } of [near, deep, past]) assert.deepEqual([trips, written], [1, 0], path);
    console.log(`rows read by a page of 20 of ${path}: first ${near.read}, fifth ${deep.read}, past the end ${past.read}`);
    assert.equal(deep.read, near.read, path);
    assert.ok(near.read <= most, `${path} reads ${near.read} rows`);
    assert.ok(past.read <= 4, `${path} past its end reads ${past.read} rows`);
  }
});

test('someone who is not let in costs one round trip, which reads two rows at most', async () => {
  for (const authorization of [`Basic ${btoa(`${seller.email}:wrong`)}`, `Basic ${btoa('nobody@example.com:wrong')}`]) {
    const { trips, read, result } = await costOf(() => shop.fetch('/api/v2/orders', { headers: { authorization } }));
    assert.deepEqual([result.status, trips], [401, 1]);
    assert.ok(read <= 2, `it reads ${read} rows`);
  }
});

// Table by table, as D1 bills them: an index entry is a row, and so is each statement's change of one. The seller has one
// webhook endpoint for the three events; the coin is seen unconfirmed first, then in a block. Webhooks: created, updated
// (seen), updated (completed), paid.
const written = {
  payments: 3 + 1, //    the link: row, key, expiry · the index that it took
  wallets: 1, //         the next address
  shops: 2, //           when the account's first log was made: row, time
  orders: 7 + 3 + 1, //  made: row, key, id, lease, open (of a test account), unpaid, network · seen: row, lease, open · completed: row (its lease ends)
  order_blocks: 2 + 2, // made: row, key · seen, completed: what filters go by
  order_emails: 1 + 2, // made · seen, completed: what filters go by, of the buyer
  customers: 2 + 1, //   the first of this e-mail: row, e-mail · completed: what its orders come to
  order_history: 2, //   seen · completed
  transactions: 1 + 1, // seen, then confirmed
  webhook_logs: 4 * (5 + 1), // owed: row, key, id, time due, what is owed of the order · delivered: row
  webhook_payloads: 3, // one a commit
};
const simulated = 2 + 2; // the test account's own chain: begun and paid on, then a block and the coin in it

test('the rows written by a completed checkout are known, table by table', async () => {
  const account = await shop.admin.createAccount();
  await addEndpoint(account, 'https://seller.example/hook');
  const delivered = (count) =>
    until(`${count} webhooks to be sent`, async () => (await logs(account)).filter(({ response_code }) => response_code === 200).length === count);
  const whole = await costOf(async () => {
    const link = await makeLink(account);
    await shop.fetch(link.path);
    await start(shop, link);
    await delivered(1);
    const order = { orderId: orderId(link) };
    await play(account).pay(order);
    await delivered(2);
    await play(account).mine(1, order);
    await delivered(4);
  });
  const expected = Object.values(written).reduce((sum, rows) => sum + rows);
  console.log(`rows written per completed checkout: ${whole.written - simulated}`);
  for (const [table, rows] of Object.entries(written)) console.log(`  ${table}: ${rows}`);
  assert.equal(whole.written - simulated, expected);
  // docs/cost.md counts with these: without the account's first log, and what goes is the link, four logs and their payloads.
  assert.equal(expected - written.shops, checkout.written);
  assert.equal(1 + 4 + written.webhook_payloads, checkout.pruned);
  console.log(`rows read per completed checkout: ${whole.read}`);
  assert.ok(whole.read <= checkout.read, `it reads ${whole.read} rows`);
});

test('an order that nobody pays writes what the guide of costs counts', async () => {
  const account = await shop.admin.createAccount();
  await addEndpoint(account, 'https://seller.example/hook');
  const once = async () => {
    const link = await makeLink(account);
    await start(shop, link);
    await until('its webhook', async () => (await logs(account)).every(({ response_code }) => response_code === 200));
  };
  await once(); // the account's first log
  const { written: rows, read } = await costOf(once);
  console.log(`rows of an order that nobody pays: ${rows} written, ${read} read`);
  // A test account's order also stands among the open ones.
  assert.equal(rows - 1, begun.written);
  assert.ok(read <= begun.read, `it reads ${read} rows`);
});

test('without webhooks it is thirty rows', async () => {
  const account = await shop.admin.createAccount();
  const { written: rows } = await costOf(async () => {
    const order = await openOrder(shop, account);
    await play(account).pay(order);
    await play(account).mine(1, order);
  });
  assert.equal(rows - simulated, Object.values({ ...written, webhook_logs: 0, webhook_payloads: 0, shops: 0 }).reduce((sum, count) => sum + count));
});

/** What ten deliveries of one batch cost beyond the order that owes them: each to an endpoint of its own. */
async function tenDeliveries(path, ended) {
  const account = await shop.admin.createAccount();
  const white = { title: 'Tea', currency: 'EUR', value: '3', gateway: 'Bitcoin', white_label: true };
  const order = () => account.api('POST', '/pay', white);
  await order(); // its address is the first one of the wallet: what comes now is as the others
  const alone = await costOf(order);
  for (let n = 0; n < 10; n += 1) await addEndpoint(account, `https://seller.example/${path}/${n}`, ['order:created']);
  const { id } = await shop.db.prepare('SELECT id FROM accounts WHERE email = ?1').bind(account.email).first();
  const done = () => shop.db.prepare(`SELECT COUNT(*) AS n FROM webhook_logs WHERE account_id = ?1 AND ${ended}`).bind(id).first('n');
  const whole = await costOf(async () => {
    assert.equal((await order()).status, 201);
    await until('ten deliveries', async () => (await done()) === 10, { every: 20 });
  });
  // The account's first log is noted: row, time. What it says, and ten times: row, key, id, time due, what is owed of the order.
  return { trips: whole.trips - alone.trips, written: whole.written - alone.written - 2 - 1 - 10 * 5 };
}

test('a batch of ten deliveries is two round trips, and each writes one row', async () => {
  assert.deepEqual(await tenDeliveries('ok', 'response_code = 200'), { trips: 2, written: 10 * 1 });
});

test('ten that fail are two round trips as well: each writes its log, whose two places among what is due move, its endpoint, and its receiver with the turn of that', async () => {
  assert.deepEqual(await tenDeliveries('500', 'response_code = 500'), { trips: 2, written: 10 * (1 + 2 + 1 + 2) });
});

test('old logs are pruned in steps of known cost, and a page of those that stay costs twice its rows and two', async () => {
  const account = await shop.admin.createAccount();
  await addEndpoint(account, 'https://seller.example/hook', ['order:created']);
  await openOrder(shop, account);
  const { id } = await shop.db.prepare('SELECT id FROM accounts WHERE email = ?1').bind(account.email).first();
  await until('the webhook to be sent', async () => (await logs(account))[0].response_code === 200);
  const old = Date.now() - 91 * 86_400_000;
  // Six hundred that are too old, and thirty that aren't.
  await shop.db.batch([
    shop.db.prepare('DELETE FROM webhook_logs WHERE account_id = ?1').bind(id),
    shop.db
      .prepare(
        `INSERT INTO webhook_logs (account_id, seq, id, event, subject_id, url, payload_id, response_code, created_at, updated_at)
         SELECT ?1, value, printf('%08d', value), 'order:created', 'x', 'https://seller.example/', 1001 + (value - 1) / 2, 200, IIF(value <= 600, ?2, ?3), ?3 FROM json_each(?4)`,
      )
      .bind(id, old, Date.now(), JSON.stringify(Array.from({ length: 630 }, (_, n) => n + 1))),
    // Two logs an event.
    shop.db
      .prepare(
        `INSERT INTO webhook_payloads (id, account_id, payload, last_seq)
         SELECT payload_id, account_id, '{}', seq FROM webhook_logs WHERE account_id = ?1 AND seq % 2 = 0`, // ids 1001, 1002, …
      )
      .bind(id),
    shop.db.prepare('UPDATE shops SET oldest_log_at = ?2 WHERE account_id = ?1').bind(id, old),
  ]);
  const minute = await costOf(() => shop.cron());
  console.log(`pruning 600 logs: ${minute.trips} round trips, ${minute.read} rows read, ${minute.written} written`);
  // The sweep's own, and three steps of 200.
  assert.equal(minute.trips, 1 + 3);
  // A row that is deleted is one, whatever its indexes; the newest is told of each step, and the account's turn is a row and an entry.
  assert.ok(Math.abs(minute.written - (600 + 300 + 3 + 2 * 3)) <= 4, `it writes ${minute.written} rows`);
  assert.ok(minute.read < 600 * 4 + 150, `it reads ${minute.read} rows`);
  const first = await costOf(() => account.api('GET', '/webhooks/logs?per_page=20'));
  assert.deepEqual([first.trips, first.read, first.written], [1, 2 * 20 + 2, 0]);
  assert.equal(first.result.headers.get('x-total-count'), '30');
  const second = await costOf(() => account.api('GET', '/webhooks/logs?per_page=20&page=2'));
  assert.deepEqual([second.result.body.length, second.result.body.at(-1).id], [10, '00000601']);
  const idle = await costOf(() => shop.cron());
  assert.deepEqual([idle.trips, idle.written], [1, 0]);
});

test('a minute in which nothing is due is one round trip, which writes nothing', async () => {
  const { trips, written: rows } = await costOf(() => shop.cron().then(() => ({ status: 200 })));
  assert.deepEqual([trips, rows], [1, 0]);
});
