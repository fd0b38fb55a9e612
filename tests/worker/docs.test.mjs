// What is served without the Worker: the specification and the page that is made from it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startShop } from './harness.mjs';

let shop;
before(async () => (shop = await startShop({ assets: true })));
after(() => shop?.close());

for (const file of ['api/v2/openapi.json', 'api/1.0/openapi.json', 'api/openapi.json', 'organizations/openapi.json']) {
  test(`the specification ${file} is served to any page in the world`, async () => {
    const answer = await shop.fetch(`/${file}`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^application\/json/);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.deepEqual(await answer.json(), JSON.parse(await readFile(new URL(`../../public/${file}`, import.meta.url), 'utf8')));
  });
}

test('the reference is at /docs and loads nothing', async () => {
  const answer = await shop.fetch('/docs');
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/html/);
  const html = await answer.text();
  assert.deepEqual(html.match(/\b(?:src|srcset|action)=|<link(?! rel="icon" href="data:,")|@import|url\(/g), null);
  const spec = await (await shop.fetch('/api/v2/openapi.json')).json();
  for (const item of Object.values(spec.paths)) {
    for (const { operationId } of Object.values(item)) if (!operationId.endsWith('_patch')) assert.ok(html.includes(`id="${operationId}"`), operationId);
  }
});

test('every link inside the page leads somewhere', async () => {
  const html = await (await shop.fetch('/docs')).text();
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const broken = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id).filter((id) => !ids.has(id));
  assert.deepEqual(broken, []);
});

for (const [name, text] of [['rules', 'customer.email_domain == &quot;gmail.com&quot;'], ['fraud', 'stripe_highest']]) test(`a guide is at /docs/${name}, linked from the reference, and loads nothing`, async () => {
  const answer = await shop.fetch(`/docs/${name}`);
  assert.equal(answer.status, 200);
  const html = await answer.text();
  assert.deepEqual(html.match(/\b(?:src|srcset|action)=|<link(?! rel="icon" href="data:,")|@import|url\(|<script/g), null);
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  assert.deepEqual([...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id).filter((id) => !ids.has(id)), []);
  assert.ok(html.includes(text));
  assert.ok((await (await shop.fetch('/docs')).text()).includes(`href="/docs/${name}"`));
});

for (const [name, page, file] of [['Shoppy', 'shoppy', 'api/1.0'], ['Zettle Pusher', 'zettle-pusher', 'organizations']]) {
  test(`the ${name} API is at /docs/${page} with all of its operations, linked from the reference, and loads nothing`, async () => {
    const answer = await shop.fetch(`/docs/${page}`);
    assert.equal(answer.status, 200);
    const html = await answer.text();
    assert.deepEqual(html.match(/\b(?:src|srcset|action)=|<link(?! rel="icon" href="data:,")|@import|url\(|<script/g), null);
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    assert.deepEqual([...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id).filter((id) => !ids.has(id)), []);
    const spec = await (await shop.fetch(`/${file}/openapi.json`)).json();
    for (const item of Object.values(spec.paths)) for (const { operationId } of Object.values(item)) assert.ok(ids.has(operationId), operationId);
    assert.ok(html.includes(`href="/${file}/openapi.json"`));
    assert.ok((await (await shop.fetch('/docs')).text()).includes(`href="/docs/${page}"`));
  });
}

test('the API for applications is at /docs/pago with all of its operations, linked from the reference, and loads nothing', async () => {
  const html = await (await shop.fetch('/docs/pago')).text();
  assert.deepEqual(html.match(/\b(?:src|srcset|action)=|<link(?! rel="icon" href="data:,")|@import|url\(|<script/g), null);
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  assert.deepEqual([...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id).filter((id) => !ids.has(id)), []);
  const spec = await (await shop.fetch('/api/openapi.json')).json();
  for (const item of Object.values(spec.paths)) for (const { operationId } of Object.values(item)) if (!operationId.endsWith('_patch')) assert.ok(ids.has(operationId), operationId);
  assert.ok((await (await shop.fetch('/docs')).text()).includes('href="/docs/pago"'));
});

test('how applications are made is told at /docs/oauth', async () => {
  const answer = await shop.fetch('/docs/oauth');
  assert.equal(answer.status, 200);
  const html = await answer.text();
  assert.deepEqual(html.match(/\b(?:src|srcset|action)=|<link(?! rel="icon" href="data:,")|@import|url\(|<script/g), null);
  for (const text of ['code_challenge_method=S256', 'grant_type=refresh_token', 'READ:PURCHASE']) assert.ok(html.includes(text), text);
  assert.ok((await (await shop.fetch('/docs')).text()).includes('href="/docs/oauth"'));
});

test('everything else is the Worker’s, whatever else is served', async () => {
  const ada = await shop.admin.createAccount();
  assert.equal((await ada.api('GET', '/account')).status, 200);
  assert.equal((await shop.fetch('/healthz')).status, 200);
  const nothing = await shop.fetch('/nothing.html');
  assert.equal(nothing.status, 404);
  assert.ok(nothing.headers.get('x-request-id'));
});
