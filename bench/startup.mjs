// `npm run bench:startup`: how long a fresh isolate takes to its first answer, ours beside plain JavaScript that does nothing.
// One warm workerd makes a new isolate for every sample (its Worker Loader); a section with a number of its own is added to the
// module each time, or V8 would take the compiled code of the sample before.
//
//   node bench/startup.mjs [--samples=15]
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { asCommand, exists, Halt, root } from '../scripts/shell.mjs';
import { median } from './median.mjs';
import { settings } from './serve.mjs';

/** Milliseconds to the first answer that we allow ourselves. */
export const startupGoal = 25;

/** → {ours: [ms, …], plain: [ms, …], packed: kB}, taking turns. */
export async function measureStartup(samples = 15) {
  const wasm = path.join(root, 'build', 'index_bg.wasm');
  if (!(await exists(wasm))) throw new Halt('There is no build/ to measure: `npm run build` makes it.');
  const folder = await mkdtemp(path.join(tmpdir(), 'pushguard-startup-'));
  const port = await freePort();
  try {
    await copyFile(wasm, path.join(folder, 'ours.wasm'));
    await copyFile(path.join(root, 'build', 'index.js'), path.join(folder, 'ours.js'));
    await writeFile(path.join(folder, 'plain.js'), `export default { fetch() { return new Response('{"status":"ok"}'); } };`);
    await writeFile(path.join(folder, 'loader.js'), loader);
    await writeFile(path.join(folder, 'config.capnp'), config(port));
    const { default: workerd } = createRequire(import.meta.url)('workerd');
    const runtime = spawn(workerd, ['serve', 'config.capnp', '--experimental'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    runtime.stderr.on('data', (data) => (said += data));
    try {
      const ask = async (query) => {
        const response = await fetch(`http://127.0.0.1:${port}/?${query}`);
        const text = await response.text();
        // Bindings can't be handed to a loaded Worker: it answers that it lacks them, which takes the module as long as any answer.
        if (!response.ok && response.status !== 503) throw new Halt(`The runtime answered ${response.status}: ${text}${said}`);
      };
      for (let tries = 0; ; tries++) {
        if (await ask('prepare=plain&n=0').then(() => true, () => false)) break;
        if (tries > 200) throw new Halt(`workerd did not start:\n${said}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const taken = { ours: [], plain: [] };
      let n = 0;
      // The first two of each are the runtime's own warm-up.
      for (let round = -2; round < samples; round++) {
        for (const name of round % 2 ? ['ours', 'plain'] : ['plain', 'ours']) {
          n += 1;
          await ask(`prepare=${name}&n=${n}`);
          const start = performance.now();
          await ask(`run=${name}&n=${n}`);
          if (round >= 0) taken[name].push(performance.now() - start);
        }
      }
      return { ...taken, packed: gzipSync(await readFile(wasm), { level: 9 }).length / 1000 };
    } finally {
      runtime.kill();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const limits = { RATE_LIMIT_ACCOUNT: '300', RATE_LIMIT_ANONYMOUS: '60' };

// Prepares in one request and runs in the next: copying the module isn't what is measured.
const loader = `
const child = ${JSON.stringify({ ...settings, ...limits })};
const prepared = new Map();
export default {
  async fetch(request, env) {
    const query = new URL(request.url).searchParams;
    const n = query.get('n');
    if (query.has('prepare')) {
      let bytes;
      if (query.get('prepare') === 'ours') {
        const tag = new TextEncoder().encode('n' + n);
        bytes = new Uint8Array(env.WASM.byteLength + 3 + tag.length);
        bytes.set(new Uint8Array(env.WASM));
        bytes.set([0, 1 + tag.length, tag.length, ...tag], env.WASM.byteLength); // a custom section
      }
      prepared.set(n, bytes);
      return new Response('ready');
    }
    const name = query.get('run');
    const bytes = prepared.get(n);
    prepared.delete(n);
    const modules = name === 'ours' ? { 'index.js': env.OURS, 'index_bg.wasm': { wasm: bytes.buffer } } : { 'index.js': env.PLAIN };
    const worker = env.LOADER.get(name + n, () => ({ compatibilityDate: '2026-04-01', mainModule: 'index.js', modules, env: child, globalOutbound: null }));
    return worker.getEntrypoint().fetch('http://shop.example/healthz');
  },
};
`;

const config = (port) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .loader)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const loader :Workerd.Worker = (
  modules = [(name = "loader.js", esModule = embed "loader.js")],
  compatibilityDate = "2026-04-01",
  compatibilityFlags = ["experimental"],
  bindings = [
    (name = "LOADER", workerLoader = ()),
    (name = "OURS", text = embed "ours.js"),
    (name = "PLAIN", text = embed "plain.js"),
    (name = "WASM", data = embed "ours.wasm"),
  ],
);
`;

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

await asCommand(import.meta, async (args) => {
  const { values } = parseArgs({ args, options: { samples: { type: 'string', default: '15' } } });
  const samples = Number(values.samples);
  if (!(samples >= 1)) throw new Halt('--samples is a number of one or more.');
  const { ours, plain, packed } = await measureStartup(samples);
  const row = (name, times) => `${name.padEnd(18)}${median(times).toFixed(1).padStart(8)}${Math.min(...times).toFixed(1).padStart(8)}`;
  console.log(`\nfirst answer of a fresh isolate, ms\n${' '.repeat(18)}  median     min`);
  console.log(`${row('ours', ours)}   (module ${packed.toFixed(0)} kB gz)\n${row('plain JavaScript', plain)}\n`);
  console.log(`${median(ours) <= startupGoal ? '✓' : '✗'} ours at most ${startupGoal} ms: ${median(ours).toFixed(1)}`);
});
