// Uploads, through the real Worker into the real R2 of the runtime.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { startShop } from './harness.mjs';

const mebibyte = 1 << 20;
/** Of 300 × 200 pixels. */
const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x2c\0\0\0\xc8', 'latin1'), Buffer.alloc(1000, 7)]);
const gif = Buffer.from('GIF89a\x02\0\x01\0…', 'latin1');

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
  assert.deepEqual(image.metadata, { size: png.length, filename: 'logo.png', mime_type: 'image/png', width: 300, height: 200 });
  assert.equal(image.url, `${shop.url}/images/${image.id}`);

  const served = await fetch(image.url);
  assert.equal(served.status, 200);
  assert.equal(served.headers.get('content-type'), 'image/png');
  assert.equal(served.headers.get('cache-control'), 'public, max-age=31536000, s-maxage=3600, immutable');
  assert.equal(served.headers.get('x-content-type-options'), 'nosniff');
  assert.deepEqual(Buffer.from(await served.arrayBuffer()), png);
  const head = await fetch(image.url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'image/png']);

  const second = await put(`${path}/image?filename=new.gif`, gif, { 'content-type': 'image/png' });
  assert.deepEqual(second.body.image.metadata, { size: gif.length, filename: 'new.gif', mime_type: 'image/gif', width: 2, height: 1 });
  assert.deepEqual(await keys(), [`images/${second.body.image.id}`]);
  assert.equal((await fetch(image.url, { method: 'HEAD' })).status, 404, 'it is gone …');
  const copy = await fetch(`${image.url}?again`);
  assert.deepEqual([copy.status, copy.headers.get('x-request-id')], [200, null], '… and the edge has a copy for an hour');
  assert.deepEqual(Buffer.from(await copy.arrayBuffer()), png);
  assert.match(copy.headers.get('content-security-policy'), /sandbox/, 'with the headers that keep it harmless');
  assert.deepEqual((await seller.api('GET', path)).body, second.body);
  assert.equal((await seller.api('DELETE', `${path}/image`)).status, 204);
  assert.deepEqual(await keys(), []);
});

test('a file of 30 MiB goes straight through to where it is kept, and nowhere else', async () => {
  const path = await product();
  const bytes = Buffer.alloc(30 * mebibyte, 'pushguard');
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

/** A file of numbered lines, so that a part shows where it is from. */
const numbered = (size) => Buffer.from(Array.from({ length: size / 16 }, (_, n) => String(n).padStart(15, '0')).join('\n') + '\n');

test('a file of 30 MiB comes back whole, in ranges, and in two halves that are one', async () => {
  const path = await product();
  const bytes = numbered(30 * mebibyte);
  assert.equal((await put(`${path}/file?filename=%C3%A9p%C3%A9e.zip`, bytes)).status, 200);
  const get = (headers = {}, method = 'GET') => shop.fetch(`/api/v2${path}/file`, { method, headers: { authorization, ...headers } });
  const body = async (answer) => Buffer.from(await answer.arrayBuffer());
  const whole = await get();
  assert.equal(whole.status, 200);
  const etag = whole.headers.get('etag');
  assert.deepEqual(
    ['content-length', 'content-type', 'accept-ranges', 'content-disposition', 'x-content-type-options'].map((name) => whole.headers.get(name)),
    [String(bytes.length), 'application/octet-stream', 'bytes', `attachment; filename="_p_e.zip"; filename*=UTF-8''%C3%A9p%C3%A9e.zip`, 'nosniff'],
  );
  assert.ok((await body(whole)).equals(bytes));

  const half = bytes.length / 2 + 7;
  const parts = [await get({ range: `bytes=0-${half - 1}`, 'if-range': etag }), await get({ range: `bytes=${half}-`, 'if-range': etag })];
  for (const [part, range] of [[parts[0], `0-${half - 1}`], [parts[1], `${half}-${bytes.length - 1}`]]) {
    assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes ${range}/${bytes.length}`]);
  }
  assert.equal(parts[0].headers.get('content-length'), String(half));
  assert.ok(Buffer.concat(await Promise.all(parts.map(body))).equals(bytes));
  const tail = await get({ range: 'bytes=-16' });
  assert.deepEqual([tail.status, (await body(tail)).toString()], [206, bytes.subarray(-16).toString()]);

  const beyond = await get({ range: `bytes=${bytes.length}-` });
  assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, `bytes */${bytes.length}`]);
  const several = await get({ range: 'bytes=0-0,5-6' });
  assert.equal(several.status, 200);
  await several.body.cancel();
  const other = await get({ range: 'bytes=0-9', 'if-range': '"another"' });
  assert.equal(other.status, 200);
  await other.body.cancel();
  const known = await get({ 'if-none-match': etag });
  assert.deepEqual([known.status, known.headers.get('etag'), await known.text()], [304, etag, '']);
  const head = await get({ range: 'bytes=0-9' }, 'HEAD');
  assert.deepEqual([head.status, head.headers.get('content-length'), head.headers.get('content-range')], [200, String(bytes.length), null]);
  // Ten at a time are three times what an isolate's memory may hold.
  const all = await Promise.all(Array.from({ length: 10 }, () => get()));
  for (const answer of all) assert.ok((await body(answer)).equals(bytes));
  assert.equal((await seller.api('DELETE', path)).status, 204);
});

test('an object that no row names is deleted by cron', async () => {
  const path = await product();
  await put(`${path}/file`, Buffer.alloc(1000, 1));
  const before = await keys();
  // As if the isolate had died before the object of another upload was named.
  await bucket.put('files/left/behind', 'x');
  const { id } = await shop.db.prepare('SELECT id FROM accounts LIMIT 1').first();
  await shop.db.prepare('INSERT INTO unnamed_objects (account_id, key, due_at) VALUES (?1, ?2, 1)').bind(id, 'files/left/behind').run();
  await shop.cron();
  assert.deepEqual(await keys(), before);
  assert.equal((await shop.db.prepare('SELECT COUNT(*) AS left FROM unnamed_objects WHERE due_at <= ?1').bind(Date.now()).first()).left, 0);
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
  const large = await send(path, { length: 100 * mebibyte + 1, bytes: Buffer.alloc(1000), breaks: true });
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
