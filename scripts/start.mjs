// `npm start`: a whole shop on this machine, with a demo account to try it with. State lives in STATE_DIR (default .state).
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { build } from './build.mjs';
import { demoShop } from './demo.mjs';
import { mailService } from './mail.mjs';
import { serve } from './serve.mjs';
import { deploySettings, fromEnvironment, newKey, plainSettings, secretSettings, serverSettings, stateDir } from './settings.mjs';
import { setup } from './setup.mjs';
import { asCommand, Halt, say } from './shell.mjs';

async function start() {
  const port = portFromEnvironment();
  await refuseTakenPort(port); // before the build, which may take minutes
  await setup();
  await build();

  const url = `http://127.0.0.1:${port}`;
  const settings = {
    ADMIN_TOKEN: 'dev-admin-token',
    ...(await keysOfThisState()),
    PUBLIC_URL: url,
    BRAND: 'PushGuard',
    ALLOW_INSECURE_URLS: '1',
    BITCOIN_NETWORK: 'mainnet',
    LITECOIN_NETWORK: 'mainnet',
    ETHEREUM_CHAIN_ID: '1',
    ...fromEnvironment([...secretSettings, ...serverSettings, ...plainSettings, ...deploySettings]),
  };
  // Whoever sets up a service of their own has their mails sent there.
  let mails = 'sent by the service that is set';
  if (!['EMAIL_FROM', 'EMAIL_API_URL', 'EMAIL_API_KEY'].some((name) => settings[name])) {
    const folder = path.join(stateDir(), 'mail');
    const service = await mailService(folder);
    beforeClosing.push(service.close);
    Object.assign(settings, service.settings);
    mails = `${url}/dev/mail   (none leaves this machine: they are written to ${path.relative(process.cwd(), folder)})`;
  }
  say(`serving, with the state in ${path.relative(process.cwd(), stateDir()) || '.'}`);
  const shop = await serve({ port, stateDir: stateDir(), env: settings, assets: true });
  closeOnSignal(shop);
  try {
    const account = await demoAccount(url, settings.ADMIN_TOKEN);
    const demo = await demoShop(url, account);
    beforeClosing.push(demo.close);
    greet(url, url + demo.path, account, mails);
  } catch (error) {
    await shop.close();
    throw error;
  }
}

function portFromEnvironment() {
  const port = Number(process.env.PORT || 8787);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Halt(`PORT is ${process.env.PORT}, which is no port number.`);
  return port;
}

function refuseTakenPort(port) {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', (error) => {
      reject(error.code === 'EADDRINUSE' ? new Halt(`Port ${port} is taken: set PORT to another one, e.g. PORT=${port + 1} npm start`) : error);
    });
    probe.listen(port, '127.0.0.1', () => probe.close(resolve));
  });
}

// Made once and kept: links signed and secrets encrypted in the last run stay good in the next.
async function keysOfThisState() {
  return keep('keys.json', () => ({ TOKEN_KEYS: newKey('dev'), VAULT_KEY: newKey('dev') }));
}

/** What STATE_DIR/name holds, made and written there first if it isn't. */
async function keep(name, make) {
  const file = path.join(stateDir(), name);
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept) return JSON.parse(kept);
  return write(name, await make());
}

async function write(name, content) {
  await mkdir(stateDir(), { recursive: true });
  await writeFile(path.join(stateDir(), name), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return content;
}

async function demoAccount(url, adminToken) {
  const account = await keep('demo.json', () => makeDemoAccount(url, adminToken));
  const answer = await fetch(`${url}/api/v2/account`, {
    headers: { authorization: `Basic ${Buffer.from(`${account.email}:${account.api_key}`).toString('base64')}` },
  });
  if (answer.status !== 401) return account;
  // The database was removed while demo.json stayed: as good as a first start.
  return write('demo.json', await makeDemoAccount(url, adminToken));
}

async function makeDemoAccount(url, adminToken) {
  const answer = await fetch(`${url}/admin/accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'demo@example.com', shop_name: 'Demo shop', test: true }),
  });
  const said = await answer.text();
  if (answer.status !== 201) {
    throw new Halt(
      `The demo account could not be made: POST /admin/accounts answered ${answer.status} ${said}\n` +
        `Where its key was changed or lost, remove ${stateDir()} to begin anew.`,
    );
  }
  const { email, api_key, webhook_secret } = JSON.parse(said);
  return { email, api_key, webhook_secret };
}

function greet(url, shop, { email, api_key, webhook_secret }, mails) {
  const payment = {
    title: 'Example',
    currency: 'USD',
    value: '10.00',
    gateway: 'Bitcoin',
    email: 'buyer@example.com',
    return_url: `${url}/healthz`,
  };
  console.log(`
  Shop            ${shop}
  API             ${url}/api/v2
  Reference       ${url}/docs
  Account         ${email}
  API key         ${api_key}
  Webhook secret  ${webhook_secret}   (\`npm run hooks\` shows webhooks as they arrive)
  Mails           ${mails}

  A payment link:

curl -u ${email}:${api_key} ${url}/api/v2/pay -H 'content-type: application/json' -d '${JSON.stringify(payment)}'

ready ${url} email=${email} api_key=${api_key}`);
}

const beforeClosing = [];

function closeOnSignal(shop) {
  let closing = false;
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, async () => {
      if (closing) return;
      closing = true;
      beforeClosing.forEach((close) => close());
      await shop.close();
      process.exit(0);
    });
  }
}

await asCommand(import.meta, start);
