// Big lists, as D1 bills them: the rows that a page reads depend neither on how deep it lies nor on how many rows there are,
// but for the little that shop/list.rs and shop/order/filter.rs say. And many writers at once leave no gap and no double.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { spent, startShop } from './harness.mjs';

const orderCount = 100_000;
const entryCount = 50_000;
const block = 1024;
const startedAt = Date.UTC(2026, 0, 1);
const at = (seq) => new Date(startedAt + seq * 1000).toISOString();

let shop, seller, accountId, gone;
before(async () => {
  shop = await startShop({ settings: { WATCH_SECONDS: '300' } });
  seller = await shop.admin.createAccount();
  accountId = (await shop.db.prepare('SELECT id FROM accounts').first()).id;
  await fillOrders();
  gone = await fillBlacklist();
  await seller.api('GET', '/account');
});
after(() => shop.close());

// Straight into the tables, ten thousand at a time.
async function fillOrders(first = 1, last = orderCount) {
  for (let from = first; from <= last; from += 10_000) {
    await shop.db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${from + 9_999})
         INSERT INTO orders (account_id, seq, id, revision, product_id, product_title, email, value, currency, quantity, gateway,
           confirmations_needed, status, crypto_value, crypto_address, crypto_index, crypto_rate, rate_source, rate_at,
           quote_expires_at, test, created_at, updated_at)
         SELECT CAST(?1 AS INTEGER), i, printf('%08x-0000-4000-8000-%012x', i * 2654435761 % 4294967296, i), 1,
           CASE WHEN i % 2 THEN 'pay' ELSE printf('%08x', i % 100) END, 'A book', 'buyer' || (i % 1000) || '@example.com',
           1000, 'USD', 1, 'bitcoin', 1, CASE WHEN i % 9973 = 0 THEN 51 WHEN i % 10 < 3 THEN 100 ELSE 0 END,
           20000, 'bc1q' || i, i, '50000', 'fixed', 0, 0, 1, ${startedAt} + i * 1000, ${startedAt} + i * 1000 FROM n`,
      )
      .bind(accountId)
      .run();
  }
}

/** The list as the API would have left it, a tenth deleted at random → the seqs that are gone. */
async function fillBlacklist() {
  const random = seeded(7);
  const gone = new Set();
  while (gone.size < entryCount / 10) gone.add(1 + Math.floor(random() * entryCount));
  const deleted = JSON.stringify([...gone]);
  const run = (sql, ...more) => shop.db.prepare(sql).bind(accountId, ...more).run();
  await run(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${entryCount})
     INSERT INTO blacklist (account_id, seq, id, blacklist_type, blocked_data, note, created_at, updated_at)
     SELECT CAST(?1 AS INTEGER), i, printf('%08x', i), 1, 'buyer' || i || '@example.com', i, ${startedAt}, ${startedAt} FROM n`,
  );
  await run(`INSERT INTO lists (account_id, list, last_seq) VALUES (CAST(?1 AS INTEGER), 'blacklist', ${entryCount})`);
  await run(
    `INSERT INTO list_gaps (account_id, list, block, deleted)
     SELECT CAST(?1 AS INTEGER), 'blacklist', (value - 1) / ${block}, COUNT(*) FROM json_each(?2) GROUP BY 3`,
    deleted,
  );
  await run('DELETE FROM blacklist WHERE account_id = ?1 AND seq IN (SELECT value FROM json_each(?2))', deleted);
  return gone;
}

/** Mulberry32: the same in every run. */
function seeded(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A page, its five headers checked against the total → {body, trips, read}. */
async function page(path, number, perPage, total) {
  const url = `${path}${path.includes('?') ? '&' : '?'}page=${number}&per_page=${perPage}`;
  const before = await shop.fetch('/healthz');
  const answer = await seller.api('GET', url);
  const { trips, read, written } = spent(before, await shop.fetch('/healthz'));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(written, 0);
  const pages = Math.ceil(total / perPage);
  const header = (name) => answer.headers.get(name);
  assert.deepEqual(
    ['x-total-pages', 'x-total-count', 'x-current-page', 'x-items-per-page'].map(header),
    [pages, total, number, perPage].map(String),
    url,
  );
  const rels = [...header('link').matchAll(/[?&]page=(\d+)&per_page=(\d+)>; rel="(\w+)"/g)].map(([, to, each, rel]) => `${rel} ${to} ${each}`);
  const expected = [['first', 1], ['prev', Math.min(number - 1, pages)], ['next', number + 1], ['last', Math.max(pages, 1)]];
  const there = expected.filter(([rel]) => (rel === 'prev' ? number > 1 : rel === 'next' ? number < pages : true));
  assert.deepEqual(rels, there.map(([rel, to]) => `${rel} ${to} ${perPage}`), url);
  assert.equal(answer.body.length, Math.max(0, Math.min(perPage, total - (number - 1) * perPage)), url);
  return { body: answer.body, trips, read };
}

const seqOf = (order) => parseInt(order.id.slice(24), 16);
/** First, middle, last, and past the end. */
function places(total, perPage) {
  const pages = Math.ceil(total / perPage);
  return new Set([1, Math.ceil(pages / 2), pages, pages + 1].filter((number) => number > 0));
}

test('a page of a hundred thousand orders reads its rows and two more, wherever it lies', async () => {
  for (const perPage of [20, 50]) {
    for (const number of places(orderCount, perPage)) {
      const { body, trips, read } = await page('/orders', number, perPage, orderCount);
      const first = orderCount - (number - 1) * perPage;
      assert.deepEqual(body.map(seqOf), body.map((_, n) => first - n));
      assert.equal(trips, 1);
      assert.ok(read <= perPage + 2, `page ${number} read ${read} rows`);
    }
  }
});

test('a page of fifty thousand blacklist entries with five thousand gaps reads its rows, the blocks and one block', async () => {
  const left = Array.from({ length: entryCount }, (_, n) => entryCount - n).filter((seq) => !gone.has(seq));
  for (const perPage of [20, 50]) {
    for (const number of places(left.length, perPage)) {
      const { body, trips, read } = await page('/blacklist', number, perPage, left.length);
      assert.deepEqual(body.map(({ note }) => Number(note)), left.slice((number - 1) * perPage, number * perPage));
      assert.equal(trips, 1);
      const most = perPage + entryCount / block + block;
      assert.ok(read <= most, `page ${number} read ${read} rows, ${most} are allowed`);
    }
  }
});

// [the query, which orders it wants, what its pages may read beside their own rows]
const blocks = Math.ceil(orderCount / block);
const filters = [
  ['status=100', (n) => n % 9973 !== 0 && n % 10 < 3, blocks],
  ['status=51', (n) => n % 9973 === 0, blocks],
  ['product_id=pay', (n) => n % 2 === 1, blocks],
  ['product_id=00000004', (n) => n % 100 === 4, blocks],
  ['gateway=Bitcoin', () => true, blocks],
  ['gateway=stripe', () => false, blocks],
  ['status=100&product_id=pay&gateway=bitcoin', (n) => n % 9973 !== 0 && n % 10 < 3 && n % 2 === 1, blocks],
  [`created_after=${at(70_000)}`, (n) => n > 70_000, 2 * blocks + block],
  [`created_before=${at(70_000)}`, (n) => n < 70_000, 2 * blocks + block],
  [`created_after=${at(20_000)}&created_before=${at(70_000)}&status=0`, (n) => n > 20_000 && n < 70_000 && n % 9973 !== 0 && n % 10 >= 3, 2 * blocks + 2 * block],
];

test('a page of filtered orders reads a row for each 1024 orders, and its own', async () => {
  const perPage = 20;
  for (const [query, wants, most] of filters) {
    const wanted = Array.from({ length: orderCount }, (_, n) => orderCount - n).filter(wants);
    const costs = [];
    for (const number of places(wanted.length, perPage)) {
      const { body, trips, read } = await page(`/orders?${query}`, number, perPage, wanted.length);
      assert.deepEqual(body.map(seqOf), wanted.slice((number - 1) * perPage, number * perPage), query);
      assert.equal(trips, body.length > 0 ? 2 : 1);
      // Beside them the newest block, and the counts of the older ones.
      assert.ok(read <= most + perPage + 4, `${query}, page ${number} read ${read} rows, ${most} and its own are allowed`);
      costs.push(read);
    }
    console.log(`rows read by ${query} (${wanted.length} orders), first, middle, last and past the end: ${costs.join(', ')}`);
  }
});

test('a page of one buyer\'s orders reads its rows and one for each 8192 orders', async () => {
  const perPage = 20;
  for (const [query, wants] of [
    ['email=buyer1@example.com', () => true],
    ['email=BUYER1@example.com&status=100', () => true],
    ['email=buyer1@example.com&status=0', () => false],
    [`email=buyer1@example.com&created_after=${at(50_000)}&product_id=pay`, (n) => n > 50_000],
  ]) {
    const theirs = orderCount / 1000;
    const wanted = Array.from({ length: theirs }, (_, n) => orderCount - n * 1000 - 999).filter(wants);
    for (const number of places(wanted.length, perPage)) {
      const { body, trips, read } = await page(`/orders?${query}`, number, perPage, wanted.length);
      assert.deepEqual(body.map(seqOf), wanted.slice((number - 1) * perPage, number * perPage), query);
      assert.equal(trips, body.length > 0 ? 2 : 1);
      // With times, the blocks, and the orders of the block in which the time begins as well.
      const most = Math.ceil(orderCount / 8192) + 1 + perPage + (query.includes('created_') ? 2 * blocks + 2 * block : 0);
      assert.ok(read <= most, `${query}, page ${number} read ${read} rows`);
    }
  }
});

test('an order that moves costs its row, its block and its buyer\'s two, and two counts once they were made', async () => {
  const move = (seq) => shop.db.prepare('UPDATE orders SET status = 56 WHERE account_id = ?1 AND seq = ?2').bind(accountId, seq).run();
  // Both were complete, so what their buyers have spent moves as well.
  assert.equal((await move(orderCount - 500)).meta.rows_written, 3 + 1);
  assert.equal((await move(500)).meta.rows_written, 3 + 1 + 2);
  const { body } = await page('/orders?status=56', 1, 20, 2);
  assert.deepEqual(body.map(seqOf), [orderCount - 500, 500]);
});

// More blocks than are read at once. Their orders are few columns, so that they come quickly.
test('of a hundred and forty thousand orders a filtered page reads no more than of a hundred thousand', async () => {
  const more = 140_000;
  const perPage = 20;
  await fillOrders(orderCount + 1, more);
  for (const [query, wants] of filters.filter(([query]) => !query.includes('created_'))) {
    // Two have moved.
    const stays = (n) => !query.startsWith('status') || ![500, orderCount - 500].includes(n);
    const wanted = Array.from({ length: more }, (_, n) => more - n).filter((n) => wants(n) && stays(n));
    const costs = [];
    for (const number of places(wanted.length, perPage)) {
      const { body, trips, read } = await page(`/orders?${query}`, number, perPage, wanted.length);
      assert.ok(trips <= 3);
      assert.deepEqual(body.map(seqOf), wanted.slice((number - 1) * perPage, number * perPage), query);
      // The newest blocks, the newest block of all, two counts, and of each order its block at most.
      assert.ok(read <= 16 + 2 + 2 + 2 * perPage, `${query}, page ${number} read ${read} rows`);
      costs.push(read);
    }
    console.log(`rows read of 140,000 by ${query}, first, middle, last and past the end: ${costs.join(', ')}`);
  }
});

test('two hundred writers at once leave every list dense, and no number twice', async () => {
  // On a port of its own: of connections that were idle through the tests before, some would be closed just now.
  const shop = await startShop({ settings: { WATCH_SECONDS: '300' } });
  const writer = await shop.admin.createAccount();
  const { id } = await shop.db.prepare('SELECT id FROM accounts WHERE email = ?1').bind(writer.email).first();
  const each = Array.from({ length: 200 }, (_, n) => n);
  const together = async (make) => {
    const answers = await Promise.all(each.map(make));
    for (const { status, text } of answers) assert.equal(status, 201, text);
    return answers.map(({ body }) => body);
  };
  await together((n) => writer.api('POST', '/blacklist', { blacklist_type: 2, blocked_data: `203.0.${n}.7` }));
  const orders = await together((n) =>
    writer.api('POST', '/pay', { title: `Tea ${n}`, currency: 'EUR', value: '3', gateway: 'Bitcoin', white_label: true }),
  );
  const seqs = async (table) => {
    const { results } = await shop.db.prepare(`SELECT seq FROM ${table} WHERE account_id = ?1 ORDER BY seq`).bind(id).all();
    return results.map(({ seq }) => seq);
  };
  for (const table of ['blacklist', 'orders']) assert.deepEqual(await seqs(table), each.map((n) => n + 1), table);
  assert.equal(new Set(orders.map(({ crypto_address }) => crypto_address)).size, 200, 'nor an address');
  const row = await shop.db.prepare('SELECT statuses, last_seq FROM order_blocks JOIN lists USING (account_id) WHERE account_id = ?1').bind(id).first();
  assert.deepEqual(row, { statuses: '0'.repeat(200), last_seq: 200 });
  assert.equal((await writer.api('GET', '/orders?status=0')).headers.get('x-total-count'), '200');
  await shop.close();
});
