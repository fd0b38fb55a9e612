// The checkout's style, script and icon as static files in public/pay/assets/, made smaller, each under a name with a hash of
// its source: src/checkout/assets.rs names them by the same rule, and tests/worker/assets.test.mjs holds the two together.
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { npmBinary, put, root, run } from './shell.mjs';

const folder = path.join(root, 'public', 'pay', 'assets');
const source = (name) => path.join(root, 'src', 'checkout', name);

// Syntax is written for browsers of the end of 2020 and later: what esbuild shortens with mustn't be newer.
const shortened = {
  'style.css': ['--target=chrome87,firefox78,safari14'],
  'script.js': ['--target=es2020'],
  'icon.svg': undefined,
};

/** Writes what isn't there as it should be, and takes away what an older source left. */
export async function assets() {
  const files = await Promise.all(Object.keys(shortened).map(async (name) => [name, `${fnv1a(await readFile(source(name)))}${path.extname(name)}`]));
  for (const [name, file] of files) await put(path.join(folder, file), await content(name));
  const wanted = new Set(files.map(([, file]) => file));
  for (const file of await readdir(folder)) if (!wanted.has(file)) await rm(path.join(folder, file));
}

async function content(name) {
  const options = shortened[name];
  if (!options) return readFile(source(name), 'utf8');
  const { stdout } = await run(npmBinary('esbuild'), ['--minify', '--charset=utf8', '--log-level=warning', ...options, source(name)]);
  return stdout;
}

/** 64 bits of FNV-1a (draft-eastlake-fnv), in hex. */
export function fnv1a(bytes) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
