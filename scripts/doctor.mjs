// `npm run doctor -- https://shop.example --token TOKEN`: looks at a deployment from outside, and says what is wrong and what to do about it.
// It makes one test account of its own (doctor@…), in which it buys something with a simulated coin, so that databases, keys and queues
// have to work for it. The token is the deployment's ADMIN_TOKEN, also taken from the environment or wrangler.secrets.json.
//   --no-purchase     makes no account: then keys, queues and the database's writes aren't looked at
//   --cloudflare      asks wrangler too: secrets and migrations
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { countRows, withDatabases } from './backup.mjs';
import { parsed, readSecrets, realWrangler, secretsName } from './deploy.mjs';
import { secretSettings } from './settings.mjs';
import { asCommand, Halt, root } from './shell.mjs';

/** Seconds that a webhook may take from its queue, and an isolate to begin. */
const [queueWait, answerWait] = [40, 20];

/** A check that didn't hold: what is wrong, and what to do. */
class Ill extends Error {}
/** What can't be known. */
class Unknown extends Error {}

/**
 * @param {string} address of the deployment
 * @param {object} options
 * @param {string} [options.token] its ADMIN_TOKEN
 * @param {boolean} [options.purchase] whether it may buy something in a test account
 * @param {string} [options.version] of the program that should run there
 * @param {typeof fetch} [options.fetch]
 * @param {number} [options.wait] seconds for what a queue does
 * @returns {Promise<{name: string, state: 'well' | 'ill' | 'unknown', said: string}[]>}
 */
export async function examine(address, { token, purchase = true, version, fetch: ask = fetch, wait = queueWait } = {}) {
  const url = new URL(address).origin;
  const findings = [];
  const check = async (name, look) => {
    const finding = await look().then(
      (said) => ({ name, state: 'well', said }),
      (error) => ({ name, state: error instanceof Unknown ? 'unknown' : 'ill', said: error instanceof Ill || error instanceof Unknown ? error.message : `can't be looked at: ${error.message}` }),
    );
    findings.push(finding);
    return finding.state === 'well';
  };
  const get = (at, init) => request(ask, url, at, init);

  if (!(await check('address', () => reachable(get, url)))) return findings;
  if (!(await check('settings and secrets', () => settings(get)))) return findings;
  await check('version', () => versionOf(get, version));
  await check('static files (ASSETS)', () => assets(get));
  await check('lists of networks', () => lists(get));
  await check('production switches', () => switches(get, url));
  const admin = token && ((at, init) => get(at, { ...init, token }));
  if (!(await check('operator’s token and database (DB)', () => operator(admin)))) return findings;
  if (!purchase) return findings;
  let shop;
  const account = await check('keys (VAULT_KEY) and KV', async () => ((shop = await doctorAccount(admin, get, url)), 'an account is sealed, opened and known'));
  if (!account) return findings;
  await check('purchase (TOKEN_KEYS, PUBLIC_URL, migrations)', () => buy(shop, get, url));
  await check('uploads (FILES)', () => upload(shop));
  await check('queue of webhooks', () => queue(shop, url, wait));
  // No answer of the API tells them: what only cron does takes hours, and a test account's rates are fixed.
  await check('cron, and rates of real coins', async () => {
    throw new Unknown("can't be seen from outside: `npx wrangler tail` shows a line of cron each minute at most, and `rates.source_failed` when a source is down");
  });
  return findings;
}

async function request(ask, url, at, { method = 'GET', token, basic, json, body, headers = {} } = {}) {
  const authorization = token ? `Bearer ${token}` : basic ? `Basic ${Buffer.from(basic).toString('base64')}` : undefined;
  const answer = await ask(new URL(at, url), {
    method,
    redirect: 'manual', // the token is for this address alone
    headers: { ...(authorization && { authorization }), ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: json === undefined ? body : JSON.stringify(json),
    signal: AbortSignal.timeout(answerWait * 1_000),
  });
  const text = await answer.text();
  let read = null;
  try {
    read = JSON.parse(text);
  } catch {
    // A page.
  }
  return { status: answer.status, headers: answer.headers, text, body: read, said: read?.errors?.join('. ') ?? read?.message ?? text.slice(0, 200) };
}

// --- From outside alone ---------------------------------------------------------------------------------------------------

const isLoopback = (url) => ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);

async function reachable(get, url) {
  if (!url.startsWith('https:') && !isLoopback(url)) throw new Ill('is not https: give the address with https://, which buyers and gateways use');
  const answer = await get('/healthz').catch((error) => {
    throw new Ill(`doesn't answer (${error.cause?.code ?? error.cause?.message ?? error.message}): is the domain right, and is the Worker deployed? \`npx wrangler deployments list\` tells`);
  });
  if (answer.status >= 300 && answer.status < 400) throw new Ill(`leads to ${answer.headers.get('location')}: give that address, and set PUBLIC_URL to it`);
  if (answer.status !== 503 && answer.body?.status !== 'ok') throw new Ill(`is answered by something else (${answer.status} for /healthz): does the route lead to this Worker?`);
  return `${url} answers`;
}

async function settings(get) {
  const answer = await get('/healthz');
  if (answer.status === 503) throw new Ill(`${answer.said}: set it and run \`npm run deploy\` (docs/configuration.md)`);
  return 'all that are required are set';
}

async function versionOf(get, wanted) {
  const { body } = await get('/healthz');
  if (wanted && body.version !== wanted) throw new Ill(`${body.version} runs, and this folder has ${wanted}: \`npm run deploy\` brings it up to date`);
  return body.version;
}

async function assets(get) {
  for (const at of ['/docs', '/api/v2/openapi.json']) {
    const { status } = await get(at);
    if (status !== 200) throw new Ill(`${at} answers ${status}: the [assets] of wrangler.toml are not deployed. Run \`npm run deploy\` in a whole folder`);
  }
  return 'pages, script and words are there';
}

async function lists(get) {
  const { body } = await get('/healthz');
  if (!body.data?.length) throw new Ill('are missing, so no order is judged by its network: `npm run data`, then `npm run deploy`');
  return `of ${body.data.map(({ date }) => date).sort()[0]} and later`;
}

async function switches(get, url) {
  const answer = await get('/healthz');
  if (answer.headers.has('x-d1-usage') && !isLoopback(url)) throw new Ill('ALLOW_INSECURE_URLS is on: keys may cross the network in the clear, and webhooks may go to private addresses. Take it away and deploy');
  if (!answer.headers.has('strict-transport-security') && !isLoopback(url)) throw new Ill('Strict-Transport-Security is missing: something between buyers and the Worker takes headers away');
  return 'those of development are off';
}

// --- With the operator's token ----------------------------------------------------------------------------------------------

async function operator(admin) {
  if (!admin) throw new Unknown(`no token: --token, ADMIN_TOKEN in the environment, or ${secretsName}`);
  const answer = await admin('/admin/accounts?per_page=1');
  if (answer.status === 401) throw new Ill(`the token is not this deployment's ADMIN_TOKEN. \`ADMIN_TOKEN=… npm run deploy\` sets another`);
  if (answer.status >= 500) throw new Ill(`the database doesn't answer as it should (${answer.status}, request ${answer.headers.get('x-request-id')}): are the migrations applied? \`npm run deploy\` applies them`);
  if (answer.status !== 200) throw new Ill(`GET /admin/accounts answers ${answer.status} ${answer.said}`);
  return 'accounts are listed';
}

/** A test account that is the doctor's alone, made once for a deployment → {api(method, path, json)}. */
async function doctorAccount(admin, get, url) {
  const email = `doctor@${new URL(url).hostname === '127.0.0.1' ? 'example.com' : new URL(url).hostname}`;
  const [known] = (await admin(`/admin/accounts?email=${encodeURIComponent(email)}`)).body ?? [];
  const made = known
    ? await admin(`/admin/accounts/${known.id}/api_key`, { method: 'POST' })
    : await admin('/admin/accounts', { method: 'POST', json: { email, shop_name: 'Doctor', test: true } });
  if (made.status !== 201) throw new Ill(`no test account can be made (${made.status} ${made.said}): ${made.status >= 500 ? 'are the migrations applied, and KV and VAULT_KEY there? The log says it: `npx wrangler tail`' : 'see docs/errors.md'}`);
  if (known?.disabled) throw new Ill(`the account ${email} is disabled: enable it, so that the doctor can buy something`);
  const basic = `${email}:${made.body.api_key}`;
  const api = (method, at, json, more) => get(`/api/v2${at}`, { method, basic, json, ...more });
  const answer = await api('GET', '/account');
  if (answer.status === 401) throw new Ill('a new key is not known: does KV lead to another database? Look at the ids in wrangler.deploy.toml');
  if (answer.status !== 200) throw new Ill(`the account can't be read (${answer.status} ${answer.said}): it was sealed under another VAULT_KEY. Put the key that sealed it behind the first one, and deploy`);
  return { api };
}

async function buy({ api }, get, url) {
  const link = await api('POST', '/pay', { title: 'Doctor', currency: 'USD', value: '1', gateway: 'Bitcoin', return_url: `${url}/healthz` });
  if (link.status !== 201) throw new Ill(`no payment link can be made (${link.status} ${link.said}): ${hint(link)}`);
  const { origin, pathname } = new URL(link.body.url);
  if (origin !== url) throw new Ill(`links lead to ${origin}: set PUBLIC_URL to ${url}, or use that address`);
  const page = await get(pathname);
  if (page.status !== 200) throw new Ill(`a link that was just made answers ${page.status}: is TOKEN_KEYS the same everywhere?`);
  await api('DELETE', `/pay/${pathname.split('/')[2]}`);

  const order = await api('POST', '/pay', { title: 'Doctor', currency: 'USD', value: '1', gateway: 'Bitcoin', white_label: true });
  if (order.status !== 201) throw new Ill(`no order can be made (${order.status} ${order.said}): ${hint(order)}`);
  const paid = await api('POST', '/test/payments', { order_id: order.body.id, kind: 'exact', confirmations: 1 });
  if (paid.status !== 201) throw new Ill(`an order can't be paid (${paid.status} ${paid.said}): ${hint(paid)}`);
  const after = await api('GET', `/orders/${order.body.id}`);
  if (after.body?.status !== 100) throw new Ill(`a paid order has the status ${after.body?.status} in place of 100: ${hint(after)}`);
  return `order ${order.body.id} was made and paid`;
}

async function upload({ api }) {
  const product = await api('POST', '/products', { title: 'Doctor', description: 'Made by npm run doctor', price: '1', currency: 'USD', product_type: 1, gateways: ['bitcoin'], unlisted: true });
  if (product.status !== 201) throw new Ill(`no product can be made (${product.status} ${product.said}): ${hint(product)}`);
  try {
    const put = await api('PUT', `/products/${product.body.id}/file?filename=doctor.txt`, undefined, { body: 'doctor', headers: { 'content-type': 'text/plain' } });
    if (put.status !== 200) throw new Ill(`a file can't be uploaded (${put.status} ${put.said}): is R2 enabled, and the bucket there? \`npm run deploy\` makes it`);
    const back = await api('GET', `/products/${product.body.id}/file`);
    if (back.text !== 'doctor') throw new Ill(`an uploaded file comes back as ${back.status}: does the bucket belong to this Worker?`);
  } finally {
    await api('DELETE', `/products/${product.body.id}`);
  }
  return 'a file went in and came back';
}

/** Sent to the shop itself: whatever that answers, the attempt shows that somebody took it out of the queue. */
async function queue({ api }, url, wait) {
  const made = await api('POST', '/webhooks/simulate', { url: `${url}/healthz`, event: 'order:paid' });
  if (made.status !== 201) throw new Ill(`no webhook can be made (${made.status} ${made.said}): ${hint(made)}`);
  const end = Date.now() + wait * 1_000;
  while (Date.now() < end) {
    const { body } = await api('GET', `/webhooks/logs/${made.body.id}`);
    if (body?.response_code || body?.error) return `a webhook was sent, and answered ${body.response_code || body.error}`;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Ill(`a webhook waits for ${wait} s and more: has the queue pushguard-deliveries a consumer? \`npx wrangler queues info pushguard-deliveries\` tells, \`npm run deploy\` sets it`);
}

const hint = ({ status, headers }) => (status >= 500 ? `are all migrations applied? The log has request ${headers.get('x-request-id')}` : 'see docs/errors.md');

// --- From the account at Cloudflare ------------------------------------------------------------------------------------------

/** → findings about secrets and migrations, by wrangler. */
export async function examineAccount({ wrangler, config, files }) {
  const findings = [];
  const secrets = parsed(await wrangler(['secret', 'list', '--format', 'json', '--name', config.name])).map(({ name }) => name);
  const absent = secretSettings.filter((name) => !secrets.includes(name));
  findings.push(absent.length ? { name: 'secrets of the Worker', state: 'ill', said: `${absent.join(', ')} missing: \`npm run deploy\` sets what ${secretsName} has` } : { name: 'secrets of the Worker', state: 'well', said: secretSettings.join(', ') });
  await withDatabases({ wrangler, config }, async (databases) => {
    for (const { binding, ask } of databases) {
      const applied = (await ask('SELECT name FROM d1_migrations')).map(({ name }) => name);
      const behind = files.filter((name) => !applied.includes(name));
      const unknown = applied.filter((name) => !files.includes(name));
      const { accounts } = await countRows(ask, ['accounts']);
      const name = `migrations of ${binding}`;
      if (behind.length) findings.push({ name, state: 'ill', said: `${behind.join(', ')} not applied: \`npm run deploy\` does it` });
      else if (unknown.length) findings.push({ name, state: 'ill', said: `${unknown.join(', ')} applied, which this folder doesn't have: it is older than the deployment` });
      else findings.push({ name, state: 'well', said: `all ${applied.length} are applied; ${accounts} accounts` });
    }
  });
  return findings;
}

// --- The command --------------------------------------------------------------------------------------------------------------

const marks = { well: '✓', ill: '✗', unknown: '?' };

/** The findings as a person reads them. */
export const report = (findings) => findings.map(({ name, state, said }) => `${marks[state]} ${name}: ${said}`).join('\n');

await asCommand(import.meta, async (args) => {
  const options = { token: { type: 'string' }, 'no-purchase': { type: 'boolean' }, cloudflare: { type: 'boolean' } };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (positionals.length !== 1 || !/^https?:\/\//.test(positionals[0])) throw new Halt('Name the deployment: npm run doctor -- https://shop.example --token …');
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const token = values.token ?? process.env.ADMIN_TOKEN ?? (await readSecrets(path.join(root, secretsName))).ADMIN_TOKEN;
  const findings = await examine(positionals[0], { token, version, purchase: !values['no-purchase'] });
  if (values.cloudflare) {
    const { unstable_readConfig } = await import('wrangler');
    const files = (await readdir(path.join(root, 'schema'))).filter((name) => name.endsWith('.sql')).sort();
    findings.push(...(await examineAccount({ wrangler: realWrangler, config: unstable_readConfig({ config: path.join(root, 'wrangler.toml') }), files })));
  }
  console.log(report(findings));
  const ill = findings.filter(({ state }) => state === 'ill').length;
  if (ill) throw new Halt(`${ill} of ${findings.length} checks found something wrong.`);
});
