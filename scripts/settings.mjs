// The Worker's settings by name. What each one means, and its default, is in docs/configuration.md.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Halt, root } from './shell.mjs';

/** These are secrets of the deployment: never printed back, never written to a file that git sees. */
export const secretSettings = ['ADMIN_TOKEN', 'TOKEN_KEYS', 'VAULT_KEY'];

/** Lists of servers, whose URLs may hold the key of an account with their provider, and such a key itself: deployed as secrets. */
export const serverSettings = ['BITCOIN_ESPLORA_URLS', 'LITECOIN_ESPLORA_URLS', 'ETHEREUM_RPC_URLS', 'EMAIL_API_KEY'];

export const plainSettings = [
  'PUBLIC_URL',
  'BRAND',
  'ALLOW_INSECURE_URLS',
  'DNS_OVER_HTTPS_URL',
  'WEBHOOK_PORTS',
  'LOG_RETENTION_DAYS',
  'BITCOIN_NETWORK',
  'LITECOIN_NETWORK',
  'BITCOIN_EXPLORER_URL',
  'LITECOIN_EXPLORER_URL',
  'ETHEREUM_EXPLORER_URL',
  'ETHEREUM_CHAIN_ID',
  'RATES_COINBASE_URL',
  'RATES_COINGECKO_URL',
  'STRIPE_API_URL',
  'PAYPAL_URL',
  'PAYPAL_IPN_URL',
  'PAYPAL_API_URL',
  'RATES_ECB_URL',
  'WATCH_SECONDS',
  'MAX_OPEN_ORDERS',
  'RATE_LIMIT_ACCOUNT',
  'RATE_LIMIT_ANONYMOUS',
  'EMAIL_FROM',
  'EMAIL_API_URL',
];

/** Requests a minute by setting, as wrangler.toml has them: {RATE_LIMIT_ACCOUNT: '300', …}. */
export function limitsIn(config) {
  return Object.fromEntries((config.ratelimits ?? []).map(({ name, simple }) => [`RATE_${name}`, String(simple.limit)]));
}

/** Settings of the deployment that the Worker itself never sees. */
export const deploySettings = ['DELIVERY_BATCH'];

/** The queue of first deliveries, whose batch is DELIVERY_BATCH. */
export const deliveryQueue = 'pushguard-deliveries';

/**
 * Webhooks of one batch, or undefined where the setting isn't given. Each is a sub-request, a receiver's name that isn't known yet is
 * two more, and D1 and the next messages take a few: the free plan allows an invocation 50, so 40 there. 50 at most on any plan: six
 * are sent at a time, so 50 receivers that take their four seconds each are 36, and after 40 cron takes up what waits for them.
 */
export function deliveryBatch({ DELIVERY_BATCH: given }) {
  if (given === undefined || given === '') return undefined;
  if (!/^\d{1,2}$/.test(given) || given < 1 || given > 50) throw new Halt('DELIVERY_BATCH must be a number from 1 to 50.');
  return Number(given);
}

/** Those of `names` that are set in the environment. */
export function fromEnvironment(names, environment = process.env) {
  return Object.fromEntries(names.filter((name) => environment[name]).map((name) => [name, environment[name]]));
}

/** A key as TOKEN_KEYS and VAULT_KEY hold it: an id, which what was made with the key repeats, and 32 bytes in base64. */
export function newKey(id) {
  return `${id}:${randomBytes(32).toString('base64')}`;
}

/** Where the shop of `npm start` keeps its database, its keys and the demo account's key. */
export const stateDir = () => path.resolve(root, process.env.STATE_DIR || '.state');
