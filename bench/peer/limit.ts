// The rate limit: the platform's binding decides; what is left is this isolate's own count.
import type { MiddlewareHandler } from 'hono';
import type { App } from './env';
import { Failure } from './failure';

const LIMIT = 300;
const PERIOD = 60;

let window = 0;
const counts = new Map<number, number>();

export const rateLimit: MiddlewareHandler<App> = async (c, next) => {
  const { LIMIT: binding } = c.env;
  if (!binding) return next();
  const { id } = c.var.account;
  const now = Math.floor(Date.now() / 1000);
  const current = now - (now % PERIOD);
  if (window !== current) {
    window = current;
    counts.clear();
  }
  const count = (counts.get(id) ?? 0) + 1;
  counts.set(id, count);
  const { success } = await binding.limit({ key: String(id) });
  const reset = window + PERIOD;
  const headers = {
    'x-ratelimit-limit': String(LIMIT),
    'x-ratelimit-remaining': String(success ? Math.max(LIMIT - count, 0) : 0),
    'x-ratelimit-reset': String(reset),
  };
  if (!success) throw new Failure(429, 'You have reached the request limit', [], { ...headers, 'retry-after': String(reset - now) });
  await next();
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
};
