// What is asked of all three, and what of D1 each answer takes.
import { Halt } from '../scripts/shell.mjs';
import { bytesOf } from './load.mjs';
import { orderCount, orderId } from './seed.mjs';

/** So many different orders, and links, are asked for in turn: one alone would be an unlikely friend of every cache. */
const [variety, links] = [1_000, 50];
const perPage = 20;

export const pages = { first: `/api/v2/orders?page=1&per_page=${perPage}`, last: `/api/v2/orders?page=${orderCount / perPage}&per_page=${perPage}` };

/** What an edge adds to a request; Miniflare would, on the socket that isn't used here. */
const edge = { 'cf-connecting-ip': '203.0.113.7', 'mf-cf-blob': JSON.stringify({ country: 'SE', colo: 'ARN' }) };
const client = { ...edge, accept: 'application/json', 'user-agent': 'shop-client/1.0' };
const browser = { ...edge, accept: 'text/html,application/xhtml+xml', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' };

export const signedIn = ({ email, apiKey }) => ({ ...client, authorization: `Basic ${btoa(`${email}:${apiKey}`)}` });

export const payment = {
  title: 'A book, "Ada & Babbage"',
  email: 'ada@example.com',
  currency: 'EUR',
  value: '19.99',
  gateway: 'Bitcoin',
  confirmations: 1,
  return_url: 'https://seller.example/thanks?cart=17',
  webhook_url: 'https://seller.example/hooks/pushguard',
  custom: { 0: 'cart-17' },
};

/** A shuffled thousand of the orders, the same ones for all. */
export const sample = Array.from({ length: variety }, (_, n) => 1 + ((n * 7_919) % orderCount));

/** → [{name, status, requests(target) → Buffer[]}] */
export async function endpoints(targets, seller) {
  const api = signedIn(seller);
  const one = (name, path, headers) => ({ name, status: 200, requests: () => [bytesOf('GET', path, headers)] });
  const made = await Promise.all(targets.map(async (target) => [target.name, await makeLinks(target, api)]));
  const pathsOf = Object.fromEntries(made);
  return [
    one('GET /healthz', '/healthz', client),
    { name: 'GET order', status: 200, requests: () => sample.map((seq) => bytesOf('GET', `/api/v2/orders/${orderId(seq)}`, api)) },
    one('list, first page', pages.first, api),
    one('list, last page', pages.last, api),
    { name: 'POST /pay', status: 201, requests: () => [bytesOf('POST', '/api/v2/pay', api, payment)] },
    { name: 'GET pay page', status: 200, requests: ({ name }) => pathsOf[name].map((path) => bytesOf('GET', path, browser)) },
  ];
}

/** Links that the target itself makes. */
async function makeLinks({ name, url }, headers) {
  const paths = [];
  for (let n = 0; n < links; n++) {
    const answer = await fetch(`${url}/api/v2/pay`, { method: 'POST', headers, body: JSON.stringify(payment) });
    if (answer.status !== 201) throw new Halt(`${name}: POST /pay answered ${answer.status}: ${await answer.text()}`);
    paths.push(new URL((await answer.json()).url).pathname);
  }
  return paths;
}

/** → {endpoint: {target: {trips, read, written}}} a request, once warm. All three tell what they have used, in a header. */
export async function countD1(targets, list) {
  const times = 10;
  const counts = {};
  for (const endpoint of list) {
    counts[endpoint.name] = {};
    for (const target of targets) {
      const requests = endpoint.requests(target);
      const ask = async (n) => (await raw(target, requests[n % requests.length]));
      await ask(0);
      const before = await usage(target);
      for (let n = 0; n < times; n++) await ask(n);
      const after = await usage(target);
      counts[endpoint.name][target.name] = Object.fromEntries(Object.keys(after).map((key) => [key, (after[key] - before[key]) / times]));
    }
  }
  return counts;
}

async function usage({ name, url }) {
  const answer = await fetch(`${url}/healthz`, { headers: client });
  const told = answer.headers.get('x-d1-usage');
  if (!told) throw new Halt(`${name} doesn't tell what it asks of D1`);
  return Object.fromEntries(told.split(';').map((part) => part.split('=')).map(([key, count]) => [key, Number(count)]));
}

/** Sends prepared bytes by `fetch`. */
function raw({ url }, bytes) {
  const [head, body] = bytes.toString().split('\r\n\r\n');
  const [line, ...fields] = head.split('\r\n');
  const [method, path] = line.split(' ');
  const headers = Object.fromEntries(fields.map((field) => field.split(/: (.*)/)).filter(([name]) => !['host', 'content-length'].includes(name)));
  return fetch(`${url}${path}`, { method, headers, body: body || undefined }).then((answer) => answer.arrayBuffer());
}
