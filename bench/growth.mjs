// `npm run bench:growth`: what a page of a list costs an account with a million orders, in rows and in CPU, filtered and not, at the
// top, in the middle and at the end. It takes some minutes, most of them to make the orders.
//
//   node bench/growth.mjs [--orders=1000000]
//
// It writes bench/GROWTH.md, unless --orders says otherwise, and fails where a page costs more than it may.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isBuilt } from '../scripts/build.mjs';
import { asCommand, Halt, root, say, since } from '../scripts/shell.mjs';
import { countD1, signedIn } from './endpoints.mjs';
import { bytesOf, load } from './load.mjs';
import { median } from './median.mjs';
import { seed } from './seed.mjs';
import { cpuSeconds, serveAll } from './serve.mjs';

const usual = 1_000_000;
const perPage = 20;
/** Of one page. */
const limits = { read: 200, cpu: 4_000 };

/** What is asked for, and how many of the orders it finds. */
const lists = (orders) => [
  ['', orders],
  ['status=100', orders / 4],
  ['status=54', orders / 4],
  ['status=51', 0],
  ['gateway=bitcoin', orders],
  ['product_id=pay', orders],
  ['status=0&gateway=bitcoin&product_id=pay', orders / 4],
  ['email=buyer777@example.com', 1],
  // In every hundredth order.
  ['email=company@example.com', orders / 100],
  ['email=company@example.com&status=100', orders / 100],
];

await asCommand(import.meta, async (args) => {
  const { values } = parseArgs({ args, options: { orders: { type: 'string' } } });
  const orders = Number(values.orders ?? usual);
  if (!(orders >= 10_000 && orders % 10_000 === 0)) throw new Halt('--orders is a multiple of 10000.');
  if (!(await isBuilt())) console.error('NOTE: build/ is older than src/ or the lock file: what is measured is what was built.');
  const start = performance.now();
  const { targets, close } = await serveAll(['ours']);
  try {
    const seller = await seed(targets, { orders, company: true });
    say(`${orders.toLocaleString('en')} orders (${since(start)})`);
    const [target] = targets;
    const rows = [];
    for (const [query, found] of lists(orders)) {
      const pages = Math.max(1, Math.ceil(found / perPage));
      for (const [place, page] of new Map([['first', 1], ['middle', Math.ceil(pages / 2)], ['last', pages]])) {
        if (place !== 'first' && page === 1) continue;
        const url = `/api/v2/orders?${query && `${query}&`}page=${page}&per_page=${perPage}`;
        const answer = await fetch(target.url + url, { headers: signedIn(seller) });
        const total = answer.headers.get('x-total-count');
        if (total !== String(found)) throw new Halt(`${url} says ${total} orders, there are ${found}`);
        rows.push({ query: query || 'all', place, found, ...(await cost(target, url, seller)) });
        const { trips, read, cpu } = rows.at(-1);
        say(`${query || 'all'}, ${place}: ${trips} trips, ${read} rows, ${cpu?.toFixed(0) ?? '–'} µs`);
      }
    }
    if (orders === usual) {
      await writeFile(path.join(root, 'bench', 'GROWTH.md'), document(rows, orders));
      say('written to bench/GROWTH.md');
    }
    const over = rows.filter(({ read, cpu }) => read > limits.read || cpu > limits.cpu);
    if (over.length) throw new Halt(`over ${limits.read} rows or ${limits.cpu} µs: ${over.map(({ query, place }) => `${query} (${place})`).join(', ')}`);
  } finally {
    await close();
  }
});

/** → {trips, read, cpu}: a request's, warm; CPU in µs, the median of five. */
async function cost(target, url, seller) {
  const requests = [bytesOf('GET', url, signedIn(seller))];
  const counts = await countD1([target], [{ name: url, requests: () => requests }]);
  const phases = [];
  for (let n = 0; n < 6; n++) {
    const { cpuUsed, count } = await load({ port: target.port, requests, status: 200, connections: 8, seconds: 0.5, most: 20_000, cpu: () => cpuSeconds(target.pid) });
    if (n > 0) phases.push((cpuUsed / count) * 1e6);
  }
  const { trips, read } = counts[url][target.name];
  return { trips, read, cpu: phases.every(Number.isFinite) ? median(phases) : undefined };
}

function document(rows, orders) {
  const line = ({ query, place, found, trips, read, cpu }) =>
    `| ${query} | ${found.toLocaleString('en')} | ${place} | ${trips} | ${read} | ${cpu?.toFixed(0) ?? '–'} |`;
  return `# What a page costs an account with ${orders.toLocaleString('en')} orders

Written by \`npm run bench:growth\` on ${new Date().toISOString().slice(0, 10)}. A page has ${perPage} orders and the exact total. It may read ${limits.read} rows and take
${limits.cpu} µs of CPU (D1 included, which is SQLite in the same process here), whatever is filtered by and however deep it lies.

| filter | orders | page | D1 trips | rows read | CPU µs |
| --- | ---: | --- | ---: | ---: | ---: |
${rows.map(line).join('\n')}
`;
}
