// Statements that could walk through a table, on D1's own SQLite: what they read goes with what they find, as D1 bills it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { play } from './checkout.mjs';
import { adminToken, spent, startShop } from './harness.mjs';

const orderCount = 30_000;
const blocks = Math.ceil(orderCount / 1024);
let shop, seller, id;

before(async () => {
  shop = await startShop({ settings: { WATCH_SECONDS: '300' }, outbound: () => new Response('{}') });
  seller = await shop.admin.createAccount();
  id = (await shop.db.prepare('SELECT id FROM accounts').first()).id;
  // All are over, and all but a hundredth have the shop's own address.
  await shop.db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${orderCount})
       INSERT INTO orders (account_id, seq, id, revision, product_id, product_title, email, value, currency, quantity, gateway,
         confirmations_needed, status, crypto_value, crypto_address, crypto_index, crypto_rate, rate_source, rate_at,
         quote_expires_at, test, created_at, updated_at)
       SELECT CAST(?1 AS INTEGER), i, printf('%08x-0000-4000-8000-%012x', i * 2654435761 % 4294967296, i), 1, 'pay', 'A book',
         IIF(i % 100, 'shop@example.com', 'b' || i || '@example.com'),
         1000, 'USD', 1, 'bitcoin', 1, CASE WHEN i % 1000 = 1 THEN 100 ELSE 0 END, 20000, 'bc1q' || i, i, '50000', 'fixed', 0, 0, 1, i, i FROM n`,
    )
    .bind(id)
    .run();
  await seller.api('GET', '/account');
});
after(() => shop.close());

/** Rows that it read, and its answer. */
async function reads(act) {
  const before = await shop.fetch('/healthz');
  const answer = await act();
  const { read, trips } = spent(before, await shop.fetch('/healthz'));
  return { answer, read, trips };
}

test('a block of a test account reads its open orders and none that are over', async () => {
  const { read } = await reads(() => play(seller).mine(1));
  assert.ok(read < 60, `${read} rows`);
});

test('a page of an e-mail that stands in nearly all orders reads three rows for each 1024 of them', async () => {
  for (const [query, total] of [
    ['email=shop@example.com', 29_700],
    ['email=shop@example.com&page=1400', 29_700],
    ['email=shop@example.com&status=100', 30],
    ['email=SHOP@example.com&status=51', 0],
    ['email=b100@example.com', 1],
  ]) {
    const { answer, read } = await reads(() => seller.api('GET', `/orders?${query}`));
    assert.equal(answer.headers.get('x-total-count'), String(total), query);
    assert.ok(read <= 3 * blocks + 2 * 20 + 10, `${query} reads ${read} rows`);
  }
});

test('orders whose looks broke off are taken up by what they are, not by all there are', async () => {
  await shop.db.prepare('UPDATE orders SET sync_lease = 1 WHERE account_id = ?1 AND seq % 600 = 0').bind(id).run();
  const lapsed = orderCount / 600;
  const { read } = await reads(() => shop.cron());
  // Each is looked at as well, some while cron's own count is taken.
  assert.ok(read < 40 * lapsed + 200, `${read} rows for ${lapsed} orders`);
});

test('a rotation finds a kept answer by its key, and reads a thousand rows a call', async () => {
  await shop.db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
       INSERT INTO idempotency (account_id, key, request, status, body, created_at)
       SELECT CAST(?1 AS INTEGER), printf('k%05d', i), 'r', 201, 'test.AAAA.AAAA', ?2 FROM n`,
    )
    .bind(id, Date.now())
    .run();
  const rotate = (after) =>
    shop.fetch('/admin/vault/rotate', {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ after }),
    });
  const { answer, read } = await reads(() => rotate('DB idempotency.body -1'));
  assert.equal(answer.status, 200);
  assert.match((await answer.json()).after, /^DB idempotency\.body \d+ k01000$/);
  assert.ok(read <= 5_000, `${read} rows`);
});

/** Tables that do not grow with an account's use, and what bounds them. */
const small = {
  blacklist_rules: 'an account has a thousand at most',
  operator_lists: 'four names',
  operator_revisions: 'those that are being replaced',
  gateway_settings: 'a row for each setting of a gateway',
  oauth_apps: 'the operator registers them',
  oauth_grants: 'an account has fifty of each application at most',
  order_blocks: 'a row for 1024 orders',
  order_counts: 'of a gateway a row for 131072 orders',
  scripts: 'an account has ten at most',
  shards: 'a row for each database',
  wallets: 'a row for each wallet that was ever set',
  webhook_endpoints: 'an account has a hundred at most',
  webhook_receivers: 'those in trouble alone, and a day later none',
};

/** Walks that are meant: the piece of SQL that they are known by, the line of the plan, and why. */
const meant = [
  ['FROM webhook_payloads WHERE account_id = ?1 ORDER BY id DESC LIMIT 1', 'SCAN webhook_payloads', 'from the end, where the statement before it has put the account’s row'],
  ['UPDATE categories SET product_ids', 'SEARCH categories USING INDEX sqlite_autoindex_categories_1 (account_id=?)', 'a deleted product leaves all that name it; a shop has few'],
  ['UPDATE simulated_transactions SET height', 'SEARCH simulated_transactions USING PRIMARY KEY (account_id=?)', 'what a test account has paid to itself'],
];

/** Every statement that the native tests had the shop send, and those of the triggers. */
async function statements() {
  const file = new URL('../../target/statements.jsonl', import.meta.url);
  const lines = await readFile(file, 'utf8').catch(() => assert.fail('There is no target/statements.jsonl: `npm test native`, or STATEMENTS=$PWD/target/statements.jsonl cargo test --test it, writes it.'));
  const { results: triggers } = await shop.db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").all();
  const bodies = triggers.flatMap(({ sql }) => sql.match(/\bBEGIN\b([^]*)\bEND\b/)[1].split(';'));
  const known = lines.trim().split('\n').map(JSON.parse);
  return [...known, ...bodies.filter((sql) => sql.trim() && !sql.includes('RAISE(')).map((sql) => sql.replace(/\b(NEW|OLD)\.\w+/gi, '?1'))];
}

/** Lines of the plan by which a statement walks through a table that grows, without an end that it names. */
function walks(sql, plan, tables) {
  const text = sql.replace(/\s+/g, ' ').trim();
  const tableOf = (name) => tables.find((table) => table === name) ?? tables.find((table) => new RegExp(`\\b${table}( AS)? ${name}\\b`).test(text));
  const grows = (name) => tableOf(name) && !(tableOf(name) in small);
  const isMeant = (line) => meant.some(([piece, known]) => text.includes(piece) && line === known);
  const of = (pattern) => plan.filter((line) => grows(line.match(pattern)?.[1]) && !isMeant(line));
  const whole = of(/^SCAN (\w+)/);
  // Of an account's rows the first or the last ones: an end for each walk.
  const account = of(/^SEARCH (\w+) .*\(account_id=\?\)$/);
  const ends = text.match(/\b(MIN|MAX)\((\w+\.)?seq\)|\bLIMIT\b/g)?.length ?? 0;
  return [...whole, ...(account.length > ends ? account : [])];
}

test('no statement walks through a table, or an account’s part of one, that grows with use', async () => {
  const all = await statements();
  assert.ok(all.length >= 250, `the native tests sent only ${all.length}: a part of them wrote the file`);
  const { results } = await shop.db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const tables = results.map(({ name }) => name);
  const explained = (sql) => {
    const parameters = Math.max(0, ...[...sql.matchAll(/\?(\d+)/g)].map(([, n]) => Number(n)));
    return shop.db.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...Array(parameters).fill(null));
  };
  const found = [];
  for (let n = 0; n < all.length; n += 40) {
    const some = all.slice(n, n + 40);
    const plans = await shop.db.batch(some.map(explained));
    for (const [m, { results: lines }] of plans.entries()) {
      const plan = lines.map(({ detail }) => detail.trim());
      for (const line of walks(some[m], plan, tables)) found.push(`${line}\n  in: ${some[m].replace(/\s+/g, ' ').trim()}`);
    }
  }
  assert.equal(found.length, 0, `\n${found.join('\n')}`);
  console.log(`${all.length} statements were explained`);
});

test('a key of two columns out of a subquery is searched by both', async () => {
  const pairs = (await statements()).filter((sql) => /\(\w+(\.\w+)?, \w+(\.\w+)?\) (NOT )?IN \(/.test(sql));
  assert.ok(pairs.length >= 1);
  for (const sql of pairs) {
    const [, table, first, second] = sql.replace(/\s+/g, ' ').match(/(?:FROM|UPDATE) (\w+) .*?\((\w+), (\w+)\) IN \(/);
    const { results } = await shop.db.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...Array(Math.max(...[...sql.matchAll(/\?(\d+)/g)].map(([, n]) => Number(n)))).fill(null)).all();
    const plan = results.map(({ detail }) => detail.trim());
    assert.ok(plan.some((line) => line.startsWith(`SEARCH ${table} `) && line.includes(`(${first}=? AND ${second}=?`)), `${sql}\n${plan.join('\n')}`);
  }
});
