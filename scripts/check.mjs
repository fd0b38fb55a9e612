// `npm run check`: what must hold before a change goes in. The quick and strict first, then every test.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from './build.mjs';
import { setup } from './setup.mjs';
import { asCommand, Halt, npmBinary, root, run, say, since, toolBinary } from './shell.mjs';
import { test } from './test.mjs';

await asCommand(import.meta, async () => {
  await setup({ tests: true, checks: true });
  await step('formatting', () => run('cargo', ['fmt', '--check']));
  await step('spelling', () => run(toolBinary('typos'), []));
  // Not `advisories`, whose database is on GitHub (deny.toml).
  await step('licences, sources and versions of all crates', crates);
  // Both, because neither sees all of the crate: src/cloudflare/ exists for wasm32 alone, the tests for the host alone.
  await step('clippy, host', () => run('cargo', ['clippy', '--workspace', '--all-targets', '--', '-D', 'warnings']));
  await step('clippy, wasm32', () => run('cargo', ['clippy', '--target', 'wasm32-unknown-unknown', '--lib', '--', '-D', 'warnings']));
  await build();
  await step('bundle and bindings, as wrangler would deploy them', dryRun);
  await step('the benchmark: its three Workers answer alike', () => run(process.execPath, [path.join(root, 'bench', 'run.mjs'), '--alike']));
  if (!(await test())) process.exitCode = 1;
});

async function step(what, work) {
  const start = performance.now();
  await work();
  say(`${what}: fine (${since(start)})`);
}

async function crates() {
  const { stderr } = await run(toolBinary('cargo-deny'), ['--locked', 'check', 'licenses', 'bans', 'sources']);
  const twice = stderr.match(/^warning\[duplicate\]/gm)?.length ?? 0;
  if (twice) say(`  ${twice} crates are compiled in two versions (.tools/bin/cargo-deny check bans says which)`);
}

// Needs no login and no network. wrangler runs scripts/build.mjs, which finds the build of a moment ago and is done.
async function dryRun() {
  const folder = await mkdtemp(path.join(tmpdir(), 'pushguard-bundle-'));
  try {
    const { stdout, stderr } = await run(npmBinary('wrangler'), ['deploy', '--dry-run', '--outdir', folder], {
      env: { WRANGLER_SEND_METRICS: 'false', CI: '1' },
    });
    if (/WARNING/.test(stdout + stderr)) throw new Halt(`wrangler deploy --dry-run warns:\n${stdout}${stderr}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
