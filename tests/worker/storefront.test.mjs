// The storefront on the real module: what its pages cost, weigh and load, and that one order is one order.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { spent, startShop } from './harness.mjs';

let shop, seller, product, paths;
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

before(async () => {
  shop = await startShop({ settings: { WATCH_SECONDS: '300' } });
  seller = await shop.admin.createAccount();
  await seller.api('PUT', '/account', { shop: { slug: 'ada', accent_color: '#0b6e5f', description: 'Apps for **everybody**.' } });
  const made = await seller.api('POST', '/products', {
    title: 'Key', description: 'One **key**.', price: '10', currency: 'USD', product_type: 2, gateways: ['bitcoin', 'litecoin', 'ethereum'], info: 'A,B,C,D,E',
  });
  product = made.body.id;
  const basic = `Basic ${Buffer.from(`${seller.email}:${seller.api_key}`).toString('base64')}`;
  await shop.fetch(`/api/v2/products/${product}/image`, { method: 'PUT', headers: { authorization: basic, 'content-type': 'image/png' }, body: png });
  const category = await seller.api('POST', '/categories', { title: 'All', product_ids: [product], unlisted: false });
  paths = ['/', '/shop/ada', '/shop/ada/contact', `/category/${category.body.id}`, `/product/${product}`];
});
after(() => shop?.close());

const usage = () => shop.fetch('/healthz');

async function tripsOf(doing) {
  const before = await usage();
  const answer = await doing();
  return { answer, ...spent(before, await usage()) };
}

test('a page that was asked for a moment ago asks D1 nothing', async () => {
  for (const path of paths) assert.equal((await shop.fetch(path)).status, 200, path);
  for (const path of paths) {
    const { answer, trips } = await tripsOf(() => shop.fetch(path));
    assert.deepEqual([answer.status, trips], [200, 0], path);
  }
});

test('what a seller changes is on the page at once, which reads its rows in one round trip or two', async () => {
  await seller.api('PUT', `/products/${product}`, { title: 'Golden key' });
  const { answer, trips, read } = await tripsOf(() => shop.fetch(`/product/${product}`));
  assert.match(await answer.text(), /Golden key/);
  assert.equal(trips, 2);
  console.log(`a cold product page reads ${read} rows`);
  assert.ok(read <= 20, `${read} rows`);
});

test('a page loads two files beside its pictures, from nobody else, and is under 25 KB, compressed', async () => {
  for (const path of paths) {
    const html = await (await shop.fetch(path)).text();
    const loads = [...html.matchAll(/<(?:link rel="(?:stylesheet|icon)"|script|img)[^>]*?(?:href|src)="([^"]+)"/g)].map(([, url]) => url);
    assert.ok(loads.every((url) => url.startsWith('/pay/assets/') || url.startsWith('/images/')), loads.join());
    assert.equal(loads.filter((url) => url.startsWith('/pay/assets/')).length, 2, path);
    const style = await readFile(new URL(`../../public${loads.find((url) => url.endsWith('.css'))}`, import.meta.url));
    const size = gzipSync(html).length + gzipSync(style).length;
    console.log(`${path}: ${size} bytes with its style, compressed`);
    assert.ok(size <= 25_000, `${path} has ${size} bytes`);
  }
});

test('a picture is kept for ever under an address that never shows another', async () => {
  const html = await (await shop.fetch(`/product/${product}`)).text();
  const [, path] = html.match(/<img[^>]+src="(\/images\/[0-9a-f]{40}\/[0-9a-f]{40})"[^>]+width="640" height="480"/);
  const answer = await shop.fetch(path);
  assert.deepEqual([answer.status, answer.headers.get('cache-control')], [200, 'public, max-age=31536000, s-maxage=3600, immutable']);
});

test('an order is three round trips, and the same form again is the same order', async () => {
  const html = await (await shop.fetch(`/product/${product}`)).text();
  const [, once] = html.match(/name="once" value="([0-9a-f]{32})"/);
  const send = (site = 'same-origin') =>
    shop.fetch(`/product/${product}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': site },
      body: new URLSearchParams({ once, quantity: '2', email: 'bob@example.com', gateway: 'ethereum' }),
    });
  assert.equal((await send('cross-site')).status, 403);
  const { answer, trips } = await tripsOf(() => send());
  assert.deepEqual([answer.status, trips], [303, 3]);
  assert.match(answer.headers.get('location'), /^\/order\/[0-9a-f-]{36}\/test\.[\w-]{43}$/);
  const again = await Promise.all([send(), send(), send()]);
  assert.deepEqual(again.map((reply) => reply.headers.get('location')), Array(3).fill(answer.headers.get('location')));
  const { body: orders } = await seller.api('GET', '/orders');
  assert.deepEqual(orders.map(({ quantity, gateway, value }) => [quantity, gateway, value]), [[2, 'Ethereum', '20.0']]);
  assert.match(await (await shop.fetch(`/product/${product}`)).text(), /3 left/);
});
