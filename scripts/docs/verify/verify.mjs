import { createHmac, timingSafeEqual } from 'node:crypto';

// body: a Buffer of the bytes as they came. signature: the header. secret: whsec_…, all of it.
export function isOurs(body, signature, secret) {
  const made = createHmac('sha512', secret).update(body).digest();
  const sent = Buffer.from(String(signature ?? ''), 'hex');
  return sent.length === made.length && timingSafeEqual(sent, made);
}
