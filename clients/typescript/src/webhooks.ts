// What a receiver of webhooks needs: is it ours, and what does it say?
import type { components } from './schema.js';

type Schemas = components['schemas'];

interface Bodies {
  'order:created': Schemas['Order'];
  'order:updated': Schemas['Order'];
  'order:paid': Schemas['Order'];
  'order:blocked': Schemas['BlockedAttempt'];
  'product:out_of_stock': Schemas['Product'];
  'product:stock_warning': Schemas['Product'];
  'feedback:created': Schemas['Feedback'];
  'feedback:updated': Schemas['Feedback'];
  'query:created': Schemas['Query'];
  'query:replied': Schemas['Query'];
  'endpoint:failing': Schemas['WebhookEndpoint'];
  'endpoint:disabled': Schemas['WebhookEndpoint'];
}

interface About {
  /** The same for each try of one webhook: tells a repetition. */
  id: string;
  /** When this try was signed, in seconds since 1970. */
  timestamp: number;
  /** Grows within one order, query or feedback. */
  sequence: number | null;
  /** A sample: deliver nothing for it. */
  simulated: boolean;
}

export type WebhookEvent = { [Name in keyof Bodies]: About & { event: Name; data: Bodies[Name] } }[keyof Bodies];

export type HeadersLike = Headers | Record<string, string | string[] | undefined>;

export class WebhookVerificationError extends Error {
  override name = 'WebhookVerificationError';
}

export interface VerifyOptions {
  /** Seconds by which the clocks may differ, and that a webhook may be old. Default: 300. */
  tolerance?: number;
  /** Seconds since 1970, in place of the clock. */
  now?: number;
}

/**
 * Whether a webhook is ours → what it says. Throws a `WebhookVerificationError` for anything else: answer that with 400.
 * `body` must be the bytes as they came, before any parser. `secret` is the webhook secret, `whsec_` included; give both while one replaces the other.
 */
export async function verifyWebhook(body: string | ArrayBuffer | Uint8Array, headers: HeadersLike, secret: string | string[], options: VerifyOptions = {}): Promise<WebhookEvent> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body as ArrayBuffer);
  const all = lowerCase(headers);
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => all.get(name));
  if (!id || !timestamp || !signatures) throw new WebhookVerificationError('A header is missing: webhook-id, webhook-timestamp or webhook-signature');
  const seconds = Number(timestamp);
  const { tolerance = 300, now = Date.now() / 1_000 } = options;
  if (!/^\d+$/.test(timestamp) || Math.abs(now - seconds) > tolerance) throw new WebhookVerificationError('It was signed too long ago, or the clocks differ');
  const signed = concat(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const sent = signatures.split(' ').flatMap((one) => (one.startsWith('v1,') ? [decode(one.slice(3))] : []));
  const secrets = [secret].flat();
  const verdicts = await Promise.all(secrets.flatMap((one) => sent.map((signature) => matches('SHA-256', standardKey(one), signature, signed))));
  if (!verdicts.includes(true)) throw new WebhookVerificationError('No signature is right');
  const event = [...all].find(([name]) => /^x-.+-event$/.test(name))?.[1];
  if (!event) throw new WebhookVerificationError('The header that names the event is missing');
  const numbered = [...all].find(([name]) => /^x-.+-sequence$/.test(name))?.[1];
  return {
    id,
    timestamp: seconds,
    sequence: numbered === undefined ? null : Number(numbered),
    simulated: [...all].some(([name, value]) => /^x-.+-simulated$/.test(name) && value === 'true'),
    event,
    data: JSON.parse(new TextDecoder().decode(bytes)),
  } as WebhookEvent;
}

/** Whether `X-PushGuard-Signature` is right. It says nothing of when: `verifyWebhook` does. */
export async function verifySignature(body: string | ArrayBuffer | Uint8Array, signature: string | null | undefined, secret: string): Promise<boolean> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body as ArrayBuffer);
  return matches('SHA-512', new TextEncoder().encode(secret), hex(signature ?? ''), bytes);
}

/** Whether a buyer who comes back to your `return_url` was sent by us. Deliver on the webhook, not on this. */
export async function verifyReturn(url: string | URL, secret: string): Promise<boolean> {
  const query = new URL(url).searchParams;
  const [order, status, timestamp, signature] = ['order_id', 'status', 'timestamp', 'signature'].map((name) => query.getAll(name).at(-1));
  const signed = new TextEncoder().encode(`${order}.${status}.${timestamp}`);
  return matches('SHA-512', new TextEncoder().encode(secret), hex(signature ?? ''), signed);
}

/** In constant time, by Web Crypto. */
async function matches(hash: string, secret: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (secret.length === 0) return false;
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash }, false, ['verify']);
  return crypto.subtle.verify('HMAC', key, signature, signed);
}

/** Standard Webhooks: the key is what stands in base64 behind `whsec_`. */
const standardKey = (secret: string) => decode(secret.replace(/^whsec_/, ''));

function decode(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function hex(text: string): Uint8Array<ArrayBuffer> {
  if (!/^([0-9a-f]{2})+$/.test(text)) return new Uint8Array();
  return Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function lowerCase(headers: HeadersLike): Map<string, string> {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers);
  return new Map(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), String(value)] as const])));
}
