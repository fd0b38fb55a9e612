// Before anything is measured: that the three answer alike. Who answers less, or something else, would be fast for nothing.
import assert from 'node:assert/strict';
import { Halt } from '../scripts/shell.mjs';
import { pages, payment, sample, signedIn } from './endpoints.mjs';
import { orderId } from './seed.mjs';
import { publicUrl } from './serve.mjs';

export async function verify(targets, seller) {
  const [ours, floor, peer] = ['ours', 'floor', 'peer'].map((name) => targets.find((target) => target.name === name));
  const good = signedIn(seller);
  try {
    for (const seq of sample.slice(0, 20)) await alike([ours, floor, peer], 'GET', `/api/v2/orders/${orderId(seq)}`, good);
    for (const path of ['/healthz', pages.first, pages.last]) await alike([ours, floor, peer], 'GET', path, good);

    // The floor lets everybody in and takes everything; the peer must refuse what we refuse, in the same words.
    const both = [ours, peer];
    const wrong = signedIn({ ...seller, apiKey: 'pg_test_wrong' });
    const { authorization, ...anonymous } = good;
    for (const headers of [wrong, anonymous, { ...good, accept: 'text/html' }]) await alike(both, 'GET', pages.first, headers);
    for (const path of ['/api/v2/orders/00000000-0000-4000-8000-000000000000', '/api/v2/nothing', '/nothing']) await alike(both, 'GET', path, good);
    for (const path of ['/api/v2/orders', '//api/v2/orders/', '/api/v2/orders?page=0&per_page=7', '/api/v2/orders?page=9999', '/api/v2/orders?page=x&per_page=-']) {
      await alike(both, 'GET', path, good);
    }
    await alike(both, 'POST', '/api/v2/orders', good, {});
    for (const change of refused) await alike(both, 'POST', '/api/v2/pay', good, { ...payment, ...change });
    for (const body of ['', 'null', '[]', '[1]', '{}', 'title']) await alike(both, 'POST', '/api/v2/pay', good, body);

    await links(targets, good);
  } catch (error) {
    throw error instanceof assert.AssertionError ? new Halt(`The three Workers don't answer alike, so there is nothing to compare.\n${error.message}`) : error;
  }
}

const refused = [
  { title: '', email: 'nobody', currency: 'EURO', value: 'much', gateway: 'Cash', confirmations: 7, return_url: 'x', quantity: 0 },
  { title: 'x'.repeat(256), value: -1, gateway: 'PayPal', confirmations: 'one', ip_address: '1.2.3', webhook_url: 'ftp://seller.example/', quantity: 1.5 },
  { title: null, currency: null, value: null, gateway: null, return_url: null },
  { value: '0.001' },
  { value: '1000000000' },
  { value: 0, currency: 'JPY' },
];

/** Sends the same to each, and compares status, body and the headers that mean something. */
async function alike(targets, method, path, headers, body) {
  const what = `${method} ${path} ${body === undefined ? '' : JSON.stringify(body)}`;
  const [expected, ...others] = await Promise.all(targets.map((target) => ask(target, method, path, headers, body)));
  for (const [n, other] of others.entries()) assert.deepEqual(other, expected, `${what}: ${targets[n + 1].name} (+) and ours (-) differ: ${JSON.stringify({ other, expected })}`);
}

const compared = ['allow', 'content-type', 'link', 'www-authenticate', 'x-total-pages', 'x-total-count', 'x-current-page', 'x-items-per-page'];

async function ask(target, method, path, headers, body) {
  const answer = await send(target, method, path, headers, body);
  const text = await answer.text();
  const told = Object.fromEntries(compared.map((name) => [name, answer.headers.get(name)?.replaceAll(target.url, '')]));
  return { status: answer.status, ...told, body: text };
}

function send({ url }, method, path, headers, body) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${url}${path}`, { method, headers, body: text });
}

/** Ids and times differ; the rest of a link doesn't, and our links open at the peer's and the peer's at ours. */
async function links(targets, headers) {
  const accepted = [payment, { payment: { ...payment, value: 7, email: null, quantity: '3', custom: 'cart' } }, new URLSearchParams({ ...payment, custom: 'x' }).toString()];
  for (const [n, body] of accepted.entries()) {
    let before;
    for (const target of n ? targets.filter(({ name }) => name !== 'floor') : targets) {
      const answer = await send(target, 'POST', '/api/v2/pay', headers, body);
      const text = await answer.text();
      assert.equal(answer.status, 201, `${target.name}: ${text}`);
      const [, path, id, contents] = /^{"url":"https:\/\/pay\.example(\/pay\/([0-9a-f]{40})\/bench\.([\w-]+)\.[\w-]{43})"}$/.exec(text) ?? [];
      assert.ok(path, `${target.name} made no link of the usual form on ${publicUrl}: ${text}`);
      const said = JSON.parse(Buffer.from(contents, 'base64url')).slice(0, -1);
      before ??= said;
      assert.deepEqual(said, before, `the links of ${target.name} say something else`);
      if (target.name === 'floor') await shows(target, path);
      else for (const opener of targets) await shows(opener, path);
      const spoilt = path.replace(id, id.replace(/./, (first) => (first === '0' ? '1' : '0')));
      for (const opener of targets.filter(({ name }) => name !== 'floor')) {
        assert.equal((await send(opener, 'GET', spoilt, headers)).status, 404, `${opener.name} opens a spoilt link`);
      }
    }
  }
}

async function shows(target, path) {
  const answer = await send(target, 'GET', path, {});
  const text = await answer.text();
  assert.equal(answer.status, 200, `${target.name}: ${path} answered ${answer.status}`);
  for (const word of ['Bench &', 'Babbage', ' EUR', 'Pay with Bitcoin', path]) assert.ok(text.includes(word), `the pay page of ${target.name} lacks ${word}`);
}
