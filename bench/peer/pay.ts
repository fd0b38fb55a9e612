// POST /pay: payment links.
import { z } from 'zod';
import { fields } from './body';
import { rows } from './db';
import type { C } from './env';
import { Failure } from './failure';
import { type Decimal, decimal, isCurrency, minorUnits, NoPrice } from './money';
import { sign } from './token';

const LASTS = 30 * 86_400_000;
const KNOWN = ['bitcoin', 'paypal', 'litecoin', 'ethereum', 'stripe'];

// --- Fields: each tolerates what clients send, and every error is a sentence ------------------------------------------------

/** Numbers become texts, blanks nothing. */
const normal = (value: unknown) => {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : value;
  return text === '' || text === null ? undefined : text;
};

const text = (label: string, most: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? `${label} can't be blank` : `${label} must be a text`) })
    .max(most, `${label} is too long (maximum is ${most} characters)`)
    .regex(/^[^\p{Cc}]*$/u, `${label} has characters that are not allowed`);

const given = <T extends z.ZodType>(schema: T) => z.preprocess(normal, schema);
const optional = <T extends z.ZodType>(schema: T) => z.preprocess(normal, schema.optional());

const whole = (label: string, least: number, most: number) =>
  z
    .string(`${label} is not a number`)
    .regex(/^-?\d+(\.\d+)?$/, `${label} is not a number`)
    .transform(Number)
    .pipe(
      z
        .int(`${label} must be an integer`)
        .min(least, `${label} must be greater than or equal to ${least}`)
        .max(most, `${label} must be less than or equal to ${most}`),
    );

const link = (label: string, insecure: boolean) =>
  text(label, 2_000).superRefine((value, issues) => {
    const problem = badUrl(value, insecure);
    if (problem) issues.addIssue({ code: 'custom', message: `${label} ${problem}` });
  });

const currency = given(text('Currency', 64).toUpperCase().refine(isCurrency, 'Currency is not a valid ISO 4217 code'));

const value = given(
  z
    .string({ error: ({ input }) => (input === undefined ? "Value can't be blank" : 'Value is not a number') })
    .transform((value, issues): Decimal => {
      try {
        return decimal(value);
      } catch (error) {
        if (!(error instanceof NoPrice)) throw error;
        issues.addIssue({ code: 'custom', message: `Value ${error.message}` });
        return z.NEVER;
      }
    }),
);

const gateway = given(
  text('Gateway', 64)
    .toLowerCase()
    .refine((name) => KNOWN.includes(name), 'Gateway is not included in the list'),
);

/** An object as it is, anything else as its first input. */
const custom = z
  .unknown()
  .optional()
  .transform((value) => {
    if (value === undefined || value === null || value === '') return null;
    if (typeof value !== 'object') return JSON.stringify({ 0: value });
    return Object.keys(value).length || Array.isArray(value) ? JSON.stringify(Array.isArray(value) ? { ...value } : value) : null;
  })
  .refine((json) => (json?.length ?? 0) <= 4_096, 'Custom is too long (maximum is 4096 bytes)');

const payment = (insecure: boolean) =>
  z.object({
    title: given(text('Title', 255)),
    email: optional(text('Email', 254).pipe(z.email('Email is not a valid email address'))),
    currency,
    value,
    gateway,
    confirmations: optional(whole('Confirmations', 0, 6)),
    ip_address: optional(z.union([z.ipv4(), z.ipv6()], 'Ip address is not a valid IP address')),
    return_url: given(link('Return url', insecure)),
    webhook_url: optional(link('Webhook url', insecure)),
    custom,
    quantity: optional(whole('Quantity', 1, 1_000_000)),
  });

// A schema is costly to make and free to keep.
const schemas = { strict: payment(false), insecure: payment(true) };

// --- The endpoint -------------------------------------------------------------------------------------------------------------

// Nothing is written unless the account has a wallet for the gateway.
const INSERT = `INSERT INTO payments (account_id, id, title, email, value, currency, quantity, gateways, return_url,
    webhook_url, custom, expires_at, created_at)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, json_object(?8, CAST(COALESCE(?9, confirmations) AS INTEGER)), ?10, ?11, ?12, ?13, ?14
  FROM wallets WHERE account_id = ?1 AND gateway = ?8 AND active = 1
  RETURNING id`;

export async function createPayment(c: C) {
  const { crypto_confirmations, ...sent } = await fields(c, 'payment');
  const schema = c.env.ALLOW_INSECURE_URLS ? schemas.insecure : schemas.strict;
  const { success, data, error } = schema.safeParse({ confirmations: crypto_confirmations, ...sent });
  if (!success) throw Failure.validation(error.issues.map(({ message }) => message));
  const minor = price(data.value, data.currency);

  const { account } = c.var;
  const { DB } = c.env;
  const id = crypto.getRandomValues(new Uint8Array(20)).toHex();
  const now = Date.now();
  const quantity = data.quantity ?? 1;
  const inserted = await rows(
    DB.prepare(INSERT).bind(
      account.id,
      id,
      data.title,
      data.email ?? null,
      minor,
      data.currency,
      quantity,
      data.gateway,
      data.confirmations ?? null,
      data.return_url,
      data.webhook_url ?? null,
      data.custom,
      now + LASTS,
      now,
    ),
  );
  if (!inserted.length) throw Failure.validation(['Gateway is not configured']);
  const token = await sign(c.env, id, {
    accountId: account.id,
    shard: account.shard,
    test: account.test,
    shopName: account.shopName,
    title: data.title,
    minor,
    currency: data.currency,
    quantity,
    gateway: data.gateway,
    needsEmail: data.email === undefined,
    returnOrigin: new URL(data.return_url).origin,
    expiresAt: now + LASTS,
  });
  const origin = c.env.PUBLIC_URL ?? new URL(c.req.url).origin;
  return c.json({ url: `${origin}/pay/${id}/${token}` }, 201);
}

function price(value: Decimal, currency: string): number {
  try {
    return minorUnits(value, currency);
  } catch (error) {
    throw error instanceof NoPrice ? Failure.validation([`Value ${error.message}`]) : error;
  }
}

function badUrl(text: string, insecure: boolean): string | undefined {
  const url = URL.parse(text);
  if (!url?.host) return 'is not a valid URL';
  if (url.protocol !== 'https:' && !(insecure && url.protocol === 'http:')) return 'must be an HTTPS URL';
  if (url.username || url.password) return 'must not contain credentials';
  if (!insecure && isPrivate(url.hostname)) return 'must not point to a private network';
}

function isPrivate(host: string): boolean {
  if (host.startsWith('[')) return /^\[(::|f[cdef]|2001:db8:|64:ff9b:)/.test(host);
  if (!/^[\d.]+$/.test(host)) return !host.includes('.') || /\.(localhost|local|internal|home\.arpa)\.?$/.test(host);
  const [a = 0, b = 0] = host.split('.').map(Number);
  const shared = (a === 100 && b >= 64 && b < 128) || (a === 198 && (b === 18 || b === 19 || b === 51));
  return [0, 10, 127].includes(a) || a >= 224 || shared || (a === 169 && b === 254) || (a === 172 && b >= 16 && b < 32) || (a === 192 && [0, 168].includes(b)) || (a === 203 && b === 0);
}
