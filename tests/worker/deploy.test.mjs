// What `npm run deploy` decides, against a wrangler that only remembers: it can't be run against Cloudflare in a test.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { unstable_readConfig } from 'wrangler';
import { addressAmong, deploy, missing, withBatch, withIds, withLimits } from '../../scripts/deploy.mjs';
import { deliveryBatch } from '../../scripts/settings.mjs';

const tomlFile = new URL('../../wrangler.toml', import.meta.url);
const toml = await readFile(tomlFile, 'utf8');
const config = unstable_readConfig({ config: tomlFile.pathname });

const folder = await mkdtemp(path.join(tmpdir(), 'pushguard-deploy-test-'));
after(() => rm(folder, { recursive: true }));
let files = 0;
/** Where a deployment keeps its secrets; there is no such file yet. */
const newSecretsFile = () => path.join(folder, `${(files += 1)}.json`);

const nothing = { databases: [], namespaces: [], queues: [], buckets: [], secrets: [] };
const everything = {
  databases: [{ name: 'other', id: 'x' }, { name: 'pushguard', id: '11111111-2222-3333-4444-555555555555' }],
  namespaces: [{ title: 'pushguard-KV', id: 'abcdefabcdefabcdefabcdefabcdefab' }],
  queues: ['pushguard-payment-sync', 'pushguard-notifications', 'pushguard-deliveries', 'pushguard-retries'],
  buckets: ['pushguard-files'],
  secrets: ['ADMIN_TOKEN', 'TOKEN_KEYS', 'VAULT_KEY'],
};

test('in an empty account everything is missing', () => {
  const { resources, generated, secrets } = missing(config, nothing, {});
  assert.deepEqual(resources, [
    { kind: 'D1 database', name: 'pushguard' },
    { kind: 'KV namespace', name: 'pushguard-KV' },
    { kind: 'queue', name: 'pushguard-payment-sync' },
    { kind: 'queue', name: 'pushguard-notifications' },
    { kind: 'queue', name: 'pushguard-deliveries' },
    { kind: 'queue', name: 'pushguard-retries' },
    { kind: 'R2 bucket', name: 'pushguard-files' },
  ]);
  assert.deepEqual(generated, ['ADMIN_TOKEN', 'TOKEN_KEYS', 'VAULT_KEY']);
  for (const name of ['TOKEN_KEYS', 'VAULT_KEY']) {
    const [id, key] = secrets[name].split(':');
    assert.match(id, /^[a-z0-9]+$/);
    assert.equal(Buffer.from(key, 'base64').length, 32);
  }
});

test('when all is there, nothing is made and no secret is touched', () => {
  assert.deepEqual(missing(config, everything, {}), { resources: [], secrets: {}, generated: [] });
});

test('a secret given in the environment is set, also over one that is there, and not generated', () => {
  const given = { TOKEN_KEYS: 'new:AAAA' };
  assert.deepEqual(missing(config, everything, given).secrets, given);
  assert.deepEqual(missing(config, nothing, given).generated, ['ADMIN_TOKEN', 'VAULT_KEY']);
});

test('the written configuration has the ids of the account, and is otherwise the same', () => {
  const text = withIds(toml, config, everything);
  assert.match(text, /^database_id = "11111111-2222-3333-4444-555555555555"$/m);
  assert.match(text, /^id = "abcdefabcdefabcdefabcdefabcdefab"$/m);
  assert.doesNotMatch(text, /"0{32}"|"00000000-/);
  assert.equal(text.split('\n').length, toml.split('\n').length + 1);
});

test('the rate limits that clients are told are those that decide', () => {
  const text = withLimits(toml, { RATE_LIMIT_ACCOUNT: '500', RATE_LIMIT_ANONYMOUS: '60' });
  assert.match(text, /name = "LIMIT_ACCOUNT"[^[]*limit = 500, period = 60/);
  assert.match(text, /name = "LIMIT_ANONYMOUS"[^[]*limit = 60, period = 60/);
});

test('DELIVERY_BATCH is the batch of first deliveries, and of no other queue', () => {
  const sizes = (text) => [...text.matchAll(/queue = "([a-z-]+)"\nmax_batch_size = (\d+)/g)].map(([, queue, size]) => `${queue} ${size}`);
  const others = ['pushguard-payment-sync 10', 'pushguard-notifications 10', 'pushguard-retries 10'];
  assert.deepEqual(sizes(withBatch(toml, undefined)).sort(), ['pushguard-deliveries 50', ...others].sort());
  assert.deepEqual(sizes(withBatch(toml, 40)).sort(), ['pushguard-deliveries 40', ...others].sort());
  assert.equal(deliveryBatch({ DELIVERY_BATCH: '40' }), 40);
  assert.equal(deliveryBatch({}), undefined);
  for (const given of ['0', '51', '100', '-1', '4.5', 'forty', '1e1']) assert.throws(() => deliveryBatch({ DELIVERY_BATCH: given }), /from 1 to 50/, given);
});

test('the address is picked out of all that a Worker is attached to', () => {
  const others = ['schedule: * * * * *', 'Producer for pushguard-payment-sync', 'Consumer for pushguard-payment-sync'];
  assert.equal(addressAmong(['https://pushguard.me.workers.dev', ...others]), 'https://pushguard.me.workers.dev');
  assert.equal(addressAmong(['https://pushguard.me.workers.dev', 'pay.example.com (custom domain)', ...others]), 'https://pay.example.com');
  assert.equal(addressAmong(others), undefined);
});

test('a second deploy repeats nothing of the first', async () => {
  const account = remembering();
  const [written, secretsFile] = [[], newSecretsFile()];
  const once = () => deploy({ wrangler: account.wrangler, config, toml, secretsFile, writeConfig: async (text) => written.push(text), environment: { BRAND: 'Mine' } });

  assert.equal(await once(), 'https://pushguard.me.workers.dev');
  const first = account.take();
  assert.equal(first.filter((line) => / create /.test(line)).length, 7);
  assert.equal(first.filter((line) => line.startsWith('deploy ')).length, 2, 'once, and once more with the address');
  assert.deepEqual(Object.keys(account.secrets), ['ADMIN_TOKEN', 'TOKEN_KEYS', 'VAULT_KEY']);
  const limits = { RATE_LIMIT_ACCOUNT: '300', RATE_LIMIT_ANONYMOUS: '60' };
  assert.deepEqual(account.vars, { BRAND: 'Mine', PUBLIC_URL: 'https://pushguard.me.workers.dev', ...limits });
  const secrets = { ...account.secrets };

  await once();
  const second = account.take();
  assert.equal(second.filter((line) => / create /.test(line)).length, 0);
  assert.equal(second.filter((line) => line.startsWith('deploy ')).length, 1);
  assert.deepEqual(account.secrets, secrets);
  assert.equal(written[0], written[1]);
});

test('the URLs of chain servers, which may hold keys, are set as secrets and printed nowhere', async () => {
  const [account, secretsFile] = [remembering(), newSecretsFile()];
  const given = {
    BITCOIN_ESPLORA_URLS: 'https://one.example/serverKey7f3a',
    LITECOIN_ESPLORA_URLS: 'https://two.example/?key=serverKey7f3a',
    ETHEREUM_RPC_URLS: 'https://three.example/v2/serverKey7f3a,https://four.example',
  };
  const { said } = await deployed(account, secretsFile, { ...given, BRAND: 'Mine' });
  for (const [name, value] of Object.entries(given)) {
    assert.equal(account.secrets[name], value);
    assert.equal(account.vars[name], undefined);
    assert.match(said, new RegExp(name));
  }
  assert.doesNotMatch(said + account.take().join('\n') + (await readFile(secretsFile, 'utf8')), /serverKey7f3a/);
  await deployed(account, secretsFile);
  assert.equal(account.secrets.ETHEREUM_RPC_URLS, given.ETHEREUM_RPC_URLS, 'what is not mentioned stays');
});

test('secrets that cannot be listed stop the deploy before it makes any', async () => {
  const account = remembering();
  const wrangler = async (args, options) =>
    args[0] === 'secret' ? { code: 1, stdout: '', stderr: 'A request to the API failed. [code: 10000]' } : account.wrangler(args, options);
  await assert.rejects(deploy({ wrangler, config, toml, secretsFile: newSecretsFile(), writeConfig: async () => {}, environment: {} }), /could not say what is there/);
  assert.deepEqual(account.take().filter((line) => / create |^deploy/.test(line)), []);
});

test('generated secrets can be read by their operator alone, and are the ones that were set', async () => {
  const [account, secretsFile] = [remembering(), newSecretsFile()];
  const { said } = await deployed(account, secretsFile);
  assert.deepEqual(JSON.parse(await readFile(secretsFile, 'utf8')), account.secrets);
  assert.equal((await stat(secretsFile)).mode & 0o777, 0o600);
  assert.match(said, /Back up \d+\.json now/);
  for (const secret of Object.values(account.secrets)) assert.ok(!said.includes(secret), 'no secret is printed');
});

test('a deploy that broke off uses the secrets that it had made, rather than new ones', async () => {
  const [account, secretsFile] = [remembering(), newSecretsFile()];
  const breaking = async (args, options) => {
    if (args[0] === 'deploy') throw new Error('the connection broke');
    return account.wrangler(args, options);
  };
  await assert.rejects(deployed({ wrangler: breaking }, secretsFile), /the connection broke/);
  const kept = JSON.parse(await readFile(secretsFile, 'utf8'));
  await deployed(account, secretsFile);
  assert.deepEqual(account.secrets, kept);
});

test('a secret that is given replaces the kept one, and the others stay', async () => {
  const [account, secretsFile] = [remembering(), newSecretsFile()];
  await deployed(account, secretsFile);
  const before = { ...account.secrets };
  await deployed(account, secretsFile, { VAULT_KEY: `v2:AAAA,${before.VAULT_KEY}` });
  const kept = JSON.parse(await readFile(secretsFile, 'utf8'));
  assert.deepEqual(kept, { ...before, VAULT_KEY: `v2:AAAA,${before.VAULT_KEY}` });
  assert.deepEqual(account.secrets, kept);
});

test('a file of secrets that is spoilt stops the deploy before anything is made', async () => {
  const [account, secretsFile] = [remembering(), newSecretsFile()];
  await writeFile(secretsFile, '{"VAULT_KEY": "v1:');
  await assert.rejects(deployed(account, secretsFile), /only copy of its secrets/);
  assert.deepEqual(account.take().filter((line) => / create |^deploy/.test(line)), []);
});

test('a deployment whose secrets are elsewhere is told so', async () => {
  const [account, secretsFile] = [remembering(), newSecretsFile()];
  await deployed(account, secretsFile);
  const { said } = await deployed(account, newSecretsFile());
  assert.match(said, /ADMIN_TOKEN, TOKEN_KEYS, VAULT_KEY of this deployment are not in/);
});

test('what wrangler says about a login reaches the operator', async () => {
  const wrangler = async () => ({ code: 1, stdout: '', stderr: 'Failed to fetch auth token: 400 Bad Request' });
  await assert.rejects(deployed({ wrangler }, newSecretsFile()), /wrangler login[^]*Failed to fetch auth token: 400 Bad Request/);
});

/** Deploys, and answers what was printed meanwhile. */
async function deployed({ wrangler }, secretsFile, environment = {}) {
  const [lines, { log }] = [[], console];
  console.log = (line) => lines.push(line);
  try {
    await deploy({ wrangler, config, toml, secretsFile, writeConfig: async () => {}, environment });
  } finally {
    console.log = log;
  }
  return { said: lines.join('\n') };
}

/** An account that keeps what the commands make, and answers as wrangler 4 prints. */
function remembering() {
  const account = { databases: [], namespaces: [], queues: [], buckets: [], secrets: {}, vars: {}, deployed: false };
  const ran = [];
  const json = (value) => ({ code: 0, stdout: JSON.stringify(value), stderr: '' });
  const no = (stderr) => ({ code: 1, stdout: '', stderr });
  const wrangler = async (args, options = {}) => {
    const line = args.join(' ');
    ran.push(line);
    if (line === 'whoami --json') return json({ loggedIn: true });
    if (line === 'd1 list --json') return json(account.databases);
    if (line === 'kv namespace list') return json(account.namespaces);
    if (line.startsWith('secret list')) {
      return account.deployed ? json(Object.keys(account.secrets).map((name) => ({ name }))) : no('Worker "pushguard" not found.');
    }
    if (line.startsWith('queues info')) return account.queues.includes(args[2]) ? json({}) : no(`Queue "${args[2]}" does not exist.`);
    if (line.startsWith('r2 bucket info')) return account.buckets.includes(args[3]) ? json({}) : no('The specified bucket does not exist. [code: 10006]');
    if (line.startsWith('d1 create')) return account.databases.push({ name: args[2], uuid: 'u-1' }), json({});
    if (line.startsWith('kv namespace create')) return account.namespaces.push({ title: args[3], id: 'n-1' }), json({});
    if (line.startsWith('r2 bucket create')) return account.buckets.push(args[3]), json({});
    if (line.startsWith('queues create')) return account.queues.push(args[2]), json({});
    if (line.startsWith('d1 migrations apply')) return json({});
    if (line.startsWith('deployments status')) return json({ versions: [{ version_id: 'v-1', percentage: 100 }] });
    if (line.startsWith('versions view v-1')) {
      return json({ resources: { bindings: Object.keys(account.vars).map((name) => ({ name, type: 'plain_text' })) } });
    }
    if (args[0] === 'deploy') {
      account.deployed = true;
      for (const [index, arg] of args.entries()) {
        if (arg === '--secrets-file') Object.assign(account.secrets, JSON.parse(await readFile(args[index + 1], 'utf8')));
        if (arg === '--var') {
          const [, name, value] = args[index + 1].match(/^([A-Z_]+):(.*)$/);
          account.vars[name] = value;
        }
      }
      const output = { type: 'deploy', targets: ['https://pushguard.me.workers.dev', 'schedule: * * * * *'] };
      await writeFile(options.env.WRANGLER_OUTPUT_FILE_PATH, `${JSON.stringify({ type: 'wrangler-session' })}\n${JSON.stringify(output)}\n`);
      return { code: 0, stdout: '', stderr: '' };
    }
    throw new Error(`unexpected: wrangler ${line}`);
  };
  return Object.assign(account, { wrangler, take: () => ran.splice(0) });
}
