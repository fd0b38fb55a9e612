// `npm run backup` and `npm run restore`, by wrangler's own export and import: a shop that was used is put into an empty one, and every row
// is compared. Only Cloudflare's account is another: the databases and uploads are those of Miniflare.
import assert from 'node:assert/strict';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { unstable_readConfig } from 'wrangler';
import { backup, rowsIn } from '../../scripts/backup.mjs';
import { npmBinary, root, run } from '../../scripts/shell.mjs';
import { restore } from '../../scripts/restore.mjs';
import { addEndpoint, makeLink, openOrder, play } from './checkout.mjs';
import { startShop, until } from './harness.mjs';

const config = unstable_readConfig({ config: path.join(root, 'wrangler.toml') });
const key = (id, byte) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;
const secrets = { ADMIN_TOKEN: 'test-admin-token-of-32-letters-xx', VAULT_KEY: `${key('new', 7)},${key('old', 8)}`, TOKEN_KEYS: key('t', 9) };
const folder = await mkdtemp(path.join(tmpdir(), 'pushguard-backup-test-'));
const place = (name) => path.join(folder, name);
const kept = place('kept');
after(() => rm(folder, { recursive: true, force: true }));

const startAt = (name, settings = secrets) => startShop({ persist: place(name), settings: { ...settings, PUBLIC_URL: 'https://desk.example' }, outbound: () => new Response('ok') });

/** wrangler, for which the state of a shop of this test is the account. */
function account(name, { without = [] } = {}) {
  const state = path.join(place(name), 'cloudflare');
  const databases = config.d1_databases.map(({ database_name, database_id }) => ({ name: database_name, uuid: database_id })).filter(({ name }) => !without.includes(name));
  return async (args, options = {}) => {
    const [what, verb] = args;
    const said = (stdout) => ({ code: 0, stdout, stderr: '' });
    if (what === 'd1' && verb === 'list') return said(JSON.stringify(databases));
    if (what === 'd1' && verb === 'create') return said(String(databases.push({ name: args[2], uuid: config.d1_databases[0].database_id })));
    if (what === 'r2' && verb === 'bucket') return said('{}');
    // What wrangler keeps on this machine stands beside the configuration.
    const beside = path.join(path.dirname(args[args.indexOf('--config') + 1]), '.wrangler', 'state');
    await mkdir(state, { recursive: true });
    await mkdir(beside, { recursive: true });
    await symlink(state, path.join(beside, 'v3')).catch((error) => assert.equal(error.code, 'EEXIST'));
    return run(npmBinary('wrangler'), args.map((arg) => (arg === '--remote' ? '--local' : arg)), { ...options, cwd: path.dirname(path.dirname(beside)), env: { WRANGLER_SEND_METRICS: 'false', CI: '1', NO_COLOR: '1', FORCE_COLOR: '0' } });
  };
}

/** {table: its rows, as texts, in an order that is theirs} of everything but what the platform keeps. */
async function everyRow(shop) {
  const { results } = await shop.db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name").all();
  const rows = {};
  for (const { name } of results) rows[name] = (await shop.db.prepare(`SELECT * FROM "${name}"`).all()).results.map((row) => JSON.stringify(row)).sort();
  return rows;
}

const schemaOf = async (shop) => (await shop.db.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name").all()).results;
const stateOf = async (seller, api) => JSON.stringify([(await api(seller, '/account')).body, (await api(seller, '/orders?per_page=50')).body, (await api(seller, '/products')).body]);

describe('a backup', { concurrency: 1 }, () => {
  let seller, link, product, rows, schema, state, manifest;
  const api = (shop) => async ({ email, api_key }, at) => {
    const answer = await shop.fetch(`/api/v2${at}`, { headers: { authorization: `Basic ${btoa(`${email}:${api_key}`)}` } });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  };

  before(async () => {
    const shop = await startAt('used');
    seller = await shop.admin.createAccount();
    await seller.api('PUT', '/account', { gateways: { paypal: { email: 'a@b.co', client_secret: 'EGnHDxD_qRPdaLdZz8iCr8N7_MzF-YHPTkjs6NKYQvQSBngp4PTT' } } });
    await addEndpoint(seller, 'https://seller.example/hook');
    product = (await seller.api('POST', '/products', { title: "It's\n'INSERT INTO \"orders\"'\n\\ ü😀\u2028;", description: '; -- x', price: '1', currency: 'USD', product_type: 1, gateways: ['bitcoin'] })).body;
    await seller.api('PUT', `/products/${product.id}/file?filename=a.bin`, 'the goods', { 'content-type': 'application/octet-stream' });
    const serials = (await seller.api('POST', '/products', { title: 'Keys', description: 'x', price: '1', currency: 'USD', product_type: 2, gateways: ['bitcoin'], info: 'A\nB\nC', stock_delimiter: '\n' })).body;
    await seller.api('POST', '/coupons', { code: 'TEN', discount_type: 'percent', discount: '10' });
    await seller.api('POST', '/blacklist', { blacklist_type: 2, blocked_data: '192.0.2.0/24' });
    await seller.api('POST', '/blacklist_rules', { name: 'one', action_type: 'block', rule: 'customer.email == "x@y.co"' });
    const order = await openOrder(shop, seller, { title: "O'Neill\nINSERT INTO \"orders\" VALUES(1);" });
    await play(seller).pay(order);
    await play(seller).mine(6, order);
    const bought = await seller.api('POST', '/pay', { product_id: serials.id, gateway: 'Bitcoin', white_label: true, email: 'ada@example.com' });
    await play(seller).pay({ orderId: bought.body.id });
    await seller.api('POST', '/queries', { order_id: order.orderId, email: 'ada@example.com', subject: 'Why?', message: "it's" });
    link = await makeLink(seller);
    await until('the webhooks', async () => (await seller.api('GET', '/webhooks/logs?per_page=50')).body.every(({ response_code }) => response_code === 200));
    [rows, schema, state] = [await everyRow(shop), await schemaOf(shop), await stateOf(seller, api(shop))];
    await shop.close();
  });

  test('holds every row and upload, and says which keys it needs', async () => {
    const made = await backup({ wrangler: account('used'), config, folder: kept, secrets });
    manifest = made.manifest;
    assert.deepEqual(made.missing, []);
    assert.deepEqual(manifest.needs.VAULT_KEY, ['new']);
    assert.equal(manifest.files.length, 1);
    const counts = Object.fromEntries(Object.entries(rows).map(([table, list]) => [table, list.length]).filter(([, count]) => count));
    assert.deepEqual(manifest.databases[0].rows, counts);
    assert.ok(Object.keys(counts).length > 20, 'the shop was used');
    await assert.rejects(backup({ wrangler: account('used'), config, folder: kept, secrets }), /is there already/);
  });

  test('that is made where its keys are not kept says so', async () => {
    const { missing } = await backup({ wrangler: account('used'), config, folder: place('kept-elsewhere'), secrets: { VAULT_KEY: key('other', 1) }, files: false });
    assert.match(missing.join('\n'), /VAULT_KEY: the key new, .*\nTOKEN_KEYS, .*\nADMIN_TOKEN, /);
  });

  test('is not put into a shop without its keys, nor over one that is used, nor when it is damaged', async () => {
    await assert.rejects(restore({ wrangler: account('empty'), config, folder: kept, secrets: { ...secrets, VAULT_KEY: key('other', 1) } }), /VAULT_KEY: the key new/);
    await assert.rejects(restore({ wrangler: account('used'), config, folder: kept, secrets }), /isn't empty/);
    const damaged = place('damaged');
    await cp(kept, damaged, { recursive: true });
    await appendFile(path.join(damaged, 'DB.sql'), '\n');
    await assert.rejects(restore({ wrangler: account('empty'), config, folder: damaged, secrets }), /DB\.sql of the backup is damaged/);
    await rm(path.join(damaged, 'backup.json'));
    await assert.rejects(restore({ wrangler: account('empty'), config, folder: damaged, secrets }), /no backup\.json/);
  });

  test('put into an empty account is the same shop, row for row', async () => {
    const done = await restore({ wrangler: account('empty', { without: ['pushguard'] }), config, folder: kept, secrets });
    assert.deepEqual(done, { rows: Object.values(rows).reduce((sum, list) => sum + list.length, 0), files: 1 });
    const shop = await startAt('empty');
    try {
      assert.deepEqual(await everyRow(shop), rows);
      assert.deepEqual(await schemaOf(shop), schema);
      // Secrets are read, the key is known, and nothing of it stood in KV.
      assert.equal(await stateOf(seller, api(shop)), state);
      const file = await shop.fetch(`/api/v2/products/${product.id}/file`, { headers: { authorization: `Basic ${btoa(`${seller.email}:${seller.api_key}`)}` } });
      assert.equal(await file.text(), 'the goods');
      // A link that was handed out opens, and becomes an order, whose counters and triggers go on.
      assert.equal((await shop.fetch(link.path)).status, 200);
      assert.equal((await shop.fetch(link.path, { method: 'POST', body: new URLSearchParams({}) })).status, 303);
      assert.equal((await api(shop)(seller, '/orders?per_page=50')).body.length, JSON.parse(state)[1].length + 1);
    } finally {
      await shop.close();
    }
  });

  test('a text that looks like a row is none', async () => {
    const file = place('dump.sql');
    await writeFile(file, `INSERT INTO "a" VALUES('x\nINSERT INTO "b" VALUES(1);\n');\nINSERT INTO "a" VALUES('it''s');\n`);
    assert.deepEqual(await rowsIn(file), { a: 2 });
    assert.ok((await readFile(path.join(kept, 'DB.sql'), 'utf8')).includes('CREATE TRIGGER'));
  });
});
