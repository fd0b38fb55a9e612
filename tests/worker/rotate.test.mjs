// `npm run rotate`, as an operator does it: a new key in front, the command, the old key out.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { root, run } from '../../scripts/shell.mjs';
import { adminToken, startShop } from './harness.mjs';

const key = (id, byte) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;
const [old, next] = [key('old', 8), key('next', 9)];
const secret = 'EGnHDxD_qRPdaLdZz8iCr8N7_MzF-YHPTkjs6NKYQvQSBngp4PTT';
const folder = await mkdtemp(path.join(tmpdir(), 'pushguard-rotate-'));
let shop;
const restart = async (keys) => {
  await shop?.close();
  shop = await startShop({ persist: folder, settings: { VAULT_KEY: keys, PUBLIC_URL: 'https://desk.example' } }); // each start has a port of its own
};
after(async () => {
  await shop.close();
  await rm(folder, { recursive: true, force: true });
});

const command = (env = {}) =>
  run(process.execPath, [path.join(root, 'scripts', 'rotate.mjs')], { env: { SHOP_URL: shop.url, ADMIN_TOKEN: adminToken, ...env }, mayFail: true });

test('after the command the old key can be taken out, and every account still has what it entrusted', async () => {
  await restart(old);
  const sellers = await Promise.all(Array.from({ length: 12 }, () => shop.admin.createAccount()));
  for (const seller of sellers) {
    await seller.api('PUT', '/account', { gateways: { paypal: { email: 'a@b.co', client_secret: secret } } });
    await seller.api('POST', '/account/webhook_secret');
  }
  const ask = async ({ email, api_key }) => (await shop.fetch('/api/v2/account', { headers: { authorization: `Basic ${btoa(`${email}:${api_key}`)}` } })).json();
  const before = await Promise.all(sellers.map(ask));

  await restart(`${next},${old}`);
  const { code, stdout, stderr } = await command();
  assert.equal(code, 0, stderr);
  // Of each: its secret, the one before, a wallet of each coin in two columns, and two settings.
  assert.match(stdout, new RegExp(`pass 1: ${12 * 10} sealed anew\n· pass 2: 0 sealed anew\nEverything is sealed`));
  assert.ok(!`${stdout}${stderr}`.includes(adminToken));

  await restart(next);
  assert.deepEqual(await Promise.all(sellers.map(ask)), before);
});

test('the command names what no key opens, and ends with an error', async () => {
  const [{ id }] = (await shop.db.prepare('SELECT id FROM accounts LIMIT 1').all()).results;
  await shop.db.prepare("UPDATE gateway_settings SET value = 'gone.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA' WHERE account_id = ?1 AND name = 'email'").bind(id).run();
  const { code, stdout, stderr } = await command();
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`DB gateway_settings\\.value ${id} paypal\\.email\n`));
  assert.ok(!`${stdout}${stderr}`.includes('AAAA'));
});

test('a wrong token or address is said to be one, and the token is not repeated', async () => {
  const wrong = await command({ ADMIN_TOKEN: 'not-the-token-of-this-shop' });
  assert.match(wrong.stderr, /answered 401/);
  assert.ok(!wrong.stderr.includes('not-the-token'));
  assert.match((await command({ SHOP_URL: '' })).stderr, /Set SHOP_URL/);
});
