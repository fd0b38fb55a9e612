// What the Worker is bound to, and what it keeps there.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { spent, startShop } from './harness.mjs';
import { addEndpoint, openOrder, play } from './checkout.mjs';

const zpub = 'zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs';

let shop;
before(async () => (shop = await startShop({ outbound: () => new Response('ok') })));
after(() => shop.close());

const everyRow = async () => {
  const { results: tables } = await shop.db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'").all();
  const rows = await Promise.all(tables.map(async ({ name }) => (await shop.db.prepare(`SELECT * FROM "${name}"`).all()).results));
  return JSON.stringify(rows);
};

test('every migration is applied to D1, and every table of ours is strict', async () => {
  const files = (await readdir(new URL('../../schema', import.meta.url))).filter((name) => name.endsWith('.sql')).sort();
  const { results: applied } = await shop.db.prepare('SELECT name FROM d1_migrations ORDER BY id').all();
  assert.deepEqual(applied.map(({ name }) => name), files);

  const { results: tables } = await shop.db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").all();
  const ours = tables.filter(({ name }) => !/^(sqlite_|_cf|d1_)/.test(name));
  assert.ok(ours.length >= 9, `there are only ${ours.length} tables`);
  for (const { name, sql } of ours) assert.match(sql, /\) STRICT\b/, name);
});

test('a local database that was made from other migrations is refused, with what to do about it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pushguard-state-'));
  try {
    const old = await startShop({ persist: folder });
    await old.db.prepare("INSERT INTO d1_migrations (name) VALUES ('0005_claims.sql')").run();
    await old.close();
    await assert.rejects(startShop({ persist: folder }), /made from other migrations.*\(0005_claims\.sql\)\.\nRemove that folder/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('KV holds the account, but not its key, its secret or its e-mail', async () => {
  const seller = await shop.admin.createAccount({ email: 'kept-in-kv@example.com' });
  const kv = await shop.mf.getKVNamespace('KV');
  const { keys } = await kv.list();
  const accounts = keys.filter(({ name }) => name.startsWith('account:'));
  assert.equal(accounts.length, 1);
  const everything = JSON.stringify(await Promise.all(keys.map(async ({ name }) => [name, await kv.get(name)])));
  assert.match(everything, /[0-9a-f]{64}/, 'the hash of the key is there');
  for (const secret of [seller.api_key, seller.webhook_secret, seller.email]) assert.ok(!everything.includes(secret), secret);
});

test('D1 holds no API key, no webhook secret and no xpub in the clear', async () => {
  const seller = await shop.admin.createAccount();
  const set = await seller.api('PUT', '/account', { gateways: { bitcoin: { xpub: zpub } } });
  assert.equal(set.status, 200, set.text);
  await addEndpoint(seller, 'http://127.0.0.1:9/');
  await play(seller).pay(await openOrder(shop, seller));
  const everything = await everyRow();
  assert.ok(everything.includes(seller.email), 'the dump has all tables in it');
  for (const secret of [seller.api_key, seller.webhook_secret, seller.webhook_secret.slice(6), zpub]) assert.ok(!everything.includes(secret), secret);
});

test('health is told without asking D1', async () => {
  const answers = [];
  for (let n = 0; n < 10; n++) answers.push(await shop.fetch('/healthz'));
  assert.equal(answers[0].status, 200);
  const body = await answers[0].json();
  assert.equal(body.status, 'ok');
  assert.match(body.version, /^\d+\.\d+\.\d+/);
  // The count is the isolate's: a webhook of the test before may be on its way meanwhile, but not between all of them.
  const trips = answers.slice(1).map((answer, n) => spent(answers[n], answer).trips);
  assert.equal(Math.min(...trips), 0, `trips: ${trips}`);
});

test('an unknown path is a 404 in JSON, and every answer has a request id of its own', async () => {
  const ids = new Set();
  const seller = await shop.admin.createAccount();
  for (const path of ['/nothing/at/all', '/nothing', '/api', '/api/v2/nothing', '/admin/nothing']) {
    const plain = await shop.fetch(path, { headers: { authorization: `Basic ${btoa(`${seller.email}:${seller.api_key}`)}` } });
    assert.equal(plain.status, 404, path);
    assert.equal(plain.headers.get('content-type'), 'application/json', path);
    assert.deepEqual(await plain.json(), { message: 'The specified resource could not be found' }, path);
    assert.match(plain.headers.get('strict-transport-security'), /max-age=\d{7,}/);
    ids.add(plain.headers.get('x-request-id'));
  }
  assert.equal(ids.size, 5);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
});

test('HEAD works where GET does, without a body', async () => {
  const seller = await shop.admin.createAccount();
  for (const path of ['/orders', '/account', '/webhooks/endpoints']) {
    const [head, get] = [await seller.api('HEAD', path), await seller.api('GET', path)];
    assert.deepEqual([head.status, head.text], [200, ''], path);
    assert.equal(head.headers.get('x-total-count'), get.headers.get('x-total-count'), path);
  }
});

test('a missing secret answers everything with a 503 that names it', async () => {
  for (const name of ['ADMIN_TOKEN', 'TOKEN_KEYS', 'VAULT_KEY']) {
    const bare = await startShop({ settings: { [name]: undefined } });
    try {
      for (const path of ['/healthz', '/api/v2/orders', '/pay/x/y', '/admin/accounts']) {
        const answer = await bare.fetch(path);
        assert.equal(answer.status, 503, path);
        const { message } = await answer.json();
        assert.match(message, new RegExp(`${name} is not set`), path);
      }
    } finally {
      await bare.close();
    }
  }
});

test('in production nothing is told over plain HTTP, and what D1 costs is nobody’s business', async () => {
  const production = await startShop({ settings: { ALLOW_INSECURE_URLS: undefined } });
  try {
    const answer = await production.fetch('/api/v2/orders', { headers: { authorization: `Basic ${btoa('a@example.com:x')}` } });
    assert.equal(answer.status, 403);
    assert.deepEqual(await answer.json(), { message: 'All API requests must be made over HTTPS' });
    assert.equal(answer.headers.get('x-d1-usage'), null);

    const secure = await production.mf.dispatchFetch('https://pay.example.com/api/v2/orders');
    assert.equal(secure.status, 401);
    assert.match(secure.headers.get('www-authenticate'), /^Basic/);
  } finally {
    await production.close();
  }
});

test('in production an admin token that can be guessed is refused', async () => {
  const careless = await startShop({ settings: { ALLOW_INSECURE_URLS: undefined, ADMIN_TOKEN: 'admin' } });
  try {
    const answer = await careless.fetch('/healthz');
    assert.equal(answer.status, 503);
    assert.match((await answer.json()).message, /ADMIN_TOKEN is too short/);
  } finally {
    await careless.close();
  }
});
