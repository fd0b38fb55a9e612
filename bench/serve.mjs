// The three Workers, each in a Miniflare of its own: a process, a D1 and a KV for each, so that their CPU can be told apart.
//
//   ours   build/, as it is deployed
//   floor  floor.js: what nobody can do without
//   peer   peer/: the same endpoints on Hono and zod
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { exists, Halt, root } from '../scripts/shell.mjs';

export const adminToken = 'bench-admin-token';

/** What links begin with: each Worker has another port, and links are compared. */
export const publicUrl = 'https://pay.example';

export const settings = {
  ADMIN_TOKEN: adminToken,
  TOKEN_KEYS: `bench:${Buffer.alloc(32, 1).toString('base64')}`,
  VAULT_KEY: `bench:${Buffer.alloc(32, 2).toString('base64')}`,
  PUBLIC_URL: publicUrl,
  // Plain http on loopback, and the header by which D1 is counted.
  ALLOW_INSECURE_URLS: '1',
};
/** Requests a minute: limits are asked, and never reached. */
const noLimit = 1_000_000_000;

/**
 * → {targets: [{name, url, port, pid, db}], close()}, all or those of `names`; `pid` is undefined where processes can't be looked at.
 *
 * @param {string[]} [names]
 * @param {object} [builds] folders of other builds of ours, by the names they go by
 * @param {object} [bindings] settings of ours besides
 */
export async function serveAll(names, builds = {}, bindings = {}) {
  const [config, sources] = await Promise.all([wranglerConfig(), modules()]);
  for (const [name, folder] of Object.entries(builds)) sources[name] = await built(folder);
  const started = [];
  const close = () => Promise.all(started.map((mf) => mf.dispose()));
  try {
    const targets = [];
    for (const [name, options] of Object.entries(sources).filter(([name]) => names?.includes(name) ?? true)) {
      const before = runtimes();
      const { Log, LogLevel, Miniflare } = await import('miniflare');
      const mf = new Miniflare({
        ...(name === 'ours' || name in builds ? ownBindings(config, bindings) : otherBindings(config)),
        ...options,
        name,
        // The Worker's own socket. The usual one has a Worker of Miniflare before it, whose work isn't what is measured.
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        cf: false,
        log: new Log(LogLevel.WARN),
      });
      started.push(mf);
      await mf.ready;
      const { port } = await mf.unsafeGetDirectURL();
      const db = await mf.getD1Database('DB');
      await migrate(db);
      targets.push({ name, url: `http://127.0.0.1:${port}`, port, db, pid: runtimes().find((pid) => !before.includes(pid)) });
    }
    return { targets, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function modules() {
  const file = (name) => path.join(root, 'build', name);
  if (!(await exists(file('index_bg.wasm')))) throw new Halt('There is no build/ to measure: `npm run build` makes it.');
  // Read at once: a build that ends meanwhile must not be mixed in.
  const [ours, floor, peer] = await Promise.all([
    built(path.join(root, 'build')),
    readFile(path.join(root, 'bench', 'floor.js'), 'utf8'),
    bundle(path.join(root, 'bench', 'peer', 'index.ts')),
  ]);
  return {
    ours,
    floor: { modules: [main(floor)] },
    peer: { modules: [main(peer)] },
  };
}

const main = (contents) => ({ type: 'ESModule', path: 'index.js', contents });

async function built(folder) {
  const [script, wasm] = await Promise.all([readFile(path.join(folder, 'index.js'), 'utf8'), readFile(path.join(folder, 'index_bg.wasm'))]);
  return { modules: [main(script), { type: 'CompiledWasm', path: 'index_bg.wasm', contents: wasm }] };
}

async function bundle(entry) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    write: false,
  });
  return outputFiles[0].text;
}

// --- Bindings -----------------------------------------------------------------------------------------------------------

async function wranglerConfig() {
  const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import('wrangler');
  const config = unstable_readConfig({ config: path.join(root, 'wrangler.toml') });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config, undefined, { envFiles: [] });
  // Without public/: locally its files are served by one Worker more, before ours. In production the platform itself does that.
  const { modulesRules, assets, ...rest } = workerOptions;
  return rest;
}

function ownBindings(config, bindings) {
  const unlimited = ([name, limit]) => [name, { ...limit, simple: { ...limit.simple, limit: noLimit } }];
  return {
    ...config,
    ratelimits: config.ratelimits && Object.fromEntries(Object.entries(config.ratelimits).map(unlimited)),
    bindings: { ...config.bindings, ...settings, RATE_LIMIT_ACCOUNT: String(noLimit), RATE_LIMIT_ANONYMOUS: String(noLimit), ...bindings },
  };
}

/** The peer limits its callers if we do. */
function otherBindings({ compatibilityDate, ratelimits }) {
  const limited = Object.keys(ratelimits ?? {}).length > 0;
  return {
    compatibilityDate,
    d1Databases: ['DB'],
    kvNamespaces: ['KV'],
    ratelimits: limited ? { LIMIT: { simple: { limit: noLimit, period: 60 } } } : undefined,
    bindings: settings,
  };
}

async function migrate(db) {
  const { unstable_splitSqlQuery } = await import('wrangler');
  const folder = path.join(root, 'schema');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  for (const name of files) {
    const statements = unstable_splitSqlQuery(await readFile(path.join(folder, name), 'utf8'));
    await db.batch(statements.filter((sql) => sql.trim()).map((sql) => db.prepare(sql)));
  }
}

// --- Processes ----------------------------------------------------------------------------------------------------------

/** What a process has used so far, or undefined where that can't be read (no Linux). */
export function cpuSeconds(pid) {
  if (pid === undefined) return undefined;
  let nanoseconds = 0;
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      // Exact, while utime and stime are counted in hundredths of a second. A thread may end meanwhile.
      try {
        nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
      } catch {}
    }
  } catch {
    return undefined;
  }
  return nanoseconds / 1e9;
}

/** This process's children that are runtimes. */
export function runtimes() {
  let all;
  try {
    all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  } catch {
    return [];
  }
  return all.filter((pid) => {
    const fields = statOf(pid);
    return fields?.name === 'workerd' && Number(fields[1]) === process.pid;
  });
}

/** The fields after the name, which alone may hold spaces and parentheses. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    return Object.assign(text.slice(end + 2).split(' '), { name: text.slice(text.indexOf('(') + 1, end) });
  } catch {
    return undefined;
  }
}
