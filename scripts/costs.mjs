// `npm run costs`: what orders cost at Cloudflare's list prices, as the tables of README.md and docs/cost.md. Counts × prices: the counts
// are asserted by tests/worker/counts.test.mjs, those of looks follow src/shop/order/schedule.rs.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { asCommand, Halt, put, root, say } from './shell.mjs';

/** US dollars of the Workers Paid plan: what a month includes, and what a million more costs. Read in August 2026. */
export const prices = {
  date: 'August 2026',
  plan: 5,
  requests: { included: 10e6, million: 0.3 },
  cpuMs: { included: 30e6, million: 0.02 },
  rowsRead: { included: 25e9, million: 0.001 },
  rowsWritten: { included: 50e6, million: 1 },
  kvReads: { included: 10e6, million: 0.5 },
  kvWrites: { included: 1e6, million: 5 },
  queueOperations: { included: 1e6, million: 0.4 },
  objectRequests: { included: 1e6, million: 0.15 },
};

// --- Looks at a chain -----------------------------------------------------------------------------------------------------

const [minute, hour, day] = [60, 3_600, 86_400];
/** Seconds: how long a price holds, how much later money may come, how long an address is watched closely, and at all. */
const [quote, grace, close, all] = [20 * minute, 3 * minute, day, 7 * day];

/** Seconds between two looks at an order in coins that nobody has paid, so long after its price has run out (`pace`). */
function pace(past) {
  if (past < grace) return 15;
  if (past + quote < hour) return 60;
  return past < close ? 300 : hour;
}

/** A look renews the order's lease when this is left of it or less (`is_lease_due`). */
const [lease, leaseDue] = [5 * minute, 2 * minute];

/** → {looks, renewals} from when an order is made until its age in seconds. */
export function looksUntil(age) {
  let [looks, renewals, leaseEnds] = [0, 0, 15 + lease];
  for (let at = 15; at < age; ) {
    looks += 1;
    const delay = pace(at - quote);
    if (leaseEnds - at - delay < leaseDue) {
      renewals += 1;
      leaseEnds = at + delay + lease;
    }
    at += delay;
  }
  return { looks, renewals };
}

// --- Counts of an order ---------------------------------------------------------------------------------------------------

/** A message is written, read and deleted. */
const operations = 3;
/** CPU, in milliseconds, of a look and of all else that an order asks for: twice what bench/RESULTS.md measures of the like. */
const [cpuOfLook, cpuOfOrder] = [3, 15];
/** The order's row, and its place among leases. */
const rowsOfRenewal = 2;
/** An order is read, with its transactions and receivers. */
const readByLook = 8;

/**
 * A completed checkout with one webhook endpoint for three events (four webhooks). `written` and `read` are asserted by
 * tests/worker/counts.test.mjs; `pruned` is what the same rows cost when they go: the link, four logs and three payloads.
 */
export const checkout = { written: 57, read: 600, pruned: 8, webhooks: 4, requests: 8, kvReads: 6, objectRequests: 6 };
/** An order that was begun and is never paid: a link, an order, one webhook. */
export const begun = { written: 21, read: 300, pruned: 3, webhooks: 1, requests: 4, kvReads: 5, objectRequests: 3 };

/** Paid five minutes after the order, in a block ten minutes later, and looked at twice more until six blocks bury it. */
const lookedAtWhenPaid = { looks: looksUntil(15 * minute).looks + 2, renewals: looksUntil(15 * minute).renewals + 2 };
const lookedAtForNothing = looksUntil(quote + all);

function counts(made, { looks, renewals }) {
  const messages = looks + made.webhooks;
  return {
    // At worst each message is an invocation of its own.
    requests: made.requests + messages,
    cpuMs: cpuOfOrder + looks * cpuOfLook,
    rowsRead: made.read + looks * readByLook,
    rowsWritten: made.written + made.pruned + renewals * rowsOfRenewal,
    kvReads: made.kvReads,
    queueOperations: messages * operations,
    objectRequests: made.objectRequests,
  };
}

/** Of a deployment, whatever it sells: cron each minute, and a write of the rates every five. */
const standing = { requests: 43_200, rowsRead: 43_200 * 20, kvWrites: 8_640 };

export const kinds = {
  card: counts({ ...checkout, written: checkout.written + 6 }, { looks: 2, renewals: 2 }),
  coins: counts(checkout, lookedAtWhenPaid),
  unpaid: counts(begun, lookedAtForNothing),
};

// --- The tables -----------------------------------------------------------------------------------------------------------

/** Dollars a month of so many orders, {card, coins, unpaid}. */
export function monthly(orders) {
  const used = { ...standing };
  for (const [kind, count] of Object.entries(orders)) {
    for (const [name, each] of Object.entries(kinds[kind])) used[name] = (used[name] ?? 0) + each * count;
  }
  const over = Object.entries(used).map(([name, amount]) => (Math.max(0, amount - prices[name].included) * prices[name].million) / 1e6);
  return prices.plan + over.reduce((sum, dollars) => sum + dollars, 0);
}

const sizes = [1_000, 100_000, 1_000_000];
const number = (value) => Math.round(value).toLocaleString('en');
const dollars = (value) => `$${number(value)}`;

/** For the README: what so many orders a month come to. */
export function summary() {
  const row = (title, mix) => `| ${[title, ...sizes.map((size) => dollars(monthly(mix(size))))].join(' | ')} |`;
  return [
    `| paid orders a month | ${sizes.map(number).join(' | ')} |`,
    '|---|--:|--:|--:|',
    row('cards and PayPal', (size) => ({ card: size })),
    row('coins, all paid', (size) => ({ coins: size })),
    row('coins, and as many begun that nobody pays', (size) => ({ coins: size, unpaid: size })),
  ].join('\n');
}

/** For docs/cost.md: what one order counts. */
export function details() {
  const names = { requests: 'Worker requests', cpuMs: 'CPU, ms', rowsRead: 'D1 rows read', rowsWritten: 'D1 rows written', kvReads: 'KV reads', queueOperations: 'queue operations', objectRequests: 'Durable Object requests' };
  const price = (name) => `$${prices[name].million} beyond ${number(prices[name].included / 1e6)} million`;
  const row = (name) => `| ${[names[name], ...Object.values(kinds).map((kind) => number(kind[name])), price(name)].join(' | ')} |`;
  const each = ['**dollars per thousand**, beyond what is included', ...Object.values(kinds).map((kind) => `**$${thousand(kind).toFixed(2)}**`), ''];
  return ['| of one order | card, PayPal | coins, paid | coins, never paid | price of a million |', '|---|--:|--:|--:|---|', ...Object.keys(names).map(row), `| ${each.join(' | ')} |`].join('\n');
}

const thousand = (kind) => Object.entries(kind).reduce((sum, [name, amount]) => sum + (amount * prices[name].million) / 1e3, 0);

const tables = [
  { file: 'README.md', name: 'cost', text: summary },
  { file: 'docs/cost.md', name: 'cost', text: summary },
  { file: 'docs/cost.md', name: 'counts', text: details },
];

/** → the files' texts with the tables of now, {file: text}. */
export async function withTables() {
  const texts = {};
  for (const { file, name, text } of tables) {
    texts[file] ??= await readFile(path.join(root, file), 'utf8');
    const place = new RegExp(`(<!-- ${name}: npm run costs -->\n)[^]*?(\n<!-- end -->)`);
    if (!place.test(texts[file])) throw new Halt(`${file} has no place for the table "${name}".`);
    texts[file] = texts[file].replace(place, (_, begin, end) => `${begin}\n${text()}\n${end}`);
  }
  return texts;
}

await asCommand(import.meta, async () => {
  for (const [file, text] of Object.entries(await withTables())) await put(path.join(root, file), text);
  say('the tables of README.md and docs/cost.md are up to date');
  console.log(`\n${summary()}\n\n${details()}`);
});
