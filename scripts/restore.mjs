// `npm run restore -- FOLDER`: a backup of `npm run backup` into a Cloudflare account that has no such database, or an empty one. Then
// `npm run deploy` makes the rest, and applies what migrations are newer.
//   npm run restore -- FOLDER --without-keys      although VAULT_KEY or TOKEN_KEYS of the backup are lost
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { countRows, format, hashOf, missingKeys, rowsIn, tablesOf, withDatabases } from './backup.mjs';
import { isThere, readSecrets, realWrangler, secretsName } from './deploy.mjs';
import { fromEnvironment, secretSettings } from './settings.mjs';
import { setup } from './setup.mjs';
import { asCommand, Halt, root, say } from './shell.mjs';

/** → {rows, files}, how many were put back. The options are those of `backup`; `lostKeys`: keys that it needs may be missing. */
export async function restore({ wrangler, config, folder, secrets = {}, lostKeys = false }) {
  const manifest = await read(folder);
  const missing = missingKeys(manifest, secrets).filter((one) => !one.startsWith('ADMIN_TOKEN'));
  if (missing.length && !lostKeys) throw new Halt(`The backup needs secrets that are not in ${secretsName} or the environment:\n  ${missing.join('\n  ')}\nPut them there first. --without-keys restores all the same.`);
  const absent = manifest.databases.filter(({ binding }) => !config.d1_databases.some((one) => one.binding === binding));
  if (absent.length) throw new Halt(`wrangler.toml has no database ${absent.map(({ binding }) => binding).join(', ')}: bind it first, as it was.`);

  return withDatabases({ wrangler, config, make: true }, async (databases) => {
    // All are looked at before anything is put into one.
    for (const { name, ask } of databases) {
      const tables = Object.keys(await tablesOf(ask));
      if (tables.length) throw new Halt(`The database ${name} isn't empty (${tables.slice(0, 3).join(', ')}, …). A backup is put into an empty one only.`);
    }
    let rows = 0;
    for (const kept of manifest.databases) {
      const { name, ask, run } = databases.find(({ binding }) => binding === kept.binding);
      say(`importing ${kept.binding}.sql into ${name}`);
      await run(['d1', 'execute', name, '--remote', '--yes', '--file', path.join(folder, `${kept.binding}.sql`)]);
      const now = await countRows(ask, Object.keys(kept.rows));
      const wrong = Object.keys(kept.rows).filter((table) => now[table] !== kept.rows[table]);
      if (wrong.length) throw new Halt(`${name} has other rows than the backup: ${wrong.map((table) => `${table} ${now[table]} of ${kept.rows[table]}`).join(', ')}.`);
      rows += Object.values(now).reduce((sum, count) => sum + count, 0);
    }
    await putFiles(wrangler, databases[0].run, config, folder, manifest.files);
    return { rows, files: manifest.files.length };
  });
}

async function read(folder) {
  const text = await readFile(path.join(folder, 'backup.json'), 'utf8').catch(() => {
    throw new Halt(`${folder} has no backup.json: it is no backup, or one that broke off.`);
  });
  const manifest = JSON.parse(text);
  if (manifest.format !== format) throw new Halt(`The backup has the format ${manifest.format}; this version knows ${format}.`);
  const files = [
    ...manifest.databases.map(({ binding, sha256 }) => [`${binding}.sql`, sha256]),
    ...manifest.files.map(({ key, sha256 }) => [path.join('files', ...key.split('/')), sha256]),
  ];
  for (const [name, sha256] of files) {
    const found = await hashOf(path.join(folder, name)).catch(() => null);
    if (found !== sha256) throw new Halt(`${name} of the backup is ${found ? 'damaged' : 'missing'}.`);
  }
  for (const { binding, rows } of manifest.databases) {
    if (JSON.stringify(await rowsIn(path.join(folder, `${binding}.sql`))) !== JSON.stringify(rows)) throw new Halt(`${binding}.sql has other rows than backup.json says.`);
  }
  return manifest;
}

async function putFiles(wrangler, run, config, folder, files) {
  if (!files.length) return;
  const bucket = config.r2_buckets[0].bucket_name;
  if (!isThere(await wrangler(['r2', 'bucket', 'info', bucket, '--json'], { mayFail: true }), /bucket does not exist|code: 10006/)) {
    say(`creating the R2 bucket ${bucket}`);
    await wrangler(['r2', 'bucket', 'create', bucket]);
  }
  say(`putting ${files.length} uploads back`);
  for (const { key } of files) await run(['r2', 'object', 'put', `${bucket}/${key}`, '--remote', '--file', path.join(folder, 'files', ...key.split('/'))]);
}

await asCommand(import.meta, async (args) => {
  const { values, positionals } = parseArgs({ args, options: { 'without-keys': { type: 'boolean' } }, allowPositionals: true });
  if (positionals.length !== 1) throw new Halt('Name the folder of the backup: npm run restore -- backups/2026-11-28T07-00-00');
  await setup();
  const { unstable_readConfig } = await import('wrangler');
  const secrets = { ...(await readSecrets(path.join(root, secretsName))), ...fromEnvironment(secretSettings) };
  const { rows, files } = await restore({
    wrangler: realWrangler,
    config: unstable_readConfig({ config: path.join(root, 'wrangler.toml') }),
    folder: path.resolve(positionals[0]),
    secrets,
    lostKeys: values['without-keys'],
  });
  console.log(`\n${rows} rows and ${files} uploads are back. \`npm run deploy\` makes the rest, with the secrets of ${secretsName}.`);
});
