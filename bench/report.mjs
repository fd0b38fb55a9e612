// The figures, for people: a table on the terminal, and bench/RESULTS.md.
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { root } from '../scripts/shell.mjs';
import { median } from './median.mjs';
import { startupGoal } from './startup.mjs';

export function print(run) {
  console.log(`\n${aligned(costs(run))}\n\n${aligned(ratios(run))}\n`);
  if (run.startup) console.log(`${aligned(startups(run.startup))}\n`);
  for (const { text, met } of goals(run)) console.log(`${met ? '✓' : '✗'} ${text}`);
  console.log(`\n${disturbance(run)}\n`);
}

export async function write(run) {
  const file = path.join(root, 'bench', 'RESULTS.md');
  await writeFile(file, document(run));
  return path.relative(process.cwd(), file);
}

// --- Figures ------------------------------------------------------------------------------------------------------------

/** → rows of texts, the first of them the head. */
function costs({ measured, counts }) {
  const rows = [['endpoint', 'who', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'D1 trips', 'rows read', 'rows written', 'client']];
  for (const [endpoint, targets] of Object.entries(measured)) {
    for (const [n, [name, phases]] of Object.entries(targets).entries()) {
      const of = (key) => median(phases.map((phase) => phase[key]));
      const { trips, read, written } = counts[endpoint][name];
      const cpu = phases.every((phase) => phase.cpu !== undefined) ? of('cpu').toFixed(0) : '–';
      const client = `${Math.round(of('client') * 100)} %`;
      rows.push([n ? '' : endpoint, name, of('perSecond').toFixed(0), of('p50').toFixed(2), of('p99').toFixed(2), cpu, trips, read, written, client].map(String));
    }
  }
  return rows;
}

/** The median of the ratios, not the ratio of the medians: the phases of one round are neighbours in time. */
function ratio(measured, [endpoint, name], [otherEndpoint, otherName], key = 'perSecond') {
  const [ones, others] = [measured[endpoint][name], measured[otherEndpoint][otherName]];
  return median(ones.map((one, round) => one[key] / others[round][key]));
}

function ratios({ measured }) {
  const rows = [['endpoint', 'ours / floor', 'ours / peer', 'by CPU: floor', 'by CPU: peer']];
  for (const [endpoint, targets] of Object.entries(measured)) {
    const withCpu = targets.ours[0].cpu !== undefined;
    const cells = ['floor', 'peer'].map((other) => ratio(measured, [endpoint, 'ours'], [endpoint, other]));
    // Turned round, so that more is better here too.
    const cpu = ['floor', 'peer'].map((other) => (withCpu ? ratio(measured, [endpoint, other], [endpoint, 'ours'], 'cpu') : NaN));
    rows.push([endpoint, ...[...cells, ...cpu].map((cell) => (Number.isNaN(cell) ? '–' : cell.toFixed(2)))]);
  }
  return rows;
}

/** By requests a second, of the floor and of the peer. */
const least = {
  'GET /healthz': { peer: 1 },
  'GET order': { floor: 0.85, peer: 1.05 },
  'list, first page': { floor: 0.85, peer: 1.05 },
  'list, last page': { floor: 0.85, peer: 1.05 },
  'POST /pay': { floor: 0.85, peer: 1.1 },
  'GET pay page': { floor: 0.85, peer: 1.3 },
};

function goals({ measured, counts, startup }) {
  const goal = (endpoint, other, least) => {
    const of = (name, key) => ratio(measured, [endpoint, name], [endpoint, other], key);
    const reached = of('ours');
    const cpu = measured[endpoint].ours[0].cpu === undefined ? '' : `; ${ratio(measured, [endpoint, other], [endpoint, 'ours'], 'cpu').toFixed(2)} by CPU`;
    // What asks, checks and signs nothing is as fast as can be: a goal beyond it is out of reach, and that should be seen.
    const most = other === 'floor' ? '' : `; the floor itself is at ${of('floor').toFixed(2)}`;
    return { text: `${endpoint}: ${reached.toFixed(2)} of the ${other} (goal ≥ ${least.toFixed(2)}${cpu}${most})`, met: reached >= least };
  };
  const [first, last] = ['list, first page', 'list, last page'];
  const depth = ratio(measured, [last, 'ours'], [first, 'ours']);
  const read = [first, last].map((endpoint) => counts[endpoint].ours.read);
  const all = Object.entries(least).flatMap(([endpoint, others]) => Object.entries(others).map(([other, least]) => goal(endpoint, other, least)));
  all.push({
    text: `last page: ${depth.toFixed(2)} of the first (goal: the same, within a tenth), ${read[1]} rows read against ${read[0]}`,
    met: Math.abs(depth - 1) <= 0.1 && read[0] === read[1],
  });
  if (startup) {
    const ms = median(startup.ours);
    all.push({ text: `first answer of a fresh isolate: ${ms.toFixed(1)} ms (goal ≤ ${startupGoal})`, met: ms <= startupGoal });
  }
  return all;
}

/** Rows of texts: how long a fresh isolate takes to its first answer. */
function startups({ ours, plain, packed }) {
  const row = (name, times, size) => [name, median(times).toFixed(1), Math.min(...times).toFixed(1), size];
  return [['fresh isolate', 'first answer, ms', 'at least', 'module, kB gz'], row('ours', ours, packed.toFixed(0)), row('plain JavaScript', plain, '–')];
}

function disturbance({ measured }) {
  const others = Object.values(measured).flatMap((targets) => Object.values(targets).flat()).map((phase) => phase.others);
  if (others.includes(undefined)) return 'What other programs did meanwhile is not known.';
  return `Other programs used ${median(others).toFixed(2)} cores meanwhile (median of the phases; at most ${Math.max(...others).toFixed(2)}).`;
}

// --- Words --------------------------------------------------------------------------------------------------------------

function aligned(rows) {
  const widths = rows[0].map((_, n) => Math.max(...rows.map((row) => row[n].length)));
  return rows.map((row) => row.map((cell, n) => (n < 2 && !/^\d/.test(cell) ? cell.padEnd(widths[n]) : cell.padStart(widths[n]))).join('  ')).join('\n');
}

function markdown([head, ...rows], texts) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, n) => (n < texts ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function document(run) {
  const { rounds, seconds, connections } = run;
  return `# What a request costs

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${availableParallelism()} cores, node ${process.versions.node}, ${rounds} rounds of ${seconds} s
for each endpoint and Worker, ${connections} keep-alive connections, medians.
${disturbance(run)}

${markdown(costs(run), 2)}

Requests a second, ours against the others (more is better; the CPU columns are turned round, so there too):

${markdown(ratios(run), 1)}

${goals(run).map(({ text, met }) => `- ${met ? 'met' : '**missed**'}: ${text}`).join('\n')}

${run.startup ? markdown(startups(run.startup), 1) : ''}

## How to read it

- **ours** is the Worker of \`build/\`. **floor** is a Worker of plain JavaScript that only asks the statements nobody can do without and
  answers bytes of the same shape: it lets everybody in, checks nothing and signs nothing. **peer** is the same API in TypeScript on
  Hono and zod, with the same authentication, rate limit, memo over KV, validation, paging and signed links, as a good team would
  write it. All three ask D1 the same statements in the same trips; only that ours has an order's columns packed as one text.
  The peer knows no Idempotency-Key and no white-label orders, which nothing here asks for.
  Before they are measured they are asked the same questions, and must answer alike: all three for what is measured, ours and the peer
  for refusals too.
- Each has a runtime process, a D1 and a KV of its own, with the same 100,000 orders. They take turns, and the order of the turns
  changes, so that what slows the machine down slows down all of them. A ratio is the median of the rounds' ratios.
- Only ratios mean something on another machine. Under ${connections} connections that never pause, one busy thread serves them all: the latency is
  mostly waiting in line, and p50 is little else than connections divided by requests/s.
- **What a goal can be.** Where the floor is itself little above the peer, most of the time is D1's and the platform's, and
  nobody can be a fifth faster than the peer: the lines above say how far the floor is.
- **CPU µs** is what the runtime's process used for each answer (user and system, from /proc; – where there is none), D1 included: it is
  SQLite in the same process here, and somebody else's machine at the edge. **client** is how much of a core the measuring client used.
  Where that is near 100 %, the client is the limit, requests/s say little, and the CPU columns are the ones to go by.
- **D1 trips**, **rows read** and **rows written** are per request, warm, from D1's own meta. At the edge each trip is latency, and the
  rows are the bill.
- **fresh isolate**: one warm runtime makes a new isolate for each of ${run.startup?.ours.length ?? 'some'} samples, with a module whose compiled code it can't have kept.
- bench/GROWTH.md (\`npm run bench:growth\`) has the cost of filtered lists with a million orders, bench/HOOKS.md (\`npm run bench:hooks\`) that of webhooks.
- Requests come in through the Worker's own socket, with the two things an edge adds to them (the address, and \`request.cf\`).
`;
}
