// The token of a payment link, `key id . contents . HMAC-SHA256`: all that the page shows first, and it can't be altered.
import type { Bindings } from './env';

export interface Link {
  accountId: number;
  shard: string;
  test: boolean;
  shopName: string;
  title: string;
  minor: number;
  currency: string;
  quantity: number;
  gateway: string;
  needsEmail: boolean;
  returnOrigin: string;
  expiresAt: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const base64url = { alphabet: 'base64url', omitPadding: true } as const;

interface Key {
  id: string;
  key: CryptoKey;
}

/** Imported once an isolate. The first signs, all verify. */
let imported: Promise<Key[]> | undefined;

function keys({ TOKEN_KEYS }: Bindings): Promise<Key[]> {
  imported ??= Promise.all(
    TOKEN_KEYS.split(',').map(async (text) => {
      const [id = '', key = ''] = text.trim().split(':');
      const algorithm = { name: 'HMAC', hash: 'SHA-256' };
      return { id, key: await crypto.subtle.importKey('raw', Uint8Array.fromBase64(key), algorithm, false, ['sign', 'verify']) };
    }),
  );
  return imported;
}

const signed = (paymentId: string, contents: string) => encoder.encode(`payment link 1.${paymentId}.${contents}`);

export async function sign(env: Bindings, paymentId: string, link: Link): Promise<string> {
  const [first] = await keys(env);
  if (!first) throw new Error('TOKEN_KEYS is empty');
  const contents = encoder
    .encode(
      JSON.stringify([
        link.accountId,
        link.shard,
        link.test,
        link.shopName,
        link.title,
        link.minor,
        link.currency,
        link.quantity,
        link.gateway,
        link.needsEmail,
        link.returnOrigin,
        link.expiresAt,
      ]),
    )
    .toBase64(base64url);
  const tag = new Uint8Array(await crypto.subtle.sign('HMAC', first.key, signed(paymentId, contents)));
  return `${first.id}.${contents}.${tag.toBase64(base64url)}`;
}

/** null for anything that `sign` didn't make for this payment. */
export async function verify(env: Bindings, paymentId: string, token: string): Promise<Link | null> {
  const [id = '', contents = '', tag = '', ...rest] = token.split('.');
  const known = (await keys(env)).find((key) => key.id === id);
  if (!known || rest.length) return null;
  try {
    const bytes = Uint8Array.fromBase64(tag, { alphabet: 'base64url', lastChunkHandling: 'loose' });
    // A token has one spelling only.
    if (bytes.toBase64(base64url) !== tag || !(await crypto.subtle.verify('HMAC', known.key, bytes, signed(paymentId, contents)))) return null;
    const wire = JSON.parse(decoder.decode(Uint8Array.fromBase64(contents, { alphabet: 'base64url' })));
    const [accountId, shard, test, shopName, title, minor, currency, quantity, gateway, needsEmail, returnOrigin, expiresAt] = wire;
    return { accountId, shard, test, shopName, title, minor, currency, quantity, gateway, needsEmail, returnOrigin, expiresAt };
  } catch {
    return null;
  }
}
