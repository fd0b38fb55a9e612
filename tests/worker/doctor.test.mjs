// `npm run doctor` finds what is wrong with a deployment: one is broken after another, and each time it names what is ill, and nothing else
// that isn't ill because of it.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { examine, examineAccount, report } from '../../scripts/doctor.mjs';
import { root, run } from '../../scripts/shell.mjs';
import { adminToken, startShop } from './harness.mjs';

const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
const named = (findings, state) => findings.filter((finding) => finding.state === state).map(({ name }) => name.split(' (')[0]);

/** Looks at a shop with these settings, that `spoil` has broken → {findings, ill, said}. */
async function look({ settings, spoil, options = {}, ...more } = {}) {
  const shop = await startShop({ assets: true, outbound: () => new Response('no', { status: 405 }), settings, ...more });
  try {
    await spoil?.(shop);
    return seen(await examine(shop.url, { token: adminToken, version, wait: 5, ...options }));
  } finally {
    await shop.close();
  }
}

const seen = (findings) => ({ findings, ill: named(findings, 'ill'), said: report(findings) });

describe('the doctor', { concurrency: 1 }, () => {
  test('finds a whole deployment well, again and again, and leaves one account', async () => {
    const shop = await startShop({ assets: true, outbound: () => new Response('no', { status: 405 }) });
    try {
      for (let visit = 0; visit < 2; visit += 1) {
        const { findings, ill, said } = seen(await examine(shop.url, { token: adminToken, version, wait: 10 }));
        assert.deepEqual(ill, [], said);
        assert.ok(named(findings, 'well').length >= 10, said);
        assert.deepEqual(named(findings, 'unknown'), ['cron, and rates of real coins']);
      }
      assert.equal(await shop.db.prepare('SELECT COUNT(*) AS n FROM accounts').first('n'), 1);
      assert.equal(await shop.db.prepare('SELECT COUNT(*) AS n FROM products').first('n'), 0);
      const { stdout, code } = await run(process.execPath, [path.join(root, 'scripts', 'doctor.mjs'), shop.url], { env: { ADMIN_TOKEN: adminToken }, mayFail: true });
      assert.equal(code, 0, stdout);
      assert.match(stdout, /^✓ address: /m);
      assert.ok(!stdout.includes(adminToken));
      const unasked = await examine(shop.url, { version });
      assert.deepEqual(named(unasked, 'unknown'), ['operator’s token and database']);
    } finally {
      await shop.close();
    }
  });

  test('tells that nothing answers', async () => {
    const { ill, said } = seen(await examine('http://127.0.0.1:9', { token: adminToken }));
    assert.deepEqual(ill, ['address']);
    assert.match(said, /ECONNREFUSED|doesn't answer/);
  });

  test('tells that something else answers, and gives it no token', async () => {
    const heard = [];
    const other = createServer((request, response) => (heard.push(request.headers.authorization), response.end('<h1>Hello</h1>')));
    await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { ill, said } = seen(await examine(`http://127.0.0.1:${other.address().port}`, { token: adminToken }));
    other.close();
    assert.deepEqual(ill, ['address']);
    assert.match(said, /answered by something else/);
    assert.deepEqual([...new Set(heard)], [undefined]);
  });

  for (const name of ['ADMIN_TOKEN', 'TOKEN_KEYS', 'VAULT_KEY']) {
    test(`names ${name}, which is missing`, async () => {
      const { ill, said } = await look({ settings: { [name]: undefined } });
      assert.deepEqual(ill, ['settings and secrets']);
      assert.match(said, new RegExp(name));
    });
  }

  test('tells an old version', async () => {
    const { ill, said } = await look({ options: { version: '9.9.9', purchase: false } });
    assert.deepEqual(ill, ['version']);
    assert.match(said, /this folder has 9\.9\.9/);
  });

  test('tells that the static files are missing', async () => {
    const { ill } = await look({ assets: false, options: { purchase: false } });
    assert.deepEqual(ill, ['static files', 'lists of networks']);
  });

  test('tells a wrong token', async () => {
    const { ill, said } = await look({ options: { token: 'another-token-of-32-letters-xxxx' } });
    assert.deepEqual(ill, ['operator’s token and database']);
    assert.match(said, /not this deployment's ADMIN_TOKEN/);
  });

  test('tells a database without its tables', async () => {
    const { ill, said } = await look({ spoil: (shop) => shop.db.prepare('DROP TABLE accounts').run() });
    assert.deepEqual(ill, ['operator’s token and database']);
    assert.match(said, /are the migrations applied/);
  });

  test('tells a migration that was not applied', async () => {
    const { ill, said } = await look({ spoil: (shop) => shop.db.prepare('ALTER TABLE orders DROP COLUMN referral').run() });
    assert.deepEqual(ill, ['purchase'], said);
    assert.match(said, /migrations applied/);
  });

  test('tells that the keys were replaced', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'pushguard-doctor-'));
    const settings = (byte) => ({ VAULT_KEY: `k${byte}:${Buffer.alloc(32, byte).toString('base64')}` });
    try {
      assert.deepEqual((await look({ persist: folder, settings: settings(3) })).ill, []);
      const { ill, said } = await look({ persist: folder, settings: settings(4) });
      assert.ok(ill[0] === 'keys', said);
      assert.match(said, /sealed under another VAULT_KEY/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('tells that links lead elsewhere', async () => {
    const { ill, said } = await look({ settings: { PUBLIC_URL: 'https://old.example' } });
    assert.deepEqual(ill, ['purchase']);
    assert.match(said, /links lead to https:\/\/old\.example: set PUBLIC_URL/);
  });

  test('tells that nobody takes webhooks out of the queue', async () => {
    const { ill, said } = await look({ consumers: false });
    assert.deepEqual(ill, ['queue of webhooks']);
    assert.match(said, /pushguard-deliveries/);
  });

  test('tells that the switches of development are on, and that an address is not https', async () => {
    const shop = await startShop({ assets: true });
    try {
      const disguised = (address, init) => fetch(new URL(new URL(address).pathname, shop.url), init);
      const { ill, said } = seen(await examine('https://shop.example', { purchase: false, token: adminToken, version, fetch: disguised }));
      assert.deepEqual(ill, ['production switches'], said);
      assert.match(said, /ALLOW_INSECURE_URLS is on/);
      const plain = seen(await examine('http://shop.example', { token: adminToken, fetch: disguised }));
      assert.match(plain.said, /is not https/);
    } finally {
      await shop.close();
    }
  });

  test('asks the account at Cloudflare for secrets and migrations', async () => {
    const files = (await readdir(path.join(root, 'schema'))).filter((name) => name.endsWith('.sql')).sort();
    const config = { name: 'pushguard', compatibility_date: '2026-04-01', d1_databases: [{ binding: 'DB', database_name: 'pushguard' }] };
    const account = (secrets, applied) => async (args) => {
      const answers = [
        ['secret list', secrets.map((name) => ({ name }))],
        ['d1 list', [{ name: 'pushguard', uuid: 'x' }]],
        ['d1_migrations', [{ results: applied.map((name) => ({ name })) }]],
        ['COUNT', [{ results: [{ accounts: 3 }] }]],
      ];
      return { code: 0, stdout: JSON.stringify(answers.find(([words]) => args.join(' ').includes(words))[1]), stderr: '' };
    };
    const all = ['ADMIN_TOKEN', 'TOKEN_KEYS', 'VAULT_KEY'];
    const state = async (...given) => report(await examineAccount({ wrangler: account(...given), config, files }));
    assert.match(await state(all, files), /✓ secrets[^]*✓ migrations of DB: all \d+ are applied; 3 accounts/);
    assert.match(await state(['ADMIN_TOKEN'], files.slice(0, -1)), /✗ secrets of the Worker: TOKEN_KEYS, VAULT_KEY missing[^]*✗ migrations of DB: \S+ not applied/);
    assert.match(await state(all, [...files, '9999_later.sql']), /✗ migrations of DB: 9999_later\.sql applied, which this folder doesn't have/);
  });
});
