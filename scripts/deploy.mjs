// `npm run deploy`: from nothing, or from the last deploy, to a running shop in your Cloudflare account. Each run first
// looks what is there, makes only what isn't, and can be stopped and repeated at any point.
//   npm run deploy -- --dry-run     says what a deploy does, and bundles as if, without a login
// Settings in the environment (BRAND=… npm run deploy) are set on the Worker; those not mentioned stay as they are.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from './build.mjs';
import { deliveryBatch, deliveryQueue, deploySettings, fromEnvironment, limitsIn, newKey, plainSettings, secretSettings, serverSettings } from './settings.mjs';
import { setup } from './setup.mjs';
import { asCommand, Halt, npmBinary, root, run, say } from './shell.mjs';

const deployConfig = 'wrangler.deploy.toml';
// Cloudflare never shows a secret again, and without VAULT_KEY a backup of the database is worth nothing.
export const secretsName = 'wrangler.secrets.json';

/**
 * @param {object} options
 * @param {(args: string[], options?: object) => Promise<{code: number, stdout: string, stderr: string}>} options.wrangler
 * @param {object} options.config wrangler.toml, as wrangler reads it
 * @param {string} options.toml the same, as text
 * @param {(text: string) => Promise<void>} options.writeConfig
 * @param {string} options.secretsFile where this deployment's secrets are kept: read, and written before they are set
 * @param {object} [options.environment]
 * @returns {Promise<string>} the shop's address
 */
export async function deploy({ wrangler, config, toml, writeConfig, secretsFile, environment = process.env }) {
  const batch = deliveryBatch(fromEnvironment(deploySettings, environment));
  await refuseWithoutLogin(wrangler);
  let there = await look(wrangler, config);
  const kept = await readSecrets(secretsFile);
  const toMake = missing(config, there, fromEnvironment(secretSettings, environment), kept);
  // Before anything is made: whatever goes wrong from here on, a secret that took effect can be read.
  await keepSecrets(secretsFile, kept, toMake.secrets);
  for (const { kind, name } of toMake.resources) {
    say(`creating the ${kind} ${name}`);
    await wrangler(createCommand[kind](name));
  }
  if (toMake.resources.length) there = await look(wrangler, config);
  const given = { ...limitsIn(config), ...fromEnvironment(plainSettings, environment) };
  await writeConfig(withBatch(withLimits(withIds(toml, config, there), given), batch));

  for (const { database_name } of config.d1_databases) {
    say(`applying new migrations to ${database_name}`);
    await wrangler(['d1', 'migrations', 'apply', database_name, '--remote', '--config', deployConfig]);
  }

  const secrets = { ...toMake.secrets, ...fromEnvironment(serverSettings, environment) };
  if (Object.keys(secrets).length) say(`setting ${Object.keys(secrets).join(', ')}`);
  say('deploying');
  const url = await upload(wrangler, given, secrets);
  if (!given.PUBLIC_URL) await setPublicUrl(wrangler, url);
  sayWhereSecretsAre(secretsFile, { ...kept, ...toMake.secrets }, Object.keys(toMake.secrets).length > 0);
  return url;
}

// --- The secrets of the deployment, where a person can read them ---------------------------------------------------------

/** {NAME: value} of the file, or nothing where there is none. A file that can't be read must not count as empty. */
export async function readSecrets(file) {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return {};
  try {
    return Object.fromEntries(Object.entries(JSON.parse(text)).filter(([name, value]) => secretSettings.includes(name) && typeof value === 'string'));
  } catch {
    throw new Halt(`${file} is not JSON any more. Mend it or move it away: it holds this deployment's only copy of its secrets.`);
  }
}

async function keepSecrets(file, kept, made) {
  const changed = Object.entries(made).some(([name, value]) => kept[name] !== value);
  if (!changed) return;
  const aside = `${file}.${process.pid}`;
  await writeFile(aside, `${JSON.stringify({ ...kept, ...made }, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(aside, file);
}

function sayWhereSecretsAre(file, secrets, changed) {
  const name = path.basename(file);
  const absent = secretSettings.filter((setting) => !secrets[setting]);
  if (changed) {
    console.log(`\n  Back up ${name} now. It holds ${Object.keys(secrets).join(', ')} of this deployment, and Cloudflare never shows them again:`);
    console.log('  without VAULT_KEY no backup of the database can be used, and without TOKEN_KEYS no payment link stays valid.');
    console.log('  ADMIN_TOKEN makes accounts.\n');
  }
  if (absent.length) say(`NOTE: ${absent.join(', ')} of this deployment ${absent.length > 1 ? 'are' : 'is'} not in ${name}. Keep your own copy safe.`);
}

// --- What is there, and what isn't -----------------------------------------------------------------------------------------

const queueNames = (config) => [
  ...new Set([...(config.queues.producers ?? []), ...(config.queues.consumers ?? [])].map(({ queue }) => queue)),
];
const bucketNames = (config) => config.r2_buckets.map(({ bucket_name }) => bucket_name);
const namespaceTitle = (config, binding) => `${config.name}-${binding}`;

/** {databases: [{name, id}], namespaces: [{title, id}], queues: [name], buckets: [name], secrets: [name]} as they are in the account now. */
async function look(wrangler, config) {
  const [databases, namespaces, secrets, ...others] = await Promise.all([
    wrangler(['d1', 'list', '--json']),
    wrangler(['kv', 'namespace', 'list']),
    wrangler(['secret', 'list', '--format', 'json', '--name', config.name], { mayFail: true }),
    ...queueNames(config).map((name) => wrangler(['queues', 'info', name], { mayFail: true })),
    ...bucketNames(config).map((name) => wrangler(['r2', 'bucket', 'info', name, '--json'], { mayFail: true })),
  ]);
  const queues = others.splice(0, queueNames(config).length);
  return {
    databases: parsed(databases).map(({ name, uuid }) => ({ name, id: uuid })),
    namespaces: parsed(namespaces).map(({ title, id }) => ({ title, id })),
    // Only "there is no such thing" counts as missing. Any other trouble must stop here: a new VAULT_KEY in place of one
    // that merely couldn't be listed would make every stored gateway secret unreadable.
    secrets: isThere(secrets, /Worker ".*" not found/) ? parsed(secrets).map(({ name }) => name) : [],
    queues: queueNames(config).filter((_, index) => isThere(queues[index], /does not exist/)),
    buckets: bucketNames(config).filter((_, index) => isThere(others[index], /bucket does not exist|code: 10006/)),
  };
}

export function isThere({ code, stdout, stderr }, absent) {
  if (code === 0) return true;
  if (absent.test(stdout + stderr)) return false;
  throw new Halt(`wrangler could not say what is there:\n${stdout}${stderr}`);
}

// A note before the JSON (a newer version, a beta) isn't part of it.
export function parsed({ stdout }) {
  const start = stdout.search(/^[[{]/m);
  if (start < 0) throw new Halt(`wrangler was expected to print JSON, and printed:\n${stdout}`);
  return JSON.parse(stdout.slice(start));
}

/**
 * What a deploy has to make. Secrets given in the environment are always set; those that are neither given nor there are
 * taken from the file, where an earlier deploy kept them, or generated: each once in a deployment's life.
 */
export function missing(config, there, givenSecrets, kept = {}) {
  const resources = [
    ...config.d1_databases
      .filter(({ database_name }) => !there.databases.some(({ name }) => name === database_name))
      .map(({ database_name }) => ({ kind: 'D1 database', name: database_name })),
    ...config.kv_namespaces
      .map(({ binding }) => namespaceTitle(config, binding))
      .filter((title) => !there.namespaces.some((namespace) => namespace.title === title))
      .map((name) => ({ kind: 'KV namespace', name })),
    ...queueNames(config)
      .filter((name) => !there.queues.includes(name))
      .map((name) => ({ kind: 'queue', name })),
    ...bucketNames(config)
      .filter((name) => !there.buckets.includes(name))
      .map((name) => ({ kind: 'R2 bucket', name })),
  ];
  const absent = secretSettings.filter((name) => !givenSecrets[name] && !there.secrets.includes(name));
  const generated = absent.filter((name) => !kept[name]);
  const secrets = { ...givenSecrets, ...Object.fromEntries(absent.map((name) => [name, kept[name] ?? generate[name]()])) };
  return { resources, secrets, generated };
}

const generate = {
  ADMIN_TOKEN: () => randomBytes(32).toString('base64url'),
  TOKEN_KEYS: () => newKey(`k${Date.now().toString(36)}`),
  VAULT_KEY: () => newKey(`v${Date.now().toString(36)}`),
};

const createCommand = {
  'D1 database': (name) => ['d1', 'create', name],
  'KV namespace': (title) => ['kv', 'namespace', 'create', title],
  queue: (name) => ['queues', 'create', name],
  'R2 bucket': (name) => ['r2', 'bucket', 'create', name],
};

/** wrangler.toml with the ids of this account in place of its zeros. */
export function withIds(toml, config, there) {
  const idOf = (list, key, name) => {
    const found = list.find((item) => item[key] === name);
    if (!found) throw new Halt(`${name} was created, but the account doesn't list it yet: run this again in a minute.`);
    return found.id;
  };
  const text = toml
    .split(/^(?=\[)/m)
    .map((table) => {
      const value = (key) => table.match(new RegExp(`^${key} *= *"([^"]*)"`, 'm'))?.[1];
      if (table.startsWith('[[d1_databases]]')) {
        return table.replace(/^database_id *=.*$/m, `database_id = "${idOf(there.databases, 'name', value('database_name'))}"`);
      }
      if (table.startsWith('[[kv_namespaces]]')) {
        return table.replace(/^id *=.*$/m, `id = "${idOf(there.namespaces, 'title', namespaceTitle(config, value('binding')))}"`);
      }
      return table;
    })
    .join('');
  return `# Written by \`npm run deploy\` from wrangler.toml, which is the one to edit.\n${text}`;
}

/** The same with these limits: always set together with the settings that tell them. */
export function withLimits(toml, settings) {
  const limited = (table) => {
    const limit = settings[`RATE_${table.match(/^name *= *"(LIMIT_[A-Z]+)"/m)?.[1]}`];
    return limit ? table.replace(/limit *= *\d+/, `limit = ${Number(limit)}`) : table;
  };
  return toml
    .split(/^(?=\[)/m)
    .map((table) => (table.startsWith('[[ratelimits]]') ? limited(table) : table))
    .join('');
}

/** The same with this batch of first deliveries; without one, as wrangler.toml has it. */
export function withBatch(toml, batch) {
  const isTheirs = (table) => table.startsWith('[[queues.consumers]]') && table.includes(`queue = "${deliveryQueue}"`);
  return toml
    .split(/^(?=\[)/m)
    .map((table) => (batch && isTheirs(table) ? table.replace(/^max_batch_size *=.*$/m, `max_batch_size = ${batch}`) : table))
    .join('');
}

// --- Deploying ----------------------------------------------------------------------------------------------------------

async function refuseWithoutLogin(wrangler) {
  const { code, stdout, stderr } = await wrangler(['whoami', '--json'], { mayFail: true });
  if (code !== 0) {
    const said = (stdout + stderr).trim();
    throw new Halt(
      'wrangler can\'t say who you are: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN (and CLOUDFLARE_ACCOUNT_ID).' +
        (said && `\nwrangler says:\n${said}`),
    );
  }
}

/** Settings and secrets go up together with the code, so that no version of the Worker ever runs without them. → its address */
async function upload(wrangler, settings, secrets = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'pushguard-deploy-'));
  try {
    const secretsFile = path.join(folder, 'secrets.json');
    const outputFile = path.join(folder, 'output.ndjson');
    const args = ['deploy', '--config', deployConfig, '--keep-vars', ...asFlags(settings)];
    if (Object.keys(secrets).length) {
      await writeFile(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
      args.push('--secrets-file', secretsFile);
    }
    await wrangler(args, { env: { WRANGLER_OUTPUT_FILE_PATH: outputFile } });
    const lines = (await readFile(outputFile, 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
    return addressAmong(lines.findLast(({ type }) => type === 'deploy')?.targets);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const asFlags = (settings) => Object.entries(settings).flatMap(([name, value]) => ['--var', `${name}:${value}`]);

/** A Worker's targets are its addresses, but also its schedules and queues. A domain of one's own goes before workers.dev. */
export function addressAmong(targets = []) {
  const addresses = targets
    .map((target) => target.match(/^(?:https:\/\/)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?: \(custom domain.*\))?$/)?.[1])
    .filter(Boolean);
  const best = addresses.find((address) => !address.endsWith('.workers.dev')) ?? addresses[0];
  return best && `https://${best}`;
}

// The address isn't known before the first deploy, and the links and webhooks of the shop need it: so when it was never
// set, it is, by deploying the same build once more.
async function setPublicUrl(wrangler, url) {
  const { versions } = parsed(await wrangler(['deployments', 'status', '--json', '--config', deployConfig]));
  const { resources } = parsed(await wrangler(['versions', 'view', versions[0].version_id, '--json', '--config', deployConfig]));
  if (resources.bindings.some(({ name }) => name === 'PUBLIC_URL')) return;
  if (!url) {
    say('The Worker has no address of its own: set PUBLIC_URL to the one it is reached at, and deploy again.');
    return;
  }
  say(`setting PUBLIC_URL to ${url}`);
  await upload(wrangler, { PUBLIC_URL: url });
}

// --- The command --------------------------------------------------------------------------------------------------------

export const realWrangler = (args, options = {}) =>
  run(npmBinary('wrangler'), args, {
    ...options,
    // CI: it asks nothing. What to make and to apply is this script's decision, and a question would have no one to answer it.
    env: { WRANGLER_SEND_METRICS: 'false', CI: '1', NO_COLOR: '1', FORCE_COLOR: '0', ...options.env },
  });

async function dryRun(config) {
  const nothing = { databases: [], namespaces: [], queues: [], buckets: [], secrets: [] };
  const { resources, generated } = missing(config, nothing, {});
  console.log('A deploy, in an account that has none of it yet:');
  for (const { kind, name } of resources) console.log(`  create the ${kind} ${name}`);
  console.log(`  write ${deployConfig} with their ids`);
  for (const { database_name } of config.d1_databases) console.log(`  apply the migrations of schema/ to ${database_name}`);
  console.log(`  generate ${generated.join(', ')}, unless given in the environment, and keep them in ${secretsName} (mode 0600)`);
  const given = Object.keys(fromEnvironment([...plainSettings, ...serverSettings]));
  console.log(`  deploy, with the settings ${given.join(', ') || '(none given in the environment)'}`);
  console.log('  set PUBLIC_URL to the address, unless it is set\n');
  await realWrangler(['deploy', '--dry-run', ...asFlags(fromEnvironment(plainSettings))]).then(({ stdout }) => console.log(stdout));
}

await asCommand(import.meta, async (args) => {
  await setup();
  await build();
  const { unstable_readConfig } = await import('wrangler');
  const tomlFile = path.join(root, 'wrangler.toml');
  const config = unstable_readConfig({ config: tomlFile });
  if (args.includes('--dry-run')) return dryRun(config);
  const url = await deploy({
    wrangler: realWrangler,
    config,
    toml: await readFile(tomlFile, 'utf8'),
    writeConfig: (text) => writeFile(path.join(root, deployConfig), text),
    secretsFile: path.join(root, secretsName),
  });
  console.log(`\nThe shop is at ${url ?? 'the routes of wrangler.toml'}`);
});
