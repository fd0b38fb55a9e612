// `npm run bench`: what a request costs, ours beside a floor and a peer. All three are served at the same time by the same
// runtime over the same rows, and take turns, so that a machine that slows down slows down all of them.
//
//   node bench/run.mjs [--quick] [--alike] [--rounds=5] [--seconds=2] [--patience=120]
//
// --quick is for working on it: two short rounds, and bench/RESULTS.md stays as it is. --alike only looks whether all three answer
// the same, as they must for a comparison; `npm run check` does. --patience is for how many seconds, in
// all, it waits for others on this machine, and repeats what they disturbed.
import { parseArgs } from 'node:util';
import { isBuilt } from '../scripts/build.mjs';
import { asCommand, Halt, say, since } from '../scripts/shell.mjs';
import { countD1, endpoints } from './endpoints.mjs';
import { load } from './load.mjs';
import { quiet } from './quiet.mjs';
import { print, write } from './report.mjs';
import { orderCount, seed } from './seed.mjs';
import { cpuSeconds, serveAll } from './serve.mjs';
import { measureStartup } from './startup.mjs';
import { verify } from './verify.mjs';

const connections = 8;
/** A phase ends here at the latest, so that what POST writes stays small beside what was there. */
const most = 20_000;

await asCommand(import.meta, async (args) => {
  const { values } = parseArgs({
    args,
    options: { quick: { type: 'boolean' }, alike: { type: 'boolean' }, rounds: { type: 'string' }, seconds: { type: 'string' }, patience: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
  const seconds = Number(values.seconds ?? (values.quick ? 0.5 : 2));
  const patience = Number(values.patience ?? (values.quick ? 0 : 120));
  if (!(rounds >= 1 && seconds > 0 && patience >= 0)) throw new Halt('--rounds, --seconds and --patience are numbers above zero.');

  if (!(await isBuilt())) console.error('NOTE: build/ is older than src/ or the lock file: what is measured is what was built.');

  let start = performance.now();
  const { targets, close } = await serveAll();
  try {
    const seller = await seed(targets);
    say(`three Workers serve ${orderCount.toLocaleString('en')} orders each (${since(start)})`);
    const list = await endpoints(targets, seller);
    await verify(targets, seller);
    say('they answer alike');
    if (values.alike) return;
    const counts = await countD1(targets, list);

    start = performance.now();
    const measured = await measure(targets, list, { rounds, seconds, patience });
    say(`${rounds} rounds (${since(start)})`);
    const run = { measured, counts, rounds, seconds, connections, startup: values.quick ? undefined : await measureStartup() };
    print(run);
    if (!values.quick) say(`written to ${await write(run)}`);
  } finally {
    await close();
  }
});

/** → {endpoint: {target: [phase, …]}}, a phase of each round. */
async function measure(targets, list, { rounds, seconds, patience }) {
  const inQuiet = quiet(() => ownSeconds(targets), patience);
  const measured = {};
  for (const { name } of list) measured[name] = Object.fromEntries(targets.map((target) => [target.name, []]));
  // The first seconds belong to the compilers of the runtime.
  for (const endpoint of list) for (const target of targets) await phase(target, endpoint, Math.min(seconds, 1));
  for (let round = 0; round < rounds; round++) {
    for (const [place, endpoint] of list.entries()) {
      // Who goes first changes, and who follows whom: what one leaves behind (heat, garbage) isn't always the same one's.
      const turn = (round + place) % targets.length;
      const order = [...targets.slice(turn), ...targets.slice(0, turn)];
      if (round % 2) order.reverse();
      for (const target of order) {
        const { result, others } = await inQuiet(() => phase(target, endpoint, seconds));
        measured[endpoint.name][target.name].push({ ...result, others });
      }
    }
  }
  return measured;
}

/** CPU seconds of the runtimes and of this process, or undefined where that can't be read. */
function ownSeconds(targets) {
  const own = process.cpuUsage();
  return targets.reduce((sum, { pid }) => sum + cpuSeconds(pid), (own.user + own.system) / 1e6) || undefined;
}

async function phase(target, endpoint, seconds) {
  const cpu = () => cpuSeconds(target.pid);
  const { count, elapsed, latencies, cpuUsed, clientCpu } = await load({
    port: target.port,
    requests: endpoint.requests(target),
    status: endpoint.status,
    connections,
    seconds,
    most,
    cpu,
  });
  return {
    perSecond: count / elapsed,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: cpuUsed === undefined ? undefined : (cpuUsed / count) * 1e6,
    client: clientCpu / elapsed,
  };
}

function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}
