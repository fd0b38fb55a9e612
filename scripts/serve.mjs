// The Worker in build/, served on this machine by Miniflare (the runtime that Cloudflare itself runs, in one process), with
// the bindings of wrangler.toml. `npm start` and the tests both stand on this; nothing here installs or builds.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import './patient.mjs';
import { deliveryBatch, deliveryQueue, limitsIn } from './settings.mjs';
import { exists, Halt, root } from './shell.mjs';

/**
 * @param {object} options
 * @param {number} [options.port] 0 (the default) takes a free one
 * @param {string} [options.stateDir] where D1, KV, R2 and Durable Objects are kept; without it they end with the process
 * @param {object | ((url: string) => object)} [options.env] settings, as text bindings; a function is told the address first
 * @param {boolean} [options.cron] whether the Worker's cron triggers go off, each full minute
 * @param {boolean} [options.consumers] whether anybody takes messages out of the queues
 * @param {boolean} [options.assets] whether public/ is served too, as in production; each request then takes a little longer
 * @param {(request: Request) => Promise<Response>} [options.outbound] answers every request the Worker sends; default: the network
 * @param {object} [options.cf] what the Worker sees as `request.cf`; default: Miniflare's placeholder (Austin, US)
 * @param {object} [options.sendEmail] binds EMAIL to Miniflare's stand-in of Cloudflare's mail service, with these restrictions
 * @param {(line: {level: string, message: string}) => void} [options.onLog] what the Worker says to its console
 * @returns {Promise<{mf: import('miniflare').Miniflare, url: string, db: D1Database, tick(): Promise<object>, close(): Promise<void>}>}
 */
export async function serve({ port = 0, stateDir, env = {}, cron = true, consumers = true, assets = false, outbound, cf = false, sendEmail, onLog = toConsole } = {}) {
  if (!(await exists(path.join(root, 'build', 'index_bg.wasm')))) throw new Halt('There is no build/ to serve: `npm run build` makes it.');
  // Imported here because they are packages, and whoever imports this file may be about to install them.
  const { Log, LogLevel, Miniflare } = await import('miniflare');
  const { config, workerOptions } = await wranglerOptions();

  port ||= await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { DELIVERY_BATCH, ...given } = typeof env === 'function' ? env(url) : env;
  const settings = { ...limitsIn(config), ...given };
  const mf = new Miniflare({
    ...workerOptions,
    assets: assets ? workerOptions.assets : undefined,
    name: config.name,
    modules: [
      { type: 'ESModule', path: path.join(root, 'build', 'index.js') },
      { type: 'CompiledWasm', path: path.join(root, 'build', 'index_bg.wasm') },
    ],
    modulesRoot: path.join(root, 'build'),
    bindings: { ...workerOptions.bindings, ...settings },
    ratelimits: withLimits(workerOptions.ratelimits, settings),
    queueConsumers: consumers ? withBatch(workerOptions.queueConsumers, deliveryBatch({ DELIVERY_BATCH })) : {},
    defaultPersistRoot: stateDir && path.resolve(stateDir, 'cloudflare'),
    ...(sendEmail && { email: { send_email: [{ name: 'EMAIL', ...sendEmail }] } }),
    outboundService: outbound,
    host: '127.0.0.1',
    port,
    cf,
    log: new Log(LogLevel.WARN),
    handleStructuredLogs: onLog,
  });

  const databases = config.d1_databases.filter((database) => database.migrations_dir);
  let ticking;
  try {
    await mf.ready;
    for (const { binding, migrations_dir } of databases) await migrate(await mf.getD1Database(binding), path.join(root, migrations_dir), stateDir);
  } catch (error) {
    await mf.dispose();
    throw /address already in use/i.test(error.message) ? new Halt(`Port ${port} is taken: set PORT to another one.`) : error;
  }

  const tick = async (at = new Date()) => {
    const worker = await mf.getWorker();
    let result;
    for (const expression of config.triggers.crons ?? []) result = await worker.scheduled({ cron: expression, scheduledTime: at });
    return result;
  };
  if (cron) ticking = eachMinute(tick, onLog);

  return {
    mf,
    url,
    db: await mf.getD1Database(databases[0].binding),
    tick,
    async close() {
      ticking?.stop();
      await mf.dispose();
    },
  };
}

/** wrangler's own reading of wrangler.toml, so that no binding is written down twice. `.env` files are left out of it. */
async function wranglerOptions() {
  const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import('wrangler');
  const config = unstable_readConfig({ config: path.join(root, 'wrangler.toml') });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config, undefined, { envFiles: [] });
  const { modulesRules, ...rest } = workerOptions; // the two modules are named one by one instead
  return { config, workerOptions: rest };
}

/** What the bindings decide by must be what the Worker tells. */
function withLimits(ratelimits = {}, settings) {
  const limited = ([name, limit]) => [name, { ...limit, simple: { ...limit.simple, limit: Number(settings[`RATE_${name}`]) } }];
  return Object.fromEntries(Object.entries(ratelimits).map(limited));
}

function withBatch(consumers, maxBatchSize) {
  return maxBatchSize ? { ...consumers, [deliveryQueue]: { ...consumers[deliveryQueue], maxBatchSize } } : consumers;
}

// --- Migrations ---------------------------------------------------------------------------------------------------------

/**
 * Applies what is new in `folder`, each file once and whole, and notes it in wrangler's own table: the same database can
 * go on under `wrangler d1 migrations apply --local`.
 */
async function migrate(db, folder, stateDir) {
  const { unstable_splitSqlQuery } = await import('wrangler');
  await db
    .prepare(
      `CREATE TABLE IF NOT EXISTS d1_migrations(
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         name TEXT UNIQUE,
         applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
       )`,
    )
    .run();
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all();
  const applied = new Set(results.map(({ name }) => name));
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  if (stateDir) await refuseRewritten(files, texts, applied, stateDir);
  for (const [index, name] of files.entries()) {
    if (applied.has(name)) continue;
    const statements = unstable_splitSqlQuery(texts[index]).map((sql) => sql.trim()).filter(Boolean);
    const note = db.prepare('INSERT INTO d1_migrations (name) VALUES (?1)').bind(name);
    try {
      await db.batch([...statements.map((sql) => db.prepare(sql)), note]);
    } catch (error) {
      throw new Halt(`${path.relative(root, path.join(folder, name))} could not be applied: ${error.message}`);
    }
  }
}

// A migration that was edited, renamed or removed after it was applied leaves a database that no file describes.
async function refuseRewritten(files, texts, applied, stateDir) {
  await mkdir(stateDir, { recursive: true });
  const account = path.join(stateDir, 'migrations.json');
  const before = JSON.parse(await readFile(account, 'utf8').catch(() => '{}'));
  const now = Object.fromEntries(files.map((name, index) => [name, createHash('sha256').update(texts[index]).digest('hex')]));
  const gone = [...applied].filter((name) => !(name in now));
  const rewritten = files.filter((name) => applied.has(name) && before[name] && before[name] !== now[name]);
  if (gone.length || rewritten.length) {
    const folder = path.relative(process.cwd(), stateDir) || stateDir;
    throw new Halt(
      `The local database in ${folder} was made from other migrations than those in schema/ (${[...rewritten, ...gone].join(', ')}).\n` +
        `Remove that folder to make it anew, or set STATE_DIR to another one.`,
    );
  }
  await writeFile(account, JSON.stringify(now, null, 2));
}

// --- Cron ---------------------------------------------------------------------------------------------------------------

function eachMinute(tick, onLog) {
  let timer;
  let stopped = false;
  const plan = () => {
    timer = setTimeout(goOff, 60_000 - (Date.now() % 60_000));
  };
  const goOff = async () => {
    try {
      await tick();
    } catch (error) {
      if (!stopped) onLog({ level: 'error', message: `cron: ${error.message}` });
    }
    if (!stopped) plan();
  };
  plan();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

// --- Ports and logs -----------------------------------------------------------------------------------------------------

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function toConsole({ level, message }) {
  (level === 'error' || level === 'warn' ? console.error : console.log)(message);
}
