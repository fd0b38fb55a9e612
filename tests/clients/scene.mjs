// What the clients' tests share: a shop, a way to it that loses answers, a real webhook, and programs in other languages that print a
// line for each thing that they looked at.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { packages } from '../../scripts/clients.mjs';
import { addEndpoint, openOrder } from '../worker/checkout.mjs';
import { startShop } from '../worker/harness.mjs';
import { startReceiver } from '../worker/receiver.mjs';

/** The package that `npm run clients` made, by how its name ends, or undefined. */
export async function packageOf(end) {
  const found = (await readdir(packages).catch(() => [])).find((file) => file.endsWith(end));
  return found && path.join(packages, found);
}

/** → {shop, seller, wire, folder, delivery, close()} */
export async function startScene() {
  const shop = await startShop({ assets: true, outbound: 'network' });
  const [seller, wire, receiver, folder] = await Promise.all([shop.admin.createAccount(), badWire(shop.url), startReceiver(), mkdtemp(path.join(tmpdir(), 'pushguard-client-'))]);
  const endpoint = await addEndpoint(seller, receiver.url, ['order:created']);
  await openOrder(shop, seller, { title: 'Tom & "Jerry" <3 a/b ü😀 1.10' });
  const [{ body, headers }] = await receiver.got(1);
  await seller.api('DELETE', `/webhooks/endpoints/${endpoint.id}`);
  return {
    shop,
    seller,
    wire,
    folder,
    /** A webhook as it came: {body: Buffer, headers}. */
    delivery: { body, headers },
    /** What a program in another language is told. */
    async describe() {
      const told = { base_url: shop.url, wire_url: wire.url, email: seller.email, api_key: seller.api_key, secret: seller.webhook_secret, body: body.toString('base64'), headers };
      const file = path.join(folder, 'scene.json');
      await writeFile(file, JSON.stringify(told), { mode: 0o600 });
      return file;
    },
    async close() {
      await Promise.all([wire.close(), receiver.close()]);
      await shop.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A way to the shop that spoils the first request of its kind, named by the first part of the path:
 * `/lose` does it and loses the answer, `/busy` answers 503 and `/limit` 429 without asking, `/closed` 503 for an hour.
 * `seen` are the requests: {kind, method, path, key}.
 */
async function badWire(origin) {
  const seen = [];
  const spoilt = new Set();
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const [, kind, rest] = request.url.match(/^\/(\w+)(\/.*)$/);
    const key = request.headers['idempotency-key'];
    seen.push({ kind, method: request.method, path: rest, key });
    const once = `${kind} ${request.method} ${rest} ${key ?? ''}`;
    const isFirst = !spoilt.has(once);
    spoilt.add(once);
    const refuse = (status, seconds) => response.writeHead(status, { 'content-type': 'application/json', 'retry-after': String(seconds) }).end('{"message":"Not right now"}');
    if (kind === 'busy' && isFirst) return refuse(503, 0);
    if (kind === 'limit' && isFirst) return refuse(429, 1);
    if (kind === 'closed') return refuse(503, 3_600);
    const { host, connection, 'content-length': length, ...headers } = request.headers;
    const answer = await fetch(origin + rest, { method: request.method, headers, body: chunks.length ? Buffer.concat(chunks) : undefined, redirect: 'manual' });
    const body = Buffer.from(await answer.arrayBuffer());
    if (kind === 'lose' && isFirst) return request.socket.destroy();
    response.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => !['content-encoding', 'transfer-encoding', 'content-length'].includes(name)))).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

/**
 * Runs a program that prints `ok NAME` or `not ok NAME: why` for each of its checks, and has a test for each of `names`, so that one that was
 * left out is told as well.
 */
export function checks(names, run) {
  let said;
  const done = () => (said ??= run());
  for (const name of names) {
    test(name, async () => {
      const output = await done();
      const line = output.split('\n').find((one) => one === `ok ${name}` || one.startsWith(`not ok ${name}: `));
      if (!line?.startsWith('ok ')) throw new Error(line ?? `it never came so far:\n${output}`);
    });
  }
}

/** → all that it said. */
export function program(command, args, { cwd, env = {}, timeout = 120_000 } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, timeout });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  return new Promise((resolve, reject) => child.on('error', reject).on('close', () => resolve(said)));
}
