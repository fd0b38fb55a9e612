// Who asks, over what, and what he can read.
import type { MiddlewareHandler } from 'hono';
import { cache, cached } from './cache';
import { rows } from './db';
import type { Account, App, Bindings } from './env';
import { Failure } from './failure';

const encoder = new TextEncoder();

const BY_EMAIL = `SELECT id, accounts.email, shard, accounts.test, key_hash AS keyHash, shop_name AS shopName
  FROM accounts JOIN shops ON account_id = id WHERE accounts.email = ?1`;

/** HTTP Basic: the account's e-mail and an API key, of which only the hash is kept. */
export const authenticate: MiddlewareHandler<App> = async (c, next) => {
  const given = credentials(c.req.header('authorization'));
  const account = given && (await find(c.env, given.email, given.key));
  if (!account) throw Failure.unauthenticated();
  c.set('account', account);
  await next();
};

function credentials(header: string | undefined) {
  const encoded = /^basic +(\S{1,1000})$/i.exec(header?.trim() ?? '')?.[1];
  if (!encoded) return null;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.fromBase64(encoded));
  } catch {
    return null;
  }
  const colon = text.indexOf(':');
  const [email, key] = [text.slice(0, colon).toLowerCase(), text.slice(colon + 1)];
  return colon > 0 && key ? { email, key } : null;
}

/** Warm, this asks no database. A key that doesn't match what is cached is tried against the directory: it may be new. */
async function find({ DB, KV }: Bindings, email: string, key: string): Promise<Account | null> {
  const hash = encoder.encode(await sha256(key));
  const matches = (account: Account) => crypto.subtle.timingSafeEqual(hash, encoder.encode(account.keyHash));
  const name = `account:${email}`;
  const known = await cached<Account>(KV, name);
  if (known && matches(known)) return known;
  const [row] = await rows<Omit<Account, 'test'> & { test: number }>(
    DB.prepare(BY_EMAIL).bind(email),
  );
  const account = row && { ...row, test: row.test === 1 };
  if (!account || !matches(account)) return null;
  await cache(KV, name, account);
  return account;
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))).toHex();
}

/** The key must not cross a network in the clear. Development, where the operator said so, is on loopback. */
export const requireHttps: MiddlewareHandler<App> = async (c, next) => {
  if (!c.req.url.startsWith('https:') && !c.env.ALLOW_INSECURE_URLS) throw new Failure(403, 'All API requests must be made over HTTPS');
  await next();
};

/** Refuses only an `Accept` that truly excludes JSON: of the ranges that name it, the most specific decides. */
export const requireJsonAccepted: MiddlewareHandler<App> = async (c, next) => {
  const accept = c.req.header('accept')?.trim();
  if (accept && !acceptsJson(accept)) throw new Failure(406, "You requested a format that isn't json");
  await next();
};

function acceptsJson(accept: string): boolean {
  let best = 0;
  let accepted = false;
  for (const range of accept.split(',')) {
    const [kind = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const rank = /^(application|text)\/json$|\+json$/.test(kind) ? 3 : kind === 'application/*' ? 2 : kind === '*/*' || kind === '*' ? 1 : 0;
    if (!rank || rank < best) continue;
    const refused = parameters.some((parameter) => /^q\s*=\s*0[0.]*$/.test(parameter));
    accepted = !refused || (rank === best && accepted);
    best = rank;
  }
  return accepted;
}
