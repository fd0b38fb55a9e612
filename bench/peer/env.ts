// Bindings and what a request carries. The platform's own types are those of @cloudflare/workers-types.
import type { Context } from 'hono';

export interface Bindings {
  DB: D1Database;
  KV: KVNamespace;
  /** Where it is absent, nobody is limited. */
  LIMIT?: RateLimit;
  TOKEN_KEYS: string;
  PUBLIC_URL?: string;
  ALLOW_INSECURE_URLS?: string;
}

export interface Account {
  id: number;
  email: string;
  shard: string;
  test: boolean;
  keyHash: string;
  shopName: string;
}

export interface App {
  Bindings: Bindings;
  Variables: { requestId: string; account: Account };
}

export type C = Context<App>;
