// `npm run backup`: the databases and uploads of a deployment, in a folder of this machine, with what is needed to read them again.
// `npm run restore` puts them back. Both go through wrangler: D1's own export and import, so triggers and indexes are as they were.
//   npm run backup -- --out FOLDER      instead of backups/ and the time
//   npm run backup -- --no-files        the databases alone
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { parsed, readSecrets, realWrangler, secretsName } from './deploy.mjs';
import { setup } from './setup.mjs';
import { asCommand, Halt, root, say } from './shell.mjs';

/** Of the layout of a backup. */
export const format = 1;

/** What is sealed under VAULT_KEY and kept for longer than a day (src/shop/vault/rotate.rs has all). */
const sealed = [
  ['shops', 'webhook_secret'],
  ['wallets', 'xpub'],
  ['wallets', 'branch'],
  ['gateway_settings', 'value'],
];

/**
 * @param {object} options
 * @param {(args: string[], options?: object) => Promise<{code: number, stdout: string, stderr: string}>} options.wrangler
 * @param {object} options.config wrangler.toml, as wrangler reads it
 * @param {string} options.folder made, and must not be there
 * @param {object} [options.secrets] those that are kept here, {VAULT_KEY, TOKEN_KEYS, ADMIN_TOKEN}
 * @param {boolean} [options.files] whether uploads are fetched too
 * @returns {Promise<{manifest: object, missing: string[]}>} `missing` says which keys are kept nowhere here
 */
export async function backup({ wrangler, config, folder, secrets = {}, files = true }) {
  await mkdir(folder, { recursive: true }).then((made) => {
    if (!made) throw new Halt(`${folder} is there already: name another folder.`);
  });
  return withDatabases({ wrangler, config }, async (databases) => {
    const manifest = { format, made_at: new Date().toISOString(), databases: [], needs: { VAULT_KEY: [] }, files: [] };
    const keys = new Set();
    const uploads = new Set();
    for (const { binding, name, ask, run } of databases) {
      say(`exporting ${name} (nobody can write to it meanwhile)`);
      const file = path.join(folder, `${binding}.sql`);
      await run(['d1', 'export', name, '--remote', '--skip-confirmation', '--output', file]);
      const tables = await tablesOf(ask);
      for (const id of await vaultKeys(ask, tables)) keys.add(id);
      for (const key of await uploadKeys(ask, tables)) uploads.add(key);
      manifest.databases.push({ binding, name, sha256: await hashOf(file), rows: await rowsIn(file) });
    }
    manifest.needs.VAULT_KEY = [...keys].sort();
    if (files) manifest.files = await fetchFiles(databases[0].run, config, folder, [...uploads].sort());
    await writeFile(path.join(folder, 'backup.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    return { manifest, missing: missingKeys(manifest, secrets) };
  });
}

/** Which secrets a restored shop needs and this machine doesn't keep, each as a sentence. */
export function missingKeys({ needs }, secrets) {
  const held = new Set((secrets.VAULT_KEY ?? '').split(',').map((key) => key.split(':')[0].trim()));
  const absent = needs.VAULT_KEY.filter((id) => !held.has(id));
  return [
    ...(absent.length ? [`VAULT_KEY: the ${absent.length > 1 ? 'keys' : 'key'} ${absent.join(', ')}, without which wallets, gateway keys and webhook secrets can't be read`] : []),
    ...(secrets.TOKEN_KEYS ? [] : ["TOKEN_KEYS, without which payment links and receipts that were handed out don't open"]),
    ...(secrets.ADMIN_TOKEN ? [] : ['ADMIN_TOKEN, in whose place a new one may be set']),
  ];
}

// --- Databases, by way of wrangler ----------------------------------------------------------------------------------------

/** Runs `work` with each of config's databases: {binding, name, exists, run(args), ask(sql) → rows}. The ids are those of the account now. */
export async function withDatabases({ wrangler, config, make = false }, work) {
  const temporary = await mkdtemp(path.join(tmpdir(), 'pushguard-backup-'));
  try {
    const wanted = config.d1_databases.map(({ binding, database_name }) => ({ binding, name: database_name }));
    const list = async () => parsed(await wrangler(['d1', 'list', '--json']));
    let there = await list();
    for (const { name } of wanted) {
      if (there.some((one) => one.name === name)) continue;
      if (!make) throw new Halt(`The Cloudflare account has no database ${name}: is it the right account?`);
      say(`creating the D1 database ${name}`);
      await wrangler(['d1', 'create', name]);
      there = await list();
    }
    // wrangler takes a database's id from a configuration. wrangler.toml has zeros.
    const file = path.join(temporary, 'wrangler.toml');
    const tables = wanted.map(({ binding, name }) => `[[d1_databases]]\nbinding = "${binding}"\ndatabase_name = "${name}"\ndatabase_id = "${there.find((one) => one.name === name).uuid}"\n`);
    await writeFile(file, `name = "${config.name}"\ncompatibility_date = "${config.compatibility_date}"\n\n${tables.join('\n')}`);
    const run = (args, options) => wrangler([...args, '--config', file], options);
    const ask = (name) => async (sql) => parsed(await run(['d1', 'execute', name, '--remote', '--json', '--command', sql]))[0].results;
    return await work(wanted.map(({ binding, name }) => ({ binding, name, run, ask: ask(name) })));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** {name: its CREATE statement} of the tables that are not the platform's. */
export async function tablesOf(ask) {
  const rows = await ask("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name");
  return Object.fromEntries(rows.map(({ name, sql }) => [name, sql]));
}

/** {table: rows} as they are in the database. */
export async function countRows(ask, names) {
  if (!names.length) return {};
  // One statement has at most a hundred columns.
  const counts = {};
  for (let at = 0; at < names.length; at += 50) {
    const [row] = await ask(`SELECT ${names.slice(at, at + 50).map((name) => `(SELECT COUNT(*) FROM "${name}") AS "${name}"`).join(', ')}`);
    Object.assign(counts, row);
  }
  return counts;
}

/** The ids of the keys that sealed something: they stand in front of it. */
async function vaultKeys(ask, tables) {
  const found = [];
  for (const [table, column] of sealed.filter(([table]) => tables[table])) {
    const rows = await ask(`SELECT DISTINCT substr(${column}, 1, instr(${column}, '.') - 1) AS id FROM ${table} WHERE ${column} LIKE '%.%'`);
    found.push(...rows.map(({ id }) => id));
  }
  return found;
}

/** The keys of uploads that some row names: `images/…` and `files/…`. */
async function uploadKeys(ask, tables) {
  const found = [];
  for (const [table, sql] of Object.entries(tables)) {
    for (const kind of ['image', 'file']) {
      if (!new RegExp(`^\\s*${kind}_id\\b`, 'm').test(sql)) continue;
      const rows = await ask(`SELECT DISTINCT ${kind}_id AS id FROM "${table}" WHERE ${kind}_id IS NOT NULL`);
      found.push(...rows.map(({ id }) => `${kind}s/${id}`));
    }
  }
  return found;
}

async function fetchFiles(run, config, folder, keys) {
  const bucket = config.r2_buckets[0].bucket_name;
  if (keys.length) say(`fetching ${keys.length} uploads`);
  const kept = [];
  for (const key of keys) {
    const file = path.join(folder, 'files', ...key.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    const { code, stdout, stderr } = await run(['r2', 'object', 'get', `${bucket}/${key}`, '--remote', '--file', file], { mayFail: true });
    if (code !== 0) throw new Halt(`The upload ${key} can't be fetched:\n${stdout}${stderr}`);
    kept.push({ key, sha256: await hashOf(file) });
  }
  return kept;
}

// --- Files of a backup ----------------------------------------------------------------------------------------------------

export async function hashOf(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

/** {table: rows} as a dump has them, but for SQLite's own tables. A line that begins inside of a text is none, whatever it says. */
export async function rowsIn(file) {
  const counts = {};
  let quotes = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const table = quotes % 2 === 0 && line.match(/^INSERT INTO "((?:[^"]|"")+)"/)?.[1];
    if (table && !table.startsWith('sqlite_')) counts[table] = (counts[table] ?? 0) + 1;
    quotes += line.split("'").length - 1;
  }
  return counts;
}

async function newFolder(given) {
  if (given) return path.resolve(given);
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  return path.join(root, 'backups', time);
}

async function sizeOf(folder) {
  let size = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) size += (await stat(path.join(entry.parentPath ?? entry.path, entry.name))).size;
  }
  return size;
}

await asCommand(import.meta, async (args) => {
  const { values } = parseArgs({ args, options: { out: { type: 'string' }, 'no-files': { type: 'boolean' } } });
  await setup();
  const { unstable_readConfig } = await import('wrangler');
  const folder = await newFolder(values.out);
  const secrets = await readSecrets(path.join(root, secretsName));
  const { manifest, missing } = await backup({ wrangler: realWrangler, config: unstable_readConfig({ config: path.join(root, 'wrangler.toml') }), folder, secrets, files: !values['no-files'] });
  const rows = manifest.databases.flatMap(({ rows }) => Object.values(rows)).reduce((sum, count) => sum + count, 0);
  console.log(`\n${folder}: ${rows} rows, ${manifest.files.length} uploads, ${((await sizeOf(folder)) / 1e6).toFixed(1)} MB`);
  console.log(`It holds customers' data. ${secretsName} isn't in it: keep a copy of that in another place. The backup needs`);
  console.log(`VAULT_KEY with ${manifest.needs.VAULT_KEY.join(', ') || 'no key'}, and TOKEN_KEYS.`);
  if (missing.length) throw new Halt(`The backup is made, but ${secretsName} doesn't hold all that it needs. Keep your own copy of\n  ${missing.join('\n  ')}`);
});
