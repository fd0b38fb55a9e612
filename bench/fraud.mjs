// `npm run bench:fraud`: what 200 rules and a blacklist of 100,000 entries, 10,000 of them ranges, add to the start of an order. Two
// sellers of one Worker take turns: one has all that, the other has none.
//
//   node bench/fraud.mjs [--rounds=12] [--orders=400] [--patience=60]
//
// It writes bench/FRAUD.md, unless an option says otherwise, and fails where it adds more than it may.
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isBuilt } from '../scripts/build.mjs';
import { asCommand, Halt, root, say, since } from '../scripts/shell.mjs';
import { countD1, signedIn } from './endpoints.mjs';
import { bytesOf, load } from './load.mjs';
import { median } from './median.mjs';
import { quiet } from './quiet.mjs';
import { adminToken, cpuSeconds, serveAll } from './serve.mjs';

const usual = { rounds: 12, orders: 400, patience: 60 };
const [ruleCount, entryCount, rangeCount] = [200, 100_000, 10_000];
/** What an order start may take more: µs of CPU, and D1 trips. */
const limits = { cpu: 500, trips: 0 };
/** At most so many requests under way: what is measured is CPU, and two are enough to keep a core busy. */
const connections = 2;

/** Rules as sellers write them. None applies, so each is tried at every order. */
const shapes = [
  (n) => `customer.email_domain in {"a${n}.example" "b${n}.example" "c${n}.example"}`,
  (n) => `customer.email contains "+" and order.usd_value > ${1_000 + n}`,
  (n) => `customer.ip_address in {10.${n % 250}.0.0/16 192.0.2.${n % 250}} or customer.asn in {${70_000 + n} ${80_000 + n}..${80_100 + n}}`,
  (n) => `lower(customer.user_agent) contains "bot${n}" or customer.country_code in {"XA" "XB"}`,
  (n) => `customer.email matches "^[a-z]+${n}\\\\.[0-9]{4}@" and not customer.is_vpn`,
  (n) => `custom["name"] wildcard "*${n}*" or (order.hour < 0 and order.quantity ge ${n + 2})`,
  (n) => `customer.order_count > ${100_000 + n} and customer.disputed_count > ${n} and risk.level >= 90`,
  (n) => `len(customer.email) > ${300 + n} or starts_with(customer.email, "x${n}-")`,
];

await asCommand(import.meta, async (args) => {
  const number = { type: 'string' };
  const { values } = parseArgs({ args, options: { rounds: number, orders: number, patience: number } });
  const wanted = Object.fromEntries(Object.entries(usual).map(([name, value]) => [name, Number(values[name] ?? value)]));
  if (!(wanted.rounds >= 1 && wanted.orders >= 20 && wanted.orders <= 1_500 && wanted.patience >= 0)) throw new Halt('--rounds, --orders (20 to 1500) and --patience are numbers.');
  if (!(await isBuilt())) console.error('NOTE: build/ is older than src/ or the lock file: what is measured is what was built.');
  const start = performance.now();
  // Syncs of the orders would be measured with them: they begin when all is over.
  const { targets, close } = await serveAll(['ours'], {}, { WATCH_SECONDS: '300' });
  try {
    const [target] = targets;
    const sellers = { none: await account(target, 'none@example.com'), all: await account(target, 'all@example.com') };
    await guard(target, sellers.all);
    say(`${ruleCount} rules and ${entryCount.toLocaleString('en')} entries, of which ${rangeCount.toLocaleString('en')} are ranges (${since(start)})`);
    const list = Object.entries(sellers).map(([name, seller]) => ({ name, requests: () => orders(seller) }));
    const counts = Object.fromEntries(Object.entries(await countD1([target], list)).map(([name, { ours }]) => [name, ours]));
    const cpu = await measure(target, list, wanted);
    const more = { cpu: cpu.all === undefined ? undefined : median(cpu.all.map((one, n) => one - cpu.none[n])), trips: counts.all.trips - counts.none.trips };
    for (const name of ['none', 'all']) say(`${name}: ${counts[name].trips} trips, ${counts[name].read} rows read, ${cpu[name] ? median(cpu[name]).toFixed(0) : '–'} µs`);
    say(`all of it adds ${more.cpu?.toFixed(0) ?? '–'} µs and ${more.trips} trips`);
    if (Object.keys(values).length === 0) {
      await writeFile(path.join(root, 'bench', 'FRAUD.md'), document({ counts, cpu, more, wanted }));
      say('written to bench/FRAUD.md');
    }
    if (more.trips > limits.trips || more.cpu > limits.cpu) throw new Halt(`more than ${limits.cpu} µs or ${limits.trips} trips`);
  } finally {
    await close();
  }
});

/** A test account: nothing is asked of a chain. → {email, apiKey, id} */
async function account({ url, db }, email) {
  const answer = await fetch(`${url}/admin/accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ email, shop_name: 'Bench', test: true }),
  });
  if (answer.status !== 201) throw new Halt(`POST /admin/accounts answered ${answer.status}: ${await answer.text()}`);
  const { api_key: apiKey } = await answer.json();
  const { id } = await db.prepare('SELECT id FROM accounts WHERE email = ?1').bind(email).first();
  return { email, apiKey, id };
}

async function guard({ url, db }, seller) {
  const headers = { ...signedIn(seller), 'content-type': 'application/json' };
  for (let n = 0; n < ruleCount; n++) {
    const fields = { action_type: 'block', name: `Rule ${n}`, priority: n + 1, rule: shapes[n % shapes.length](n) };
    const answer = await fetch(`${url}/api/v2/blacklist_rules`, { method: 'POST', headers, body: JSON.stringify(fields) });
    if (answer.status !== 201) throw new Halt(`POST /blacklist_rules answered ${answer.status}: ${await answer.text()}`);
  }
  const columns = 'account_id, seq, id, blacklist_type, blocked_data, created_at, updated_at';
  for (let from = 1; from <= entryCount; from += 10_000) {
    await db.prepare(
      `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${from + 9_999})
       INSERT INTO blacklist (${columns}) SELECT CAST(?1 AS INTEGER), i, printf('%08d', i), IIF(i <= ${rangeCount}, 2, 1), CASE
         WHEN i <= ${rangeCount / 2} THEN printf('10.%d.%d.0/24', i / 250, i % 250)
         WHEN i <= ${rangeCount} THEN printf('2001:db8:%x::/48', i) ELSE printf('eve%d@example.com', i) END, 0, 0 FROM n`,
    ).bind(seller.id).run();
  }
}

/** Orders of a thousand buyers, each at an address of their own. */
function orders(seller) {
  return Array.from({ length: 1_000 }, (_, n) => bytesOf('POST', '/api/v2/pay', signedIn(seller), {
    title: 'A book', currency: 'USD', value: '10', gateway: 'Bitcoin', white_label: true,
    email: `buyer${n}@example.com`, ip_address: `198.18.${n >> 8}.${n % 256}`,
  }));
}

/** → {none, all}: µs of CPU an order, one number a round. D1's is in it, which is SQLite in the same process here. */
async function measure(target, list, { rounds, orders: most, patience }) {
  const own = () => {
    const used = process.cpuUsage();
    return cpuSeconds(target.pid) + (used.user + used.system) / 1e6 || undefined;
  };
  const inQuiet = quiet(own, patience);
  const cpu = {};
  for (let round = 0; round <= rounds; round++) {
    // Who goes first changes.
    for (const { name, requests } of round % 2 ? [...list].reverse() : list) {
      // Orders that wait for coins are counted, and bounded: those of the phase before don't wait any more.
      await target.db.prepare('UPDATE orders SET quote_expires_at = 0 WHERE quote_expires_at > 0').run();
      const all = requests();
      const at = (round * most) % all.length;
      const turned = [...all.slice(at), ...all.slice(0, at)];
      const { result } = await inQuiet(() => load({ port: target.port, requests: turned, status: 201, connections, seconds: 60, most, cpu: () => cpuSeconds(target.pid) }));
      // The first round belongs to the compilers of the runtime.
      if (round > 0 && result.cpuUsed !== undefined) (cpu[name] ??= []).push((result.cpuUsed / result.count) * 1e6);
    }
  }
  return cpu;
}

function document({ counts, cpu, more, wanted }) {
  const line = (name, words) => `| ${words} | ${counts[name].trips} | ${counts[name].read} | ${counts[name].written} | ${cpu[name] ? median(cpu[name]).toFixed(0) : '–'} |`;
  return `# What rules and a blacklist add to the start of an order

Written by \`npm run bench:fraud\` on ${new Date().toISOString().slice(0, 10)}: ${os.cpus().length} cores, node ${process.versions.node}, ${wanted.rounds} rounds of ${wanted.orders} orders each; medians.
Two sellers of one Worker take turns. The CPU has D1's in it, which is SQLite in the same process here.

| seller | D1 trips | rows read | rows written | CPU µs |
| --- | ---: | ---: | ---: | ---: |
${line('none', 'no rule and no entry')}
${line('all', `${ruleCount} rules, ${entryCount.toLocaleString('en')} entries (${rangeCount.toLocaleString('en')} ranges)`)}

All of it adds **${more.cpu?.toFixed(0) ?? '–'} µs** (allowed: ${limits.cpu}) and ${more.trips} trips (allowed: ${limits.trips}).
`;
}
