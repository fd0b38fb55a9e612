// What the checkout loads: files that are served without the Worker, under the names that its pages have.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fnv1a } from '../../scripts/assets.mjs';
import { makeLink } from './checkout.mjs';
import { startShop } from './harness.mjs';

const folder = new URL('../../public/pay/assets/', import.meta.url);
const kinds = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

let shop, named;
before(async () => {
  shop = await startShop({ assets: true });
  const link = await makeLink(await shop.admin.createAccount());
  const files = async (path) => [...(await (await shop.fetch(path)).text()).matchAll(/(?:href|src)="(\/pay\/assets\/[^"]+)"/g)].map(([, file]) => file);
  const [ofCheckout, ofShop] = [await files(link.path), await files('/')];
  assert.deepEqual([ofCheckout.length, ofShop.length], [3, 2]);
  named = [...new Set([...ofCheckout, ...ofShop])];
});
after(() => shop?.close());

test('a page names two or three files, and these are all there are', async () => {
  assert.equal(named.length, 4);
  assert.deepEqual(named.map((path) => path.split('/').pop()).sort(), (await readdir(folder)).sort());
});

test('each is served as what it is, for ever, and without the Worker', async () => {
  for (const path of named) {
    const answer = await shop.fetch(path);
    const text = await answer.text();
    assert.equal(answer.status, 200, path);
    assert.ok(answer.headers.get('content-type').startsWith(kinds[path.split('.').pop()]), path);
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(answer.headers.get('x-d1-usage'), null, 'which the Worker puts on all that it answers here');
    assert.equal(text, await readFile(new URL(path.split('/').pop(), folder), 'utf8'));
    assert.equal((await shop.fetch(path, { method: 'HEAD' })).status, 200);
  }
});

test('what is not there is asked of the Worker', async () => {
  assert.ok((await shop.fetch('/pay/assets/x.css')).headers.get('x-d1-usage'));
});

test('a page of another version gets the files of this one', async () => {
  for (const path of named) {
    const old = path.replace(/[0-9a-f]{16}/, '0123456789abcdef');
    const answer = await fetch(new URL(old, shop.url));
    // The style of the checkout stands in for that of the storefront, which has it in it.
    const kind = path.split('.').pop();
    assert.deepEqual([answer.status, answer.redirected, new URL(answer.url).pathname.split('.').pop()], [200, true, kind], path);
  }
  for (const path of ['/pay/assets/', '/pay/assets/x.css', '/pay/assets/0123456789abcdef.png']) assert.equal((await shop.fetch(path)).status, 404, path);
});

// The values that the draft gives (draft-eastlake-fnv, appendix C).
test('a name is the FNV-1a of its source', () => {
  assert.deepEqual(['', 'a', 'foobar'].map((text) => fnv1a(Buffer.from(text))), ['cbf29ce484222325', 'af63dc4c8601ec8c', '85944171f73967e8']);
});
