// `npm test`: every test there is. `npm test native chain` runs those parts only:
//   native   the crate on this machine, over SQLite            wasm      its conversions at the JavaScript border
//   worker   the built module in the real runtime              chain     real nodes of the coins behind it
//   browser  a real browser on the pages                      api       Schemathesis: the API against its specification
//   docs     the commands and links of README and docs/        clients   the clients of clients/, as they are installed
// The last line is `N passed, N failed, N skipped`. Everything they print is looked through for secrets (tests/secrets.txt).
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { listen } from './leaks.mjs';
import { asCommand, exists, Halt, root, run, since, toolBinary } from './shell.mjs';
import { setup } from './setup.mjs';
import { build } from './build.mjs';
import { clients } from './clients.mjs';
import { data } from './data.mjs';

const parts = {
  // What it writes is for tests/worker/scans.test.mjs and tests/api/exchanges.test.mjs; DATA is read by tests/it/network.
  native: async () => {
    await data();
    return cargoTest('native', [], { DATA: path.join(root, 'public', 'data'), STATEMENTS: path.join(root, 'target', 'statements.jsonl'), EXCHANGES: path.join(root, 'target', 'exchanges.jsonl') });
  },
  wasm: () =>
    cargoTest('wasm', ['--target', 'wasm32-unknown-unknown', '--test', 'wire'], {
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: toolBinary('wasm-bindgen-test-runner'),
    }),
  worker: () => nodeTest('worker'),
  chain: () => nodeTest('chain'),
  browser: () => nodeTest('browser'),
  api: () => nodeTest('api'),
  docs: () => nodeTest('docs'),
  clients: async () => {
    await clients();
    return nodeTest('clients');
  },
};
const nodeParts = ['worker', 'chain', 'browser', 'api', 'docs', 'clients'];

/** Runs the parts (all that have tests, unless some are named) → whether all is well. */
export async function test(named = []) {
  for (const name of named) if (!(name in parts)) throw new Halt(`There is no part "${name}": ${Object.keys(parts).join(', ')}.`);
  const chosen = [];
  for (const name of Object.keys(parts)) {
    if (named.length ? named.includes(name) : await hasTests(name)) chosen.push(name);
    else if (!named.length) console.log(`· no tests for the part ${name}: left out`);
  }

  const needed = await setup({ tests: chosen.some((name) => ['chain', 'browser', 'api', 'clients'].includes(name)) });
  if (needed.chromium) process.env.CHROMIUM = needed.chromium; // so that no test looks for it again

  return judge(() => runParts(chosen));
}

/** Runs what answers tallies, and looks through all that it prints meanwhile → whether all is well. */
export async function judge(running) {
  const told = listen();
  const tallies = await running();
  told.stop();
  const leaks = told.found().map((what) => `a secret was printed: ${what}`);
  if (leaks.length) tallies.push({ name: 'secrets', passed: 0, failed: leaks.length, skipped: [], failures: leaks, seconds: '' });
  return report(tallies);
}

async function runParts(chosen) {
  const tallies = [];
  let builds = null; // once, and only when a part needs it
  for (const name of chosen) {
    const start = performance.now();
    heading(name);
    let tally;
    try {
      if (nodeParts.includes(name)) await (builds ??= build());
      tally = await parts[name]();
    } catch (error) {
      tally = { passed: 0, failed: 1, skipped: [], failures: [error instanceof Halt ? error.message : error.stack] };
    }
    if (tally.passed + tally.failed + tally.skipped.length === 0) {
      tally.failed = 1;
      tally.failures.push('it ran no test at all');
    }
    tallies.push({ name, ...tally, seconds: since(start) });
  }
  return tallies;
}

async function hasTests(name) {
  if (name === 'native') return true;
  if (name === 'wasm') return exists(path.join(root, 'tests', 'wire.rs'));
  return (await testFiles(name)).length > 0;
}

async function testFiles(name) {
  const folder = path.join(root, 'tests', name);
  const files = await readdir(folder).catch(() => []);
  return files.filter((file) => file.endsWith('.test.mjs')).sort().map((file) => path.join(folder, file));
}

// --- cargo --------------------------------------------------------------------------------------------------------------

// cargo's machine-readable test output isn't stable yet, so its summary lines are read.
async function cargoTest(name, args, env = {}) {
  const { code, stdout } = await run('cargo', ['test', '--no-fail-fast', ...args], { env, live: true, mayFail: true });
  const tally = { passed: 0, failed: 0, skipped: [], failures: [] };
  for (const [, passed, failed] of stdout.matchAll(/^test result: .*?(\d+) passed; (\d+) failed/gm)) {
    tally.passed += Number(passed);
    tally.failed += Number(failed);
  }
  for (const [, test, reason] of stdout.matchAll(/^test (.+?) \.\.\. ignored(?:, (.*))?$/gm)) {
    tally.skipped.push({ test, reason: reason ?? 'ignored in the source' });
  }
  for (const [, test] of stdout.matchAll(/^test (.+?) \.\.\. FAILED$/gm)) tally.failures.push(test);
  if (code !== 0 && tally.failed === 0) {
    tally.failed = 1;
    tally.failures.push(`cargo test ended with code ${code} (it did not compile, or a test crashed)`);
  }
  return tally;
}

// --- node ---------------------------------------------------------------------------------------------------------------

// One file after another: each starts a runtime of its own, and some a browser. Those of the chains run side by side: what they do most of
// the time is wait for a Worker's next look.
async function nodeTest(name) {
  const { run: runTests } = await import('node:test');
  const { spec: Spec } = await import('node:test/reporters');
  const files = await testFiles(name);
  const tally = { passed: 0, failed: 0, skipped: [], failures: [] };
  // A file that hangs is ended, rather than the whole run with it.
  const events = runTests({ files, concurrency: name === 'chain' ? files.length : 1, timeout: 15 * 60_000 });
  // A file that has no test in it, or that crashes outside of one, is itself reported as a test, under its own name.
  const isFile = (data) => files.includes(data.name) || files.includes(path.resolve(root, data.name));
  const isSuite = (data) => data.details?.type === 'suite';
  events.on('test:pass', (data) => {
    if (isSuite(data) || isFile(data)) return;
    if (data.skip !== undefined) tally.skipped.push({ test: data.name, reason: reasonOf(data.skip) });
    else if (data.todo !== undefined) tally.skipped.push({ test: data.name, reason: `to do: ${reasonOf(data.todo)}` });
    else tally.passed += 1;
  });
  events.on('test:fail', (data) => {
    if (data.todo !== undefined) return tally.skipped.push({ test: data.name, reason: `to do, and it fails: ${reasonOf(data.todo)}` });
    // A suite fails because a test in it failed, which is counted already, or because of one of its own hooks.
    if (isSuite(data) && data.details?.error?.failureType === 'subtestsFailed') return;
    if (isFile(data) && data.details?.error?.failureType === 'subtestsFailed') return;
    tally.failed += 1;
    tally.failures.push(data.name);
  });
  const output = events.compose(new Spec());
  for await (const text of output) process.stdout.write(text);
  return tally;
}

const reasonOf = (said) => (typeof said === 'string' && said ? said : 'no reason given');

// --- What came of it ----------------------------------------------------------------------------------------------------

function heading(name) {
  console.log(`\n── ${name} ${'─'.repeat(Math.max(0, 90 - name.length))}`);
}

function report(tallies) {
  heading('result');
  console.log(row('part', 'passed', 'failed', 'skipped', 'time'));
  for (const { name, passed, failed, skipped, seconds } of tallies) console.log(row(name, passed, failed, skipped.length, seconds));
  for (const { name, failures } of tallies) for (const failure of failures) console.log(`\n✗ FAILED ${name}: ${failure}`);
  for (const { name, skipped } of tallies) for (const { test: title, reason } of skipped) console.log(`\n! SKIPPED ${name}: ${title}\n  because: ${reason}`);
  const sum = (count) => tallies.reduce((total, tally) => total + count(tally), 0);
  const failed = sum((tally) => tally.failed);
  console.log(`\n${sum((tally) => tally.passed)} passed, ${failed} failed, ${sum((tally) => tally.skipped.length)} skipped`);
  return failed === 0;
}

const row = (part, ...cells) => part.padEnd(10) + cells.map((cell) => String(cell).padStart(12)).join('');

await asCommand(import.meta, async (args) => {
  if (!(await test(args))) process.exitCode = 1;
});
