// `npm run build`: the crate as a Worker in build/ (index.js, which imports index_bg.wasm). Quick when nothing changed.
// wrangler runs it too (see [build] in wrangler.toml), so what is deployed is what this made.
//   --dev   cargo's dev profile: compiles faster, keeps names and panics' line numbers, and has no size limit
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { asCommand, exists, Halt, npmBinary, root, run, say, since, toolBinary } from './shell.mjs';
import { assets } from './assets.mjs';
import { data } from './data.mjs';
import { docs } from './docs.mjs';
import { setup } from './setup.mjs';

// 100 kB cost about 2 ms once per isolate, and Cloudflare's own limit is 3 MB on the free plan. The limit is here so that a
// careless dependency is noticed on the day it comes in. It was 1,000 before the shop's pages, mails and Markdown were in,
// 1,100 before the rules' language, the blacklist and what is known of networks, and 1,250 before Shoppy's, Zettle's and
// Pago's windows (docs/decisions/0021).
const limitInKB = 1_600;

const outputs = ['index.js', 'index_bg.wasm', 'index_bg.symbols'];
const built = (name) => path.join(root, 'build', name);

export async function build({ dev = false } = {}) {
  await setup();
  await docs();
  await assets();
  await data();
  const wanted = { profile: dev ? 'dev' : 'release', sources: await hashOfSources() };
  if (await isBuilt(wanted)) return;

  const start = performance.now();
  say(`compiling the Worker (${wanted.profile}; a first build takes one or two minutes) …`);
  // Made aside and moved into place at the end: a failed build, or a second one at the same time, leaves a whole Worker in build/.
  const aside = path.join('build', `.next-${process.pid}`);
  try {
    await compile(aside, dev);
    await (dev ? keepNames(aside) : optimise(aside));
    await rm(built('stamp.json'), { force: true });
    for (const name of outputs) await rename(path.join(root, aside, name), built(name));
    await writeFile(built('stamp.json'), JSON.stringify({ ...wanted, lock: await hashOfLock() }));
  } finally {
    await rm(path.join(root, aside), { recursive: true, force: true });
  }
  say(`${await sizes()} · built in ${since(start)}`);
}

/** Whether build/ holds the Worker of these very sources, of either profile unless one is asked for. */
export async function isBuilt({ profile, sources } = {}) {
  const stamp = JSON.parse(await readFile(built('stamp.json'), 'utf8').catch(() => 'null'));
  const there = await Promise.all(outputs.map((name) => exists(built(name))));
  return (
    there.every(Boolean) &&
    stamp?.sources === (sources ?? (await hashOfSources())) &&
    stamp.lock === (await hashOfLock()) &&
    (profile === undefined || stamp.profile === profile)
  );
}

async function compile(aside, dev) {
  await run(toolBinary('worker-build'), [dev ? '--dev' : '--release', '--out-dir', aside], {
    // worker-build would download these three; the ones of package-lock.json are the same for everybody, and offline.
    env: { WASM_BINDGEN_BIN: toolBinary('wasm-bindgen'), ESBUILD_BIN: npmBinary('esbuild'), WASM_OPT_BIN: npmBinary('wasm-opt'), NO_MINIFY: '1' },
  });
  await plainHandlers(path.join(root, aside, 'index.js'));
}

// worker-build exports a class, behind a Proxy that makes another Proxy for each request, so that a module that trapped begins anew. A
// plain object of handlers, which is what the platform asks for, does the same: a bare request takes a tenth less CPU.
async function plainHandlers(file) {
  const theirs = 'var shim_default = new Proxy(Entrypoint, classProxyHooks);';
  const handler = `async (event, env, ctx) => {
      checkReinitialize();
      try {
        return await Entrypoint.prototype[name].call({ env, ctx }, event);
      } catch (error) {
        handleMaybeCritical(error);
        throw error;
      }
    }`;
  const ours = `var shim_default = Object.fromEntries(['fetch', 'queue', 'scheduled'].map((name) => [name, ${handler}]));`;
  const script = await readFile(file, 'utf8');
  if (script.split(theirs).length !== 2) throw new Halt(`worker-build exports its handlers in another way than scripts/build.mjs knows: ${theirs} isn't in index.js.`);
  await writeFile(file, script.replace(theirs, ours));
  await run(npmBinary('esbuild'), [file, '--minify', '--format=esm', '--log-level=warning', `--outfile=${file}`, '--allow-overwrite']);
}

// A stack trace from production names functions by number; index_bg.symbols says which is which (`1234:name`). Of the features
// of WebAssembly only those are used that the compiler goes by: with all of them wasm-opt writes instructions that the runtime refuses.
// wasm-opt puts every function that is called once into its caller, unless it is told where to stop. Whole dialects became one
// function then, with thousands of variables: 55 kB more gzipped, and more for V8 to compile before the first answer.
async function optimise(aside) {
  const file = (name) => path.join(root, aside, name);
  const [wasm, symbols] = [file('index_bg.wasm'), file('index_bg.symbols')];
  const features = ['mutable-globals', 'sign-ext', 'nontrapping-float-to-int', 'bulk-memory', 'multivalue', 'reference-types', 'exception-handling'];
  const enabled = features.map((feature) => `--enable-${feature}`);
  await run(npmBinary('wasm-opt'), [wasm, '-o', wasm, ...enabled, '-O3', '--one-caller-inline-max-function-size=30', `--symbolmap=${symbols}`, '--strip-debug', '--strip-producers', '--strip-target-features']);
  const packed = gzipped(await readFile(wasm));
  if (packed > limitInKB * 1000) {
    throw new Halt(`The module is ${kB(packed)} kB gzipped, over the limit of ${limitInKB} kB (scripts/build.mjs says why there is one).`);
  }
}

// Names are in the module itself.
async function keepNames(aside) {
  await writeFile(path.join(root, aside, 'index_bg.symbols'), '');
}

async function sizes() {
  const [script, wasm] = await Promise.all(outputs.map((name) => readFile(built(name))));
  return `wasm ${kB(wasm.length)} kB, ${kB(gzipped(wasm))} kB gzipped (limit ${limitInKB}); script ${kB(gzipped(script))} kB gzipped`;
}

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;
const kB = (bytes) => (bytes / 1000).toFixed(1);

/** Everything the output depends on, but for Cargo.lock. schema/ isn't in it: the Worker never reads its own migrations. */
async function hashOfSources() {
  const files = ['Cargo.toml', 'rust-toolchain.toml', 'package-lock.json', 'scripts/build.mjs'];
  for (const entry of await readdir(path.join(root, 'src'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)));
  }
  return hashOf(files.sort());
}

// Apart from the rest, because a build may write it: it is hashed after, the sources, which may be edited meanwhile, before.
const hashOfLock = () => hashOf(['Cargo.lock']);

async function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = await readFile(path.join(root, file)).catch(() => null);
    if (content) hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

await asCommand(import.meta, async (args) => {
  await build({ dev: args.includes('--dev') });
  say(`build/ is up to date`);
});
