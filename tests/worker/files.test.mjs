// Uploads, through the real Worker into the real R2 of the runtime.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { startShop } from './harness.mjs';

const mebibyte = 1 << 20;
const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(1000, 7)]);

let shop, seller, authorization, bucket;
before(async () => {
  shop = await startShop();
  seller = await shop.admin.createAccount();
  authorization = `Basic ${btoa(`${seller.email}:${seller.api_key}`)}`;
  bucket = await shop.mf.getR2Bucket('FILES');
});
after(() => shop.close());

const service = { title: 'App', description: 'd', price: '9.99', currency: 'EUR', gateways: ['stripe'], product_type: 1 };

async function product() {
  const made = await seller.api('POST', '/products', service);
  assert.equal(made.status, 201, made.text);
  return `/products/${made.body.id}`;
}

async function put(path, body, headers = {}) {
  const answer = await shop.fetch(`/api/v2${path}`, { method: 'PUT', headers: { authorization, ...headers }, body });
  return { status: answer.status, body: await answer.json() };
}

const keys = async () => (await bucket.list()).objects.map(({ key }) => key).sort();

test('an image goes in by a form, is served with its type for ever, and goes when another comes', async () => {
  const path = await product();
  const form = new FormData();
  form.set('note', 'hello');
  form.set('image', new Blob([png], { type: 'text/html' }), 'logo.png');
  const first = await put(`${path}/image`, form);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  const { image } = first.body;
  assert.deepEqual(image.metadata, { size: png.length, filename: 'logo.png', mime_type: 'image/png' });
  assert.equal(image.url, `${shop.url}/images/${image.id}`);

  const served = await fetch(image.url);
  assert.equal(served.status, 200);
  assert.equal(served.headers.get('content-type'), 'image/png');
  assert.equal(served.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(served.headers.get('x-content-type-options'), 'nosniff');
  assert.deepEqual(Buffer.from(await served.arrayBuffer()), png);
  const head = await fetch(image.url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'image/png']);

  const second = await put(`${path}/image?filename=new.gif`, Buffer.from('GIF89a…'), { 'content-type': 'image/png' });
  assert.deepEqual(second.body.image.metadata, { size: 9, filename: 'new.gif', mime_type: 'image/gif' });
  assert.deepEqual(await keys(), [`images/${second.body.image.id}`]);
  assert.equal((await fetch(image.url)).status, 404);
  assert.deepEqual((await seller.api('GET', path)).body, second.body);
  assert.equal((await seller.api('DELETE', `${path}/image`)).status, 204);
  assert.deepEqual(await keys(), []);
});

test('a file of 20 MiB goes straight through to where it is kept, and nowhere else', async () => {
  const path = await product();
  const bytes = Buffer.alloc(20 * mebibyte, 'pushguard');
  const { status, body } = await put(`${path}/file?filename=my%20app.zip`, bytes, { 'content-type': 'application/zip' });
  assert.equal(status, 200, JSON.stringify(body));
  const { file } = body;
  assert.deepEqual(file, {
    id: file.id,
    storage: 'product_files',
    metadata: { size: bytes.length, mime_type: 'application/zip', filename: 'my app.zip' },
    url: null,
  });
  const kept = await bucket.get(`files/${file.id}`);
  assert.equal(kept.httpMetadata.contentType, 'application/octet-stream');
  assert.ok(Buffer.from(await kept.arrayBuffer()).equals(bytes));
  for (const url of [`/images/${file.id}`, `/files/${file.id}`, `/images/%2e%2e/files/${file.id}`]) assert.equal((await shop.fetch(url)).status, 404);
  assert.equal((await seller.api('DELETE', path)).status, 204);
  assert.deepEqual(await keys(), []);
});

test('a file in a form is read whole, up to 8 MiB', async () => {
  const path = await product();
  const form = (size) => {
    const form = new FormData();
    form.set('file', new Blob([Buffer.alloc(size, 1)], { type: 'application/pdf' }), 'a.pdf');
    return form;
  };
  const { status, body } = await put(`${path}/file`, form(8 * mebibyte));
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body.file.metadata, { size: 8 * mebibyte, mime_type: 'application/pdf', filename: 'a.pdf' });
  const before = await keys();
  assert.equal((await put(`${path}/file`, form(8 * mebibyte + 1))).status, 413);
  assert.equal((await put(`${path}/image`, Buffer.concat([png, Buffer.alloc(mebibyte)]))).status, 413);
  assert.equal((await put(`${path}/image`, '<svg xmlns="http://www.w3.org/2000/svg"/>', { 'content-type': 'image/png' })).status, 400);
  assert.deepEqual(await keys(), before);
});

/** Sends a file in chunks, or breaks off after some → {status} or {cut}. */
function send(path, { length, bytes, breaks = false }) {
  return new Promise((resolve) => {
    const headers = { authorization, 'content-type': 'application/zip', ...(length ? { 'content-length': length } : {}) };
    const sending = request(new URL(`/api/v2${path}/file`, shop.url), { method: 'PUT', headers });
    sending.on('response', (answer) => resolve({ status: answer.statusCode }) ?? answer.resume());
    sending.on('error', () => resolve({ cut: true }));
    sending.write(bytes);
    if (breaks) setTimeout(() => sending.destroy(), 200);
    else sending.end();
  });
}

test('a file without a length or over the limit is refused, and one that breaks off leaves nothing', async () => {
  const path = await product();
  const before = await keys();
  assert.equal((await send(path, { bytes: Buffer.alloc(1000) })).status, 411);
  const large = await send(path, { length: 50 * mebibyte + 1, bytes: Buffer.alloc(1000), breaks: true });
  assert.ok(large.status === 413 || large.cut, JSON.stringify(large));
  assert.deepEqual(await send(path, { length: 100_000, bytes: Buffer.alloc(1000), breaks: true }), { cut: true });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await seller.api('GET', path)).body.file, null);
  assert.deepEqual(await keys(), before);
});

test('nobody but the seller uploads', async () => {
  const path = await product();
  const other = await shop.admin.createAccount();
  const before = await keys();
  for (const place of ['image', 'file']) {
    const stranger = await shop.fetch(`/api/v2${path}/${place}`, { method: 'PUT', body: png });
    assert.equal(stranger.status, 401);
    const headers = { authorization: `Basic ${btoa(`${other.email}:${other.api_key}`)}` };
    assert.equal((await shop.fetch(`/api/v2${path}/${place}`, { method: 'PUT', headers, body: png })).status, 404);
  }
  assert.deepEqual(await keys(), before);
});
