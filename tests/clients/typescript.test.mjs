// The TypeScript client, installed from its package into an empty folder: against the real module, by its types, and inside of a Worker.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { npmBinary, run } from '../../scripts/shell.mjs';
import { blocks, read } from '../docs/markdown.mjs';
import { packageOf, startScene } from './scene.mjs';

let scene, client, PushGuard, PushGuardError;
before(async () => {
  const file = await packageOf('.tgz');
  assert.ok(file, 'npm run clients makes the package');
  scene = await startScene();
  await writeFile(path.join(scene.folder, 'package.json'), '{"private":true,"type":"module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', file], { cwd: scene.folder });
  client = await import(pathToFileURL(path.join(scene.folder, 'node_modules', 'pushguard', 'dist', 'index.js')));
  ({ PushGuard, PushGuardError } = client);
});
after(() => scene?.close());

const shopAt = (baseUrl, more = {}) => new PushGuard({ baseUrl, email: scene.seller.email, apiKey: scene.seller.api_key, ...more });
const shop = () => shopAt(scene.shop.url);
const book = { title: 'A book', currency: 'USD', value: '10.00', gateway: 'Bitcoin', white_label: true };

describe('the TypeScript client', { concurrency: 1 }, () => {
  test('its package has what it needs, and no dependency', async () => {
    const { stdout } = await run('tar', ['-tzf', await packageOf('.tgz')]);
    const files = stdout.trim().split('\n').map((name) => name.replace('package/', ''));
    assert.deepEqual(files.filter((name) => !name.startsWith('dist/')).sort(), ['README.md', 'package.json']);
    for (const name of ['index.js', 'index.d.ts', 'schema.d.ts', 'generated.d.ts']) assert.ok(files.includes(`dist/${name}`), name);
    const { dependencies } = JSON.parse(await readFile(path.join(scene.folder, 'node_modules', 'pushguard', 'package.json'), 'utf8'));
    assert.equal(dependencies, undefined);
  });

  test('sells a book: a link, an order, its payment, its history', async () => {
    const link = await shop().pay.create({ ...book, white_label: false, return_url: 'https://seller.example/thanks' });
    assert.match(link.url, /\/pay\/[0-9a-f]{40}\//);
    await shop().pay.destroy(new URL(link.url).pathname.split('/')[2]);
    const order = await shop().pay.create(book);
    assert.equal(order.status, 0);
    await shop().test.payments({ order_id: order.id, kind: 'exact' });
    await shop().test.blocks({ order_id: order.id, count: 1 });
    const paid = await shop().orders.retrieve(order.id);
    assert.deepEqual([paid.status, paid.value], [100, '10.0']);
    assert.ok((await shop().orders.history(order.id)).length >= 2);
    assert.equal((await shop().orders.risk(order.id)).outcome, 'accepted');
    assert.match(await shop().orders.csv({ status: 100 }), new RegExp(order.id));
  });

  test('makes, changes, lists and destroys things', async () => {
    const made = await shop().coupons.create({ code: 'SPRING', discount_type: 'percent', discount: '10' });
    assert.equal((await shop().coupons.update(made.id, { discount: '20' })).discount, '20.0');
    const page = await shop().coupons.list({ per_page: 10 });
    assert.deepEqual([page.length, page.page, page.perPage, page.totalPages, page.totalCount], [1, 1, 10, 1, 1]);
    assert.equal(await shop().coupons.destroy(made.id), undefined);
    assert.deepEqual([...(await shop().coupons.list())], []);
  });

  test('walks all pages of a list', async () => {
    for (let number = 0; number < 12; number += 1) await shop().blacklist.create({ blacklist_type: 1, blocked_data: `buyer${number}@example.com` });
    const seen = [];
    for await (const entry of shop().blacklist.each({ per_page: 10 })) seen.push(entry.blocked_data);
    assert.equal(new Set(seen).size, 12);
  });

  test('uploads and downloads files, and adds serials', async () => {
    const product = await shop().products.create({ title: 'Guide', description: 'x', price: '1', currency: 'USD', product_type: 1, gateways: ['bitcoin'] });
    await shop().products.uploadFile(product.id, new Blob(['a guide'], { type: 'text/plain' }), { filename: 'guide.txt' });
    assert.equal(await (await shop().products.downloadFile(product.id)).text(), 'a guide');
    const keys = await shop().products.create({ title: 'Key', description: 'x', price: '1', currency: 'USD', product_type: 2, gateways: ['bitcoin'], info: 'A,B' });
    assert.equal((await shop().products.addSerials(keys.id, 'C\nD')).added, 2);
    assert.equal((await shop().products.retrieve(keys.id)).stock, 4);
  });

  test('tells what is wrong', async () => {
    const refused = await shop().pay.create({ title: 'x' }).then(() => null, (error) => error);
    assert.ok(refused instanceof PushGuardError);
    assert.equal(refused.status, 400);
    assert.ok(refused.errors.length >= 3 && refused.errors.every((one) => refused.message.includes(one)));
    assert.match(refused.requestId, /\w/);
    await assert.rejects(shopAt(scene.shop.url, { apiKey: 'wrong' }).account.retrieve(), { status: 401 });
    await assert.rejects(shop().orders.retrieve('../account'), { status: 404 });
    await assert.rejects(shopAt('http://127.0.0.1:9', { retries: 0 }).account.retrieve(), { status: 0 });
    assert.throws(() => new PushGuard({ baseUrl: '', email: 'a', apiKey: 'b' }), /baseUrl is missing/);
  });

  test('does a POST once, whose answer was lost', async () => {
    const before = (await shop().orders.list()).totalCount;
    const order = await shopAt(`${scene.wire.url}/lose`).pay.create(book);
    const tries = scene.wire.seen.filter(({ kind }) => kind === 'lose');
    assert.equal(tries.length, 2);
    assert.equal(tries[0].key, tries[1].key);
    assert.equal((await shop().orders.list()).totalCount, before + 1);
    assert.equal((await shop().orders.list())[0].id, order.id);
    // A key of one's own is kept as it is.
    await shop().pay.create(book, { idempotencyKey: 'mine' });
    const again = await shop().pay.create(book, { idempotencyKey: 'mine' });
    assert.equal((await shop().orders.list()).totalCount, before + 2);
    assert.equal((await shop().orders.list())[0].id, again.id);
  });

  test('destroys a thing whose first answer was lost', async () => {
    const { id } = await shop().coupons.create({ code: 'GONE', discount_type: 'percent', discount: '10' });
    await shopAt(`${scene.wire.url}/lose`).coupons.destroy(id);
    await assert.rejects(shop().coupons.retrieve(id), { status: 404 });
  });

  test('waits as it is told, and not for an hour', async () => {
    assert.equal((await shopAt(`${scene.wire.url}/busy`).account.retrieve()).email, scene.seller.email);
    const start = performance.now();
    await shopAt(`${scene.wire.url}/limit`).account.retrieve();
    assert.ok(performance.now() - start >= 990);
    await assert.rejects(shopAt(`${scene.wire.url}/closed`).account.retrieve(), { status: 503, retryAfter: 3_600 });
    assert.equal(scene.wire.seen.filter(({ kind }) => kind === 'closed').length, 1);
  });

  test('believes a webhook that is ours, and no other', async () => {
    const { verifyWebhook, verifySignature, WebhookVerificationError } = client;
    const { body, headers } = scene.delivery;
    const secret = scene.seller.webhook_secret;
    const webhook = await verifyWebhook(body, headers, secret);
    assert.deepEqual([webhook.event, webhook.simulated, webhook.data.product_title], ['order:created', false, 'Tom & "Jerry" <3 a/b ü😀 1.10']);
    assert.ok(webhook.sequence >= 1);
    assert.equal((await verifyWebhook(body.toString(), new Headers(headers), ['whsec_b3RoZXI=', secret])).id, webhook.id);
    const wrong = {
      'a changed body': [body.toString().replace('10', '11'), headers, secret],
      'another secret': [body, headers, 'whsec_b3RoZXI='],
      'no secret': [body, headers, ''],
      'another id': [body, { ...headers, 'webhook-id': 'other' }, secret],
      'no signature': [body, { ...headers, 'webhook-signature': undefined }, secret],
      'nonsense for a signature': [body, { ...headers, 'webhook-signature': 'v1,%%% v2,x' }, secret],
      'an old one': [body, headers, secret, { now: webhook.timestamp + 301 }],
      'one of tomorrow': [body, headers, secret, { now: webhook.timestamp - 301 }],
    };
    for (const [what, args] of Object.entries(wrong)) await assert.rejects(verifyWebhook(...args), WebhookVerificationError, what);
    assert.equal(await verifySignature(body, headers['x-pushguard-signature'], secret), true);
    for (const bad of ['', undefined, 'zz', '00'.repeat(64)]) assert.equal(await verifySignature(body, bad, secret), false);
  });

  test('believes a buyer who comes back, and none who changed the status', async () => {
    const { createHmac } = await import('node:crypto');
    const secret = scene.seller.webhook_secret;
    const signature = createHmac('sha512', secret).update('an-order.100.1700000000').digest('hex');
    const url = (status) => `https://seller.example/thanks?status=5&order_id=an-order&status=${status}&timestamp=1700000000&signature=${signature}`;
    assert.equal(await client.verifyReturn(url(100), secret), true);
    assert.equal(await client.verifyReturn(url(0), secret), false);
  });

  test('is typed by the specification, strictly', async () => {
    await writeFile(
      path.join(scene.folder, 'use.ts'),
      `import { PushGuard, verifyWebhook, type Order, type Page } from 'pushguard';
const shop = new PushGuard({ baseUrl: 'https://shop.example', email: 'a', apiKey: 'b' });
export async function use(): Promise<string> {
  const orders: Page<Order> = await shop.orders.list({ status: 100, page: 2 });
  const status: 0 | 51 | 52 | 53 | 54 | 55 | 56 | 100 = orders[0]!.status;
  for await (const product of shop.products.each()) console.log(product.title.length, status);
  await shop.products.create({ title: 'x', description: 'x', price: 1, currency: 'USD', product_type: 2, gateways: ['bitcoin'] });
  // @ts-expect-error: there is no such type of product
  await shop.products.create({ title: 'x', description: 'x', price: 1, currency: 'USD', product_type: 7, gateways: ['bitcoin'] });
  // @ts-expect-error: an order has no such field
  console.log(orders[0]!.prize);
  const webhook = await verifyWebhook('', {}, 'whsec_');
  if (webhook.event === 'order:paid') return webhook.data.value;
  // @ts-expect-error: there is no such event
  if (webhook.event === 'order:lost') return '';
  return orders.totalPages.toFixed();
}
`,
    );
    await run(npmBinary('tsc'), ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom,dom.iterable', 'use.ts'], { cwd: scene.folder });
  });

  test('its guide shows code that is right', async () => {
    const code = blocks(await read('clients/typescript/README.md')).filter(({ language }) => language === 'ts');
    assert.equal(code.length, 2);
    for (const [index, { code: text }] of code.entries()) await writeFile(path.join(scene.folder, `guide${index}.ts`), `declare const process: { env: Record<string, string> };\n${text}\nexport {};\n`);
    await run(npmBinary('tsc'), ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom,dom.iterable', 'guide0.ts', 'guide1.ts'], { cwd: scene.folder });
  });

  test('works inside of a Worker, with nothing of node', async () => {
    const worker = path.join(scene.folder, 'worker.js');
    await writeFile(
      worker,
      `import { PushGuard, verifyWebhook } from 'pushguard';
export default { async fetch(request, env) {
  const shop = new PushGuard({ baseUrl: env.SHOP, email: env.EMAIL, apiKey: env.KEY });
  if (request.method === 'POST') return Response.json(await verifyWebhook(await request.text(), request.headers, env.SECRET));
  return Response.json(await shop.pay.create(${JSON.stringify(book)}));
} };`,
    );
    const { stdout: bundle } = await run(npmBinary('esbuild'), [worker, '--bundle', '--format=esm', '--log-level=warning'], { cwd: scene.folder });
    const { Log, LogLevel, Miniflare } = await import('miniflare');
    const bindings = { SHOP: scene.shop.url, EMAIL: scene.seller.email, KEY: scene.seller.api_key, SECRET: scene.seller.webhook_secret };
    const mf = new Miniflare({ modules: true, script: bundle, compatibilityDate: '2026-04-01', bindings, log: new Log(LogLevel.NONE) });
    try {
      const order = await (await mf.dispatchFetch('http://worker.example/')).json();
      assert.equal((await shop().orders.retrieve(order.id)).status, 0);
      const { body, headers } = scene.delivery;
      const { host, connection, 'content-length': length, ...rest } = headers;
      const heard = await (await mf.dispatchFetch('http://worker.example/', { method: 'POST', headers: rest, body })).json();
      assert.equal(heard.event, 'order:created');
    } finally {
      await mf.dispose();
    }
  });
});
