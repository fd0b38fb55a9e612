// `npm run bench:hooks`: five thousand webhooks through the queue, ours beside a bare queue consumer that does nothing but fetch.
// Both are given the same bodies, the same queue and the same receiver on this machine, one after the other, in one run.
//
//   node bench/hooks.mjs [--count=5000] [--batch=50] [--rounds=3]
//
// The two take turns; a ratio is the median of the rounds' ratios. It writes bench/HOOKS.md, unless --count or --batch say otherwise.
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isBuilt } from '../scripts/build.mjs';
import { serve } from '../scripts/serve.mjs';
import { asCommand, Halt, root, say } from '../scripts/shell.mjs';
import { median } from './median.mjs';
import { cpuSeconds, runtimes } from './serve.mjs';

const adminToken = 'bench-admin-token-of-32-letters-xx';
const usual = 5_000;
/** Webhooks of one commit: as many endpoints as the bench's seller has. */
const each = 50;
/** Requests that make them, at the same time. */
const makers = 4;
/** DELIVERY_BATCH, as wrangler.toml has it. */
const usualBatch = 50;
const goal = 0.33;
/** Of both consumers, as wrangler.toml has it for first deliveries. */
const queueOf = (batch) => ({ maxBatchSize: batch, maxBatchTimeout: 1, maxRetries: 3, retryDelay: 10 });

/** Makes so many messages of a text, each with the time before it was sent; and fetches for each, and nothing else. */
const bare = `
  export default {
    async fetch(request, env) {
      const { url, text, count } = await request.json();
      const at = Date.now();
      await env.JOBS.sendBatch(Array.from({ length: count }, (_, n) => ({ body: { url: url + n, text, at } })));
      return new Response();
    },
    async queue(batch) {
      const headers = { 'content-type': 'application/json' };
      await Promise.all(batch.messages.map(async ({ body: { url, text, at } }) => {
        const answer = await fetch(url, { method: 'POST', body: text, headers: { ...headers, 'x-at': String(at) } });
        await answer.text();
      }));
    },
  };`;

await asCommand(import.meta, async (args) => {
  const { values } = parseArgs({ args, options: { count: { type: 'string' }, batch: { type: 'string' }, rounds: { type: 'string' } } });
  const [count, batch, rounds] = [Number(values.count ?? usual), Number(values.batch ?? usualBatch), Number(values.rounds ?? 3)];
  if (!(count >= each && count % each === 0)) throw new Halt(`--count is a multiple of ${each}.`);
  if (!(await isBuilt())) console.error('NOTE: build/ is older than src/ or the lock file: what is measured is what was built.');

  const receiver = await startReceiver();
  const [ours, floor] = [await withPid(() => startOurs(receiver, batch)), await withPid(() => startBare(receiver, batch))];
  try {
    const text = await ours.begin();
    const results = { ours: [], bare: [] };
    // What comes first pays for compilers and connections.
    await measure(floor, receiver, text, each * 10);
    await measure(ours, receiver, text, each * 10);
    for (let round = 0; round < rounds; round += 1) {
      for (const target of round % 2 ? [ours, floor] : [floor, ours]) {
        const result = await measure(target, receiver, text, count);
        results[target.name].push(result);
        say(`${target.name}: ${line(result)}`);
      }
    }
    const ratio = median(results.ours.map(({ perSecond }, round) => perSecond / results.bare[round].perSecond));
    say(`ours / bare: ${ratio.toFixed(2)} of the throughput (goal ≥ ${goal}: ${ratio >= goal ? 'met' : 'missed'})`);
    if (count === usual && batch === usualBatch) {
      const file = path.join(root, 'bench', 'HOOKS.md');
      await writeFile(file, document(medians(results.ours), medians(results.bare), ratio, { count, batch, rounds }));
      say(`written to ${path.relative(process.cwd(), file)}`);
    }
  } finally {
    await Promise.all([ours, floor, receiver].map((one) => one.close()));
  }
});

/** A target, and the process it runs in. */
async function withPid(start) {
  const before = runtimes();
  const target = await start();
  return { ...target, pid: runtimes().find((pid) => !before.includes(pid)) };
}

/** Makes `count` webhooks and waits for all of them → deliveries a second, from the first commit to the last receipt, and latencies in ms. */
async function measure(target, receiver, text, count) {
  receiver.forget();
  const [began, cpuBefore] = [Date.now(), cpuSeconds(target.pid)];
  let left = count / each;
  const make = async () => {
    while (left-- > 0) await target.make(text);
  };
  await Promise.all(Array.from({ length: makers }, make));
  const made = Date.now();
  await receiver.got(count);
  const cpu = cpuBefore === undefined ? NaN : ((cpuSeconds(target.pid) - cpuBefore) / count) * 1e6;
  const latencies = (await target.latencies(receiver.came)).sort((a, b) => a - b);
  if (latencies.length !== count) throw new Halt(`${target.name}: ${latencies.length} arrived of ${count}`);
  const ended = Math.max(...receiver.came.map(({ at }) => at));
  const quantile = (q) => latencies[Math.min(count - 1, Math.floor(count * q))];
  return { cpu, perSecond: (count * 1000) / (ended - began), seconds: (ended - began) / 1000, making: (made - began) / 1000, p50: quantile(0.5), p99: quantile(0.99) };
}

/** Of the rounds' results the median of each number. */
function medians(results) {
  return Object.fromEntries(Object.keys(results[0]).map((name) => [name, median(results.map((result) => result[name]))]));
}

function line({ perSecond, seconds, making, p50, p99, cpu }) {
  return `${perSecond.toFixed(0)} deliveries/s, ${cpu.toFixed(0)} µs of CPU each, p50 ${p50} ms, p99 ${p99} ms from commit to receipt (${seconds.toFixed(1)} s, of which the first ${making.toFixed(1)} s also made them)`;
}

// --- The two ------------------------------------------------------------------------------------------------------------

async function startOurs(receiver, batch) {
  const key = (id) => `${id}:${Buffer.alloc(32, id).toString('base64')}`;
  const env = { ADMIN_TOKEN: adminToken, TOKEN_KEYS: key('a'), VAULT_KEY: key('b'), ALLOW_INSECURE_URLS: '1', WATCH_SECONDS: '300', RATE_LIMIT_ACCOUNT: '1000000', RATE_LIMIT_ANONYMOUS: '1000000', DELIVERY_BATCH: String(batch) };
  const shop = await serve({ env, cron: false, onLog: () => {} });
  const post = async (where, body, authorization) => {
    const answer = await fetch(`${shop.url}${where}`, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Halt(`POST ${where} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  let basic;
  const order = () => post('/api/v2/pay', { title: 'A book', currency: 'USD', value: '10', gateway: 'Bitcoin', white_label: true, email: 'buyer@example.com' }, basic);
  return {
    name: 'ours',
    /** → the body of a delivery, for the other to send. */
    async begin() {
      const seller = await post('/admin/accounts', { email: 'bench@example.com', shop_name: 'Bench', test: true }, `Bearer ${adminToken}`);
      basic = `Basic ${btoa(`${seller.email}:${seller.api_key}`)}`;
      for (let n = 0; n < each; n += 1) await post('/api/v2/webhooks/endpoints', { url: `${receiver.url}${n}`, events: ['order:created'] }, basic);
      await order();
      await receiver.got(each);
      return receiver.came[0].body;
    },
    make: order,
    /** A log's created_at is taken right before its commit. */
    async latencies(came) {
      const { results } = await shop.db.prepare('SELECT id, created_at FROM webhook_logs').all();
      const made = new Map(results.map(({ id, created_at }) => [id, created_at]));
      const first = new Map();
      for (const { id, at } of came) first.set(id, Math.min(at, first.get(id) ?? at));
      return [...first].map(([id, at]) => at - made.get(id));
    },
    close: () => shop.close(),
  };
}

async function startBare(receiver, batch) {
  const { Log, LogLevel, Miniflare } = await import('miniflare');
  const mf = new Miniflare({
    name: 'bare',
    modules: true,
    script: bare,
    compatibilityDate: '2026-04-01',
    queueProducers: { JOBS: 'jobs' },
    queueConsumers: { jobs: queueOf(batch) },
    host: '127.0.0.1',
    port: 0,
    cf: false,
    log: new Log(LogLevel.WARN),
  });
  const url = await mf.ready;
  return {
    name: 'bare',
    async make(text) {
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ url: receiver.url, text, count: each }) });
      if (!answer.ok) throw new Halt(`the bare producer answered ${answer.status}`);
    },
    latencies: async (came) => came.map(({ at, sent }) => at - sent),
    close: () => mf.dispose(),
  };
}

/** On loopback, in this process: takes everything, and notes when. */
async function startReceiver() {
  const receiver = {
    came: [],
    forget: () => (receiver.came = []),
    async got(count) {
      const end = Date.now() + 300_000;
      while (receiver.came.length < count) {
        if (Date.now() > end) throw new Halt(`only ${receiver.came.length} of ${count} arrived within five minutes`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      receiver.came.push({ at: Date.now(), id: request.headers['webhook-id'], sent: Number(request.headers['x-at']), body: Buffer.concat(chunks).toString() });
      response.end('ok');
    });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${server.address().port}/`;
  return receiver;
}

// --- Words --------------------------------------------------------------------------------------------------------------

function document(ours, floor, ratio, { count, batch, rounds }) {
  const row = (name, { perSecond, p50, p99, seconds, making, cpu }) => `| ${name} | ${perSecond.toFixed(0)} | ${cpu.toFixed(0)} | ${p50} | ${p99} | ${seconds.toFixed(1)} | ${making.toFixed(1)} |`;
  return `# What a webhook costs

Written by \`npm run bench:hooks\` on ${new Date().toISOString().slice(0, 10)}: ${availableParallelism()} cores, node ${process.versions.node}, ${rounds} rounds of ${count.toLocaleString('en')} deliveries each,
in batches of ${batch}; medians.

| who | deliveries/s | CPU µs | p50 ms | p99 ms | seconds in all | of which making them |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${row('ours', ours)}
${row('bare', floor)}

Ours reaches ${ratio.toFixed(2)} of the bare consumer's throughput (goal ≥ ${goal}: ${ratio >= goal ? 'met' : '**missed**'}).

## How to read it

- **ours** commits ${each} webhooks with an order, ${count / each} times, and delivers them: reads the batch's logs in one round trip, signs each body four
  ways, sends it, and writes all outcomes in another. **bare** puts messages of the same bodies into a queue and fetches for each: no database, no
  signature, no record. Both have the same queue settings and the same receiver, on loopback.
- p50 and p99 are from the commit (for bare: from before the message is sent) to the receipt. All ${count.toLocaleString('en')} are made as fast as ${makers} requests at a time can, so
  most of that time is waiting in line: it says how quickly a burst is worked off, not how long a single webhook takes.
- The local queue gives a consumer one batch of ${batch} after another. Cloudflare's runs up to 50 consumers at once, each beside its own database connection.
`;
}
