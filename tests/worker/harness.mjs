// A shop for a test: the real module in the real runtime, on a port of its own, with a database of its own, cut off from
// the network. Started in about a second and a half.
import { test } from 'node:test';
import { isBuilt } from '../../scripts/build.mjs';
import { secretsIn } from '../../scripts/leaks.mjs';
import { findChromium } from '../../scripts/setup.mjs';
import { serve } from '../../scripts/serve.mjs';

export const adminToken = 'test-admin-token-of-32-letters-xx';

// Fixed, so that a failing test can be looked at with the same tokens again.
const settingsOfTests = (url) => ({
  ADMIN_TOKEN: adminToken,
  TOKEN_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
  VAULT_KEY: `test:${Buffer.alloc(32, 2).toString('base64')}`,
  PUBLIC_URL: url,
  BRAND: 'PushGuard',
  ALLOW_INSECURE_URLS: '1',
  // No test's requests count, except where a test says so.
  RATE_LIMIT_ACCOUNT: '1000000',
  RATE_LIMIT_ANONYMOUS: '1000000',
});

/**
 * @param {object} [options]
 * @param {object} [options.settings] over those above; a value of `undefined` takes a setting away
 * @param {((request: Request) => Response | Promise<Response>) | 'network'} [options.outbound] what the Worker's requests
 *   to the outside meet; default: each is refused, and noted in `shop.refused`
 * @param {string} [options.persist] a folder: a later shop started on it goes on where this one ended
 * @param {boolean} [options.assets] serves public/ too
 * @param {boolean} [options.consumers] `false`: nobody takes messages out of the queues
 * @param {object} [options.cf] the `request.cf` of every request, e.g. {country: 'SE'}
 * @param {object} [options.sendEmail] a `send_email` binding EMAIL, with these restrictions
 */
export async function startShop({ settings = {}, outbound, persist, assets, consumers, cf, sendEmail } = {}) {
  if (!(await isBuilt())) console.error('NOTE: build/ is older than src/; `npm run build` first, or `npm test`, which does.');
  const refused = [];
  const logs = [];
  const told = [];
  /** No shop of a test logs a secret or answers one, but where it shows one on purpose. */
  const hear = (where, text, shown = []) => {
    const found = secretsIn(text).filter((what) => !shown.includes(what));
    told.push(...found.map((what) => `${what} in ${where}`));
  };
  const shop = await serve({
    env: (url) => withoutUndefined({ ...settingsOfTests(url), ...settings }),
    stateDir: persist,
    assets,
    consumers,
    cron: false, // a test says when a minute passes
    cf,
    sendEmail,
    outbound: outbound === 'network' ? undefined : (outbound ?? refuse(refused)),
    onLog(line) {
      logs.push(line);
      hear('the log', line.message);
      if (process.env.VERBOSE) console.error(`[${line.level}] ${line.message}`);
    },
  });
  const fetchFrom = (path, init) => fetch(new URL(path, shop.url), { redirect: 'manual', ...init });
  return {
    url: shop.url,
    mf: shop.mf,
    db: shop.db,
    refused,
    /** What the Worker wrote to its console: [{level, message}]. VERBOSE=1 prints it as well. */
    logs,
    fetch: fetchFrom,
    /** A minute has passed, or it is the time `at`. */
    cron: (at) => shop.tick(at),
    hear,
    /** Fails when a secret was told. */
    async close() {
      await shop.close();
      if (told.length) throw new Error(`secrets were told: ${[...new Set(told)].join(', ')}`);
    },
    admin: {
      /** → {email, api_key, webhook_secret, api(method, path, body)}, where `api` speaks JSON in the account's name. */
      async createAccount({ email = `seller-${Math.random().toString(36).slice(2)}@example.com`, shop_name = 'Test shop', test = true } = {}) {
        const answer = await fetchFrom('/admin/accounts', {
          method: 'POST',
          headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
          body: JSON.stringify({ email, shop_name, test }),
        });
        const text = await answer.text();
        if (answer.status !== 201) throw new Error(`POST /admin/accounts answered ${answer.status}: ${text}`);
        const account = JSON.parse(text);
        return { ...account, api: speaker(fetchFrom, account, hear) };
      },
    },
  };
}

/** An `outbound` that lets requests to these origins through, e.g. a stand-in that the test itself runs, and no others. */
export function only(...origins) {
  return (request) =>
    origins.includes(new URL(request.url).origin)
      ? fetch(request.url, {
          method: request.method,
          headers: withoutHopByHop(request.headers),
          body: request.body && request.method !== 'GET' ? request.body : undefined,
          duplex: 'half',
          redirect: 'manual',
        })
      : refuse([])(request);
}

/** Asks again and again until `check` returns something true, and returns that; after `seconds` it fails, saying what for. */
export async function until(what, check, { seconds = 10, every = 50 } = {}) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

/** `test`, or, when there is a reason to go without, a `test` that skips: each under its own name, since a skipped suite would be none at all in the count. */
export const testUnless = (reason) => (reason ? (name) => test(name, { skip: reason }) : test);

/** What the Worker has asked of D1 between two answers → {trips, read, written}: round trips, and rows. */
export function spent(before, after) {
  const [from, to] = [before, after].map((answer) => {
    const words = answer.headers.get('x-d1-usage').split(';');
    return Object.fromEntries(words.map((word) => word.split('=')).map(([name, count]) => [name, Number(count)]));
  });
  return { trips: to.trips - from.trips, read: to.read - from.read, written: to.written - from.written };
}

/**
 * A headless Chromium, or null where there is none: such a test skips itself with `noBrowser` as its reason. `args` are
 * added to its command line.
 */
export async function openBrowser({ args = [] } = {}) {
  const executablePath = await findChromium();
  if (!executablePath) return null;
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...args,
    ],
  });
}

export const noBrowser = 'no Chromium on this machine (set CHROMIUM to the path of one)';

/** Where a secret that was just made is shown, once. */
const shown = { 'POST /account/api_key': ['an API key'], 'POST /account/webhook_secret': ['a webhook secret'] };

function speaker(fetchFrom, { email, api_key }, hear) {
  const authorization = `Basic ${Buffer.from(`${email}:${api_key}`).toString('base64')}`;
  return async (method, path, body, headers = {}) => {
    const answer = await fetchFrom(path.startsWith('/api') ? path : `/api/v2${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    hear(`the answer to ${method} ${path}`, text, shown[`${method} ${path}`]);
    return { status: answer.status, headers: answer.headers, text, body: parsed(text) };
  };
}

function refuse(refused) {
  return (request) => {
    refused.push({ method: request.method, url: request.url });
    const said = `this test let nothing out, but the Worker sent ${request.method} ${request.url}`;
    console.error(`NOTE: ${said}`);
    return new Response(said, { status: 502, headers: { 'content-type': 'text/plain' } });
  };
}

function withoutHopByHop(headers) {
  const kept = new Headers(headers);
  for (const name of ['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive']) kept.delete(name);
  return kept;
}

function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
