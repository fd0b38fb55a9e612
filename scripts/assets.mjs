// The pages' styles, script and icon as static files in public/pay/assets/, made smaller, each under a name with a hash of
// its sources: src/checkout/assets.rs names them by the same rule, and tests/worker/assets.test.mjs holds the two together.
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { npmBinary, put, root, run } from './shell.mjs';

const folder = path.join(root, 'public', 'pay', 'assets');
const source = (name) => path.join(root, 'src', ...name.split('/'));

// Syntax is written for browsers of the end of 2020 and later: what esbuild shortens with mustn't be newer.
const css = ['--loader=css', '--target=chrome87,firefox78,safari14'];
const made = [
  { end: '.css', sources: ['checkout/style.css'], options: css },
  // The storefront's: one file, so that it is one request.
  { end: '.css', sources: ['checkout/style.css', 'storefront/style.css'], options: css },
  { end: '.js', sources: ['checkout/script.js'], options: ['--loader=js', '--target=es2020'] },
  { end: '.svg', sources: ['checkout/icon.svg'] },
];

/** Writes what isn't there as it should be, and takes away what an older source left. */
export async function assets() {
  const wanted = new Set();
  for (const { end, sources, options } of made) {
    const bytes = Buffer.concat(await Promise.all(sources.map((name) => readFile(source(name)))));
    const file = `${fnv1a(bytes)}${end}`;
    wanted.add(file);
    await put(path.join(folder, file), await content(bytes, options));
  }
  for (const file of await readdir(folder)) if (!wanted.has(file)) await rm(path.join(folder, file));
}

async function content(bytes, options) {
  if (!options) return bytes.toString();
  const { stdout } = await run(npmBinary('esbuild'), ['--minify', '--charset=utf8', '--log-level=warning', ...options], { input: bytes });
  return stdout;
}

/** 64 bits of FNV-1a (draft-eastlake-fnv), in hex. */
export function fnv1a(bytes) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
