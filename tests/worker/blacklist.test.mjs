// What it costs to look for a buyer, as D1 bills it: with a hundred thousand entries as with a few. And the operator's lists.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { adminToken, spent, startShop } from './harness.mjs';

const entryCount = 100_000;
const rangeCount = 10_000;
let shop, seller, id, look;

before(async () => {
  shop = await startShop();
  seller = await shop.admin.createAccount();
  id = (await shop.db.prepare('SELECT id FROM accounts').first()).id;
  // The statement of the native tests, which are read as scans.test.mjs reads them.
  const file = await readFile(new URL('../../target/statements.jsonl', import.meta.url), 'utf8');
  look = file.trim().split('\n').map(JSON.parse).find((sql) => sql.includes('AS hits') && sql.includes('AS lists'));
  assert.ok(look, 'the native tests sent no look');
});
after(() => shop.close());

/** The ranges around an address of v4, by length. */
function around(address) {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return Array.from({ length: 33 }, (_, length) => {
    const size = 2 ** (32 - length);
    const first = Math.floor(number / size) * size;
    const text = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.');
    return length === 32 ? text : `${text}/${length}`;
  });
}

/** `blacklist::Keys` of a buyer → {hits, lists, read}. */
async function lookFor({ email, domain, address, country }) {
  const keys = {
    email: email ? [email, `*@${domain}`, '*@*.com'] : [],
    ...(address && { family: 4, at: `4${address.split('.').map((part) => Number(part).toString(16).padStart(2, '0')).join('')}` }),
    ip: address ? around(address) : [],
    ...(country && { country }),
    domains: domain ? [domain] : [],
  };
  const { results, meta } = await shop.db.prepare(look).bind(id, Date.now(), JSON.stringify(keys)).all();
  return { hits: JSON.parse(results[0].hits), lists: JSON.parse(results[0].lists), read: meta.rows_read };
}

async function fill() {
  const run = (sql) => shop.db.prepare(sql).bind(id).run();
  const columns = 'account_id, seq, id, blacklist_type, blocked_data, created_at, updated_at';
  for (let from = 1; from <= entryCount; from += 10_000) {
    await run(
      `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${from + 9_999})
       INSERT INTO blacklist (${columns}) SELECT CAST(?1 AS INTEGER), i, printf('%08d', i), IIF(i <= ${rangeCount}, 2, 1), CASE
         WHEN i <= ${rangeCount / 2} THEN printf('10.%d.%d.0/24', i / 250, i % 250)
         WHEN i <= ${rangeCount} THEN printf('2001:db8:%x::/48', i) ELSE printf('buyer%d@example.com', i) END, 0, 0 FROM n`,
    );
  }
  const nested = JSON.stringify(around('10.3.4.5').slice(8, 24));
  await shop.db
    .prepare(`INSERT INTO blacklist (${columns}) SELECT CAST(?1 AS INTEGER), 200000 + key, 'n' || key, 2, value, 0, 0 FROM json_each(?2)`)
    .bind(id, nested)
    .run();
}

const everything = { email: 'buyer99999@example.com', domain: 'example.com', address: '10.3.4.5', country: 'SE' };

test('a look at a hundred thousand entries, ten thousand of them ranges that nest, reads at most fifty rows', async () => {
  const empty = await lookFor(everything);
  await fill();
  const full = await lookFor(everything);
  assert.deepEqual(full.hits.map(({ matched }) => matched), ['buyer99999@example.com', ...around('10.3.4.5').slice(17, 25).reverse()]);
  assert.ok(full.read <= 50, `${full.read} rows`);
  const miss = await lookFor({ ...everything, email: 'nobody@example.com', address: '192.0.2.7' });
  assert.equal(miss.hits.length, 0);
  assert.ok(miss.read <= 50, `${miss.read} rows`);
  const { results } = await shop.db.prepare(`EXPLAIN QUERY PLAN ${look}`).bind(id, 0, '{}').all();
  const plan = results.map(({ detail }) => detail.trim());
  assert.equal(plan.filter((line) => /^SEARCH b USING INDEX blacklist_fact \(account_id=\? AND blacklist_type=\? AND blocked_data=\?\)/.test(line)).length, 3, plan.join('\n'));
  console.log(`a look reads ${empty.read} rows of an empty list; of ${entryCount}: ${full.read} with nine hits, ${miss.read} with none`);
});

test('entries come in by a file, ten thousand at a time', async () => {
  const other = await shop.admin.createAccount();
  const rows = Array.from({ length: 10_000 }, (_, n) => `b${n}@example.com,${n % 2 ? 'Charged back' : ''}`);
  const from = await shop.fetch('/healthz');
  const answer = await other.api('POST', '/blacklist/import', ['blocked_data,note', ...rows].join('\n'), { 'content-type': 'text/csv' });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.added, 10_000);
  const { trips, read, written } = spent(from, await shop.fetch('/healthz'));
  console.log(`10,000 entries: ${trips} trips, ${read} rows read, ${written} written`);
  assert.ok(trips <= 3, `${trips} trips`);
  assert.equal((await other.api('GET', '/blacklist?per_page=50&page=200')).headers.get('x-total-count'), '10000');
});

test('a list of a hundred thousand networks costs a look two rows', async () => {
  const put = (name, body) => shop.fetch(`/admin/lists/${name}`, { method: 'PUT', headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'text/plain' }, body });
  const before = await lookFor({ address: '10.2.4.7' });
  // Every other address, so that none are merged.
  const lines = Array.from({ length: 100_000 }, (_, n) => `10.${(n >> 15) & 255}.${(n >> 7) & 255}.${(n & 127) * 2}`);
  const started = performance.now();
  const answer = await put('hosting', lines.join('\n'));
  assert.equal(answer.status, 200, await answer.clone().text());
  console.log(`100,000 networks were put in ${Math.round(performance.now() - started)} ms`);
  assert.deepEqual((await lookFor({ address: '10.2.4.6' })).lists, ['hosting']);
  const miss = await lookFor({ address: '10.2.4.7' });
  assert.deepEqual(miss.lists, []);
  assert.ok(miss.read <= before.read + 2, `${miss.read} rows, and ${before.read} before`);
  assert.equal((await put('disposable', 'trash.example\n')).status, 200);
  assert.deepEqual((await lookFor({ email: 'a@trash.example', domain: 'trash.example' })).lists, ['disposable']);
  // What was replaced goes a part at a time.
  assert.equal((await put('hosting', '10.0.0.1')).status, 200);
  await shop.cron();
  const left = await shop.db.prepare('SELECT COUNT(*) AS n FROM operator_ranges').first('n');
  assert.ok(left < 90_000 && left > 50_000, `${left} rows are left`);
});
