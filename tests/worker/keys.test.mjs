// API keys, over the life of a deployment: made, used, replaced, and still known after a restart.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { adminToken, startShop } from './harness.mjs';
import { makeLink } from './checkout.mjs';

let folder, shop, seller;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushguard-keys-'));
  shop = await startShop({ persist: folder });
  seller = await shop.admin.createAccount();
});
after(async () => {
  await shop.close();
  await rm(folder, { recursive: true, force: true });
});

const comesIn = async (key, email = seller.email) => {
  const answer = await shop.fetch('/api/v2/orders', { headers: { authorization: `Basic ${btoa(`${email}:${key}`)}` } });
  await answer.arrayBuffer();
  assert.ok([200, 401].includes(answer.status), `it answered ${answer.status}`);
  return answer.status === 200;
};

async function restart() {
  await shop.close();
  shop = await startShop({ persist: folder });
}

test('a key lets its own account in, and no other', async () => {
  const other = await shop.admin.createAccount();
  assert.equal(await comesIn(seller.api_key), true);
  assert.equal(await comesIn(seller.api_key, seller.email.toUpperCase()), true);
  assert.equal(await comesIn(other.api_key), false);
  assert.equal(await comesIn(seller.api_key.slice(0, -1)), false);
  assert.equal(await comesIn(''), false);
  assert.equal(await comesIn(seller.api_key, 'nobody@example.com'), false);
});

test('a new key works at once, and the old one is dead at once', async () => {
  const old = seller.api_key;
  assert.equal(await comesIn(old), true, 'its record is in the cache');
  const answer = await seller.api('POST', '/account/api_key');
  assert.equal(answer.status, 201);
  assert.match(answer.headers.get('cache-control'), /no-store/);
  seller.api_key = answer.body.api_key;
  assert.notEqual(seller.api_key, old);
  assert.equal(await comesIn(old), false);
  assert.equal(await comesIn(seller.api_key), true);
  assert.equal((await shop.fetch('/api/v2/account/api_key', { method: 'POST', headers: { authorization: `Basic ${btoa(`${seller.email}:${old}`)}` } })).status, 401);
});

test('after a restart the new key works and the old one doesn’t, from the cache or without it', async () => {
  const old = seller.api_key;
  const replaced = await shop.fetch('/api/v2/account/api_key', { method: 'POST', headers: { authorization: `Basic ${btoa(`${seller.email}:${old}`)}` } });
  seller.api_key = (await replaced.json()).api_key;
  await restart();
  assert.equal(await comesIn(seller.api_key), true);
  assert.equal(await comesIn(old), false);

  const kv = await shop.mf.getKVNamespace('KV');
  for (const { name } of (await kv.list()).keys) await kv.delete(name);
  await restart();
  assert.equal(await comesIn(seller.api_key), true);
  assert.equal(await comesIn(old), false);
});

test('a link made before a restart opens after it, and not under other token keys', async () => {
  const again = await shop.admin.createAccount();
  const link = await makeLink(again);
  await restart();
  assert.equal((await shop.fetch(link.path)).status, 200);
  await shop.close();
  const key = (byte) => Buffer.alloc(32, byte).toString('base64');
  shop = await startShop({ persist: folder, settings: { TOKEN_KEYS: `new:${key(7)},test:${key(1)}` } });
  assert.equal((await shop.fetch(link.path)).status, 200, 'a key that was replaced is still understood');
  await shop.close();
  shop = await startShop({ persist: folder, settings: { TOKEN_KEYS: `new:${key(7)}` } });
  assert.equal((await shop.fetch(link.path)).status, 404);
});

test('accounts are made by the operator only', async () => {
  const body = JSON.stringify({ email: 'new@example.com', shop_name: 'New' });
  for (const authorization of [undefined, 'Bearer wrong', `Basic ${btoa(`admin:${adminToken}`)}`, `Bearer ${adminToken}x`]) {
    const answer = await shop.fetch('/admin/accounts', { method: 'POST', body, headers: authorization ? { authorization } : {} });
    assert.equal(answer.status, 401, authorization);
  }
  const made = await shop.fetch('/admin/accounts', { method: 'POST', body, headers: { authorization: `Bearer ${adminToken}` } });
  assert.equal(made.status, 201);
});
