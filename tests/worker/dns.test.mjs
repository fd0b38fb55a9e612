// A shop that is held to the rules of production: names are resolved by DNS over HTTPS before anything is sent to them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { adminToken, startShop, until } from './harness.mjs';

const addresses = { 'good.example': ['93.184.216.34', '2606:2800:220:1::1'], 'inside.example': ['10.0.0.7', ''], 'six.example': ['', 'fd00::7'] };
const asked = [];
const sent = [];

/** The world outside: a resolver, and receivers that take everything. */
function outside(request) {
  const { hostname, searchParams } = new URL(request.url);
  if (hostname !== 'cloudflare-dns.com') {
    sent.push(hostname);
    return new Response('ok');
  }
  const [name, type] = [searchParams.get('name'), searchParams.get('type')];
  asked.push({ name, type, accept: request.headers.get('accept') });
  const data = addresses[name]?.[type === 'A' ? 0 : 1];
  const answer = data ? [{ name, type: type === 'A' ? 1 : 28, TTL: 60, data }] : [];
  return new Response(JSON.stringify({ Status: addresses[name] ? 0 : 3, Answer: answer }), { headers: { 'content-type': 'application/dns-json' } });
}

let shop, seller;
const call = (path, method, body, authorization) =>
  shop.mf.dispatchFetch(`https://shop.example${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
const api = async (method, path, body) => {
  const answer = await call(`/api/v2${path}`, method, body, `Basic ${btoa(`${seller.email}:${seller.api_key}`)}`);
  return { status: answer.status, body: await answer.json() };
};

before(async () => {
  shop = await startShop({ outbound: outside, settings: { ALLOW_INSECURE_URLS: undefined, WATCH_SECONDS: '300' } });
  const made = await call('/admin/accounts', 'POST', { email: 'ada@example.com', shop_name: 'Ada', test: true }, `Bearer ${adminToken}`);
  seller = await made.json();
});
after(() => shop?.close());

test('a public name is called, one that leads inside is not, and one that leads nowhere is not asked for', async () => {
  const pay = { title: 'Tea', currency: 'EUR', value: '3', gateway: 'Bitcoin', white_label: true };
  for (const name of ['good.example', 'inside.example', 'six.example', 'nowhere.example']) {
    assert.equal((await api('POST', '/pay', { ...pay, webhook_url: `https://${name}/hook` })).status, 201);
  }
  const found = await until('all to be tried', async () => {
    const { body } = await api('GET', '/webhooks/logs');
    return body.length === 4 && body.every((log) => log.response_code || log.error) && body;
  });
  const came = Object.fromEntries(found.map((log) => [new URL(log.url).hostname, [log.response_code, log.error]]));
  assert.deepEqual(came, {
    'good.example': [200, null],
    'inside.example': [0, 'forbidden_url'],
    'six.example': [0, 'forbidden_url'],
    'nowhere.example': [0, 'dns'],
  });
  assert.deepEqual(sent, ['good.example']);
  assert.ok(asked.every(({ accept }) => accept === 'application/dns-json'));
  assert.deepEqual(asked.filter(({ name }) => name === 'good.example').map(({ type }) => type), ['A', 'AAAA']);
});

test('a name that was just found public is not asked for again', async () => {
  const before = asked.length;
  const made = await api('POST', '/webhooks/simulate', { url: 'https://good.example/', event: 'order:paid' });
  assert.equal(made.status, 201);
  await until('the sample to be sent', () => sent.length === 2);
  assert.equal(asked.length, before);
});

test('other ports than those of web servers are refused', async () => {
  const made = await api('POST', '/webhooks/endpoints', { url: 'https://good.example:22/', events: ['order:paid'] });
  assert.deepEqual([made.status, made.body.errors], [400, ['Url must use a port that webhooks may go to, such as 443']]);
});
