// One receiver for each mood that a receiver can be in, all at the same time: what the log says of it, and what comes next.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTls } from 'node:https';
import { createServer as createSocket } from 'node:net';
import { after, before, test } from 'node:test';
import { selfSigned } from './certificate.mjs';
import { addEndpoint, logs, openOrder } from './checkout.mjs';
import { startShop, until } from './harness.mjs';

const gigabyte = 1 << 30;
const says = (status, headers, body = 'ok') => (request, response) => response.writeHead(status, headers).end(body);

/** By name: what the receiver does with a request. Those of `sockets` never come so far. */
const moods = {
  '200': says(200),
  '204': says(204, {}, undefined),
  '404': says(404),
  '410': says(410),
  '429': says(429, { 'retry-after': '120' }),
  '500': says(500, {}, 'not today'),
  '503 with a date': (request, response) => says(503, { 'retry-after': new Date(Date.now() + 600_000).toUTCString() })(request, response),
  redirect: says(307, { location: 'http://127.0.0.1:9/trap' }),
  'one byte a second': dripping,
  'one gigabyte': flooding,
  'one gigabyte of failure': (request, response) => flooding(request, response, 500),
  'a body that breaks off': (request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('half');
    setTimeout(() => response.destroy(), 100);
  },
  'an empty 200': says(200, {}, ''),
  'closes when asked': (request, response) => response.destroy(),
};
const sockets = {
  'closes at once': (socket) => socket.destroy(),
  'speaks no HTTP': (socket) => socket.end('hello there\r\n\r\n'),
};

function dripping(request, response) {
  response.writeHead(200, { 'content-type': 'text/plain' });
  const timer = setInterval(() => response.write('.'), 1000);
  response.write('.');
  response.on('close', () => clearInterval(timer));
}

let poured = 0;
async function flooding(request, response, status = 200) {
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': String(gigabyte) });
  const chunk = Buffer.alloc(64 << 10, 'x');
  let next = () => {};
  for (const event of ['close', 'error', 'drain']) response.on(event, () => next());
  for (let sent = 0; sent < gigabyte && !response.destroyed; sent += chunk.length) {
    poured += chunk.length;
    if (!response.write(chunk)) await new Promise((resolve) => (next = resolve));
  }
  response.end();
}

let shop;
const servers = [];
/** By mood: {log, endpoint, asked: how many requests came, askedAt: when the first did, took}. */
let found;
before(async () => {
  shop = await startShop({ outbound: 'network', settings: { WATCH_SECONDS: '300' } });
  const listen = (server) => {
    servers.push(server);
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
  };
  const calls = {};
  const count = (name) => (calls[name] ??= []).push(Date.now());
  const urls = {};
  for (const [name, act] of Object.entries(moods)) {
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => (count(name), act(request, response)));
    });
    urls[name] = `http://127.0.0.1:${await listen(server)}/`;
  }
  for (const [name, act] of Object.entries(sockets)) {
    const server = createSocket((socket) => (socket.on('error', () => {}), count(name), act(socket)));
    urls[name] = `http://127.0.0.1:${await listen(server)}/`;
  }
  urls['wrong TLS'] = `https://127.0.0.1:${await listen(createTls(selfSigned(), (request, response) => (count('wrong TLS'), response.end('ok'))))}/`;
  const one = async ([name, url]) => {
    const seller = await shop.admin.createAccount();
    await addEndpoint(seller, url, ['order:created']);
    const began = Date.now();
    await openOrder(shop, seller);
    const log = await until(`a log of "${name}"`, async () => (await logs(seller)).find((log) => log.response_code || log.error), { seconds: 30 });
    const [endpoint] = (await seller.api('GET', '/webhooks/endpoints')).body;
    return [name, { log, endpoint, asked: calls[name]?.length ?? 0, askedAt: calls[name]?.[0], took: Date.now() - began }];
  };
  found = Object.fromEntries(await Promise.all(Object.entries(urls).map(one)));
});
after(async () => {
  await shop?.close();
  for (const server of servers) {
    server.close();
    server.closeAllConnections?.();
  }
});

const brief = ({ log }) => [log.response_code, log.error, log.retries, log.next_retry_at === null];
const wait = ({ log, askedAt }) => (Date.parse(log.next_retry_at) - askedAt) / 1000;

test('any 2xx is a success, and nothing more is owed', () => {
  for (const name of ['200', '204', 'an empty 200']) assert.deepEqual(brief(found[name]), [Number(name) || 200, null, 0, true], name);
});

test('other statuses fail: the first retry is announced for about five seconds later', () => {
  for (const name of ['404', '500']) {
    assert.deepEqual(brief(found[name]), [Number(name), null, 1, false], name);
    assert.ok(wait(found[name]) >= 3.9 && wait(found[name]) <= 6.5, `${name}: ${wait(found[name])} s`);
  }
  assert.equal(found['500'].log.response, 'not today');
  assert.equal(found['500'].endpoint.enabled, true);
  assert.ok(found['500'].endpoint.failing_since);
});

test('410 disables, with a reason, and is not asked again', () => {
  assert.deepEqual(brief(found['410']), [410, null, 0, true]);
  assert.deepEqual([found['410'].endpoint.enabled, found['410'].endpoint.disabled_reason], [false, 'gone']);
});

test('Retry-After is honoured, in seconds and as a date', () => {
  assert.deepEqual(brief(found['429']), [429, null, 1, false]);
  assert.ok(Math.abs(wait(found['429']) - 120) < 2, `${wait(found['429'])} s`);
  assert.ok(Math.abs(wait(found['503 with a date']) - 600) < 5, `${wait(found['503 with a date'])} s`);
});

test('a redirect is an answer that failed', () => {
  assert.deepEqual(brief(found.redirect), [307, null, 1, false]);
});

test('a body of one byte a second has arrived by its status, within the time of the quick, and its receiver is slow from then on', async () => {
  const { log, took, endpoint } = found['one byte a second'];
  assert.deepEqual(brief(found['one byte a second']), [200, 'incomplete', 0, true]);
  assert.match(log.response, /^\.{1,6}$/);
  assert.ok(took < 12_000, `${took} ms`);
  const { slow_until } = await shop.db.prepare('SELECT slow_until FROM webhook_receivers WHERE url = ?1').bind(endpoint.url).first();
  assert.ok(slow_until > Date.now());
});

test('of a gigabyte twenty kilobytes are read and kept, the rest is never sent; the status decides', () => {
  for (const [name, code, retries] of [['one gigabyte', 200, 0], ['one gigabyte of failure', 500, 1]]) {
    assert.deepEqual(brief(found[name]), [code, 'too_large', retries, retries === 0], name);
    assert.equal(found[name].log.response, 'x'.repeat(20 << 10), name);
  }
  console.log(`of two gigabytes ${(poured / 2 ** 20).toFixed(1)} MiB left the receivers`);
  assert.ok(poured < 64 << 20, `${poured} bytes`);
});

test('a body that breaks off has arrived by its status, and what came of it is kept', () => {
  assert.deepEqual(brief(found['a body that breaks off']), [200, 'incomplete', 0, true]);
  assert.equal(found['a body that breaks off'].log.response, 'half');
});

test('who closes at once, speaks no HTTP or has no certificate that counts, has failed', () => {
  for (const name of ['closes at once', 'closes when asked', 'speaks no HTTP']) {
    const { log } = found[name];
    assert.ok(['network', 'refused'].includes(log.error), `${name}: ${log.error}`);
    assert.deepEqual([log.response_code, log.response, log.retries], [0, null, 1], name);
  }
  const { log, asked } = found['wrong TLS'];
  assert.ok(['tls', 'network'].includes(log.error), log.error);
  assert.deepEqual([log.response_code, log.retries, asked], [0, 1, 0], 'nothing is said to whoever can’t prove who he is');
});
