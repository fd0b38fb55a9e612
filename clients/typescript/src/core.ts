// Requests, their retries and their errors. `fetch` and Web Crypto are all that is asked of a runtime.

export interface Options {
  /** The account's e-mail. */
  email: string;
  /** Its API key. */
  apiKey: string;
  /** The deployment, such as `https://shop.example`. */
  baseUrl: string;
  /** How often a request is sent again that got no answer, or one that may pass: 429, 502, 503, 504. Default: 2. */
  retries?: number;
  /** Milliseconds for one try. Default: 30,000. */
  timeout?: number;
  /** In place of the runtime's own. */
  fetch?: typeof fetch;
}

/** What any call may be given beside its own fields. */
export interface CallOptions {
  /** Any text of yours, for calls that do something once. Left out, each call has one of its own, which its retries share. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** What every answer that isn't a success is. */
export class PushGuardError extends Error {
  override name = 'PushGuardError';
  /** The status, or 0 when no answer came. */
  readonly status: number;
  /** The sentences of a validation that failed. */
  readonly errors: string[];
  /** The answer's body, where it was JSON. */
  readonly body: Record<string, unknown>;
  /** Send it along when you ask the operator. */
  readonly requestId: string | null;
  /** Seconds after which it may work. */
  readonly retryAfter: number | null;

  constructor(message: string, status: number, body: Record<string, unknown> = {}, headers: Headers = new Headers(), cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.body = body;
    this.errors = Array.isArray(body.errors) ? body.errors.map(String) : [];
    this.requestId = headers.get('x-request-id');
    const seconds = Number(headers.get('retry-after') ?? NaN);
    this.retryAfter = Number.isFinite(seconds) ? seconds : null;
  }
}

export interface PageInfo {
  page: number;
  perPage: number;
  totalPages: number;
  totalCount: number;
}

/** A page of a list: an array, with where it stands. */
export type Page<T> = T[] & PageInfo;

/** What is uploaded. */
export type Upload = Blob | ArrayBuffer | ArrayBufferView | string | ReadableStream<Uint8Array>;

export interface UploadOptions extends CallOptions {
  /** What buyers see the file called. */
  filename?: string;
  /** A media type, such as `image/png`. Default: the blob's own, or `application/octet-stream`. */
  contentType?: string;
}

export interface Call {
  method: string;
  path: string;
  query?: object | undefined;
  json?: unknown;
  raw?: Upload | undefined;
  contentType?: string | undefined;
  answer: 'json' | 'list' | 'text' | 'bytes' | null;
  /** Whether the call takes an `Idempotency-Key`. */
  keyed?: boolean;
  options?: CallOptions | undefined;
}

const mayPass = new Set([429, 502, 503, 504]);
/** Seconds: no wait before another try is longer, whatever `Retry-After` says. Beyond it the caller decides. */
const longestWait = 20;

export class Core {
  readonly #origin: string;
  readonly #authorization: string;
  readonly #fetch: typeof fetch;
  readonly #retries: number;
  readonly #timeout: number;

  constructor({ email, apiKey, baseUrl, retries = 2, timeout = 30_000, fetch: given }: Options) {
    for (const [name, value] of Object.entries({ email, apiKey, baseUrl })) if (!value) throw new TypeError(`${name} is missing`);
    const url = new URL(baseUrl);
    this.#origin = url.origin + url.pathname.replace(/\/(api\/v2\/?)?$/, '');
    this.#authorization = `Basic ${base64(`${email}:${apiKey}`)}`;
    // A runtime's own must be called without a `this`.
    this.#fetch = given ?? ((...args) => fetch(...args));
    this.#retries = retries;
    this.#timeout = timeout;
  }

  async call(call: Call): Promise<unknown> {
    const headers = new Headers({ authorization: this.#authorization, accept: 'application/json, */*;q=0.5' });
    let body: BodyInit | null = null;
    if (call.raw !== undefined) {
      body = call.raw as BodyInit;
      const own = typeof Blob !== 'undefined' && call.raw instanceof Blob ? call.raw.type : '';
      headers.set('content-type', call.contentType ?? (own || 'application/octet-stream'));
    } else if (call.json !== undefined) {
      body = JSON.stringify(call.json);
      headers.set('content-type', 'application/json');
    }
    if (call.keyed) headers.set('idempotency-key', call.options?.idempotencyKey ?? crypto.randomUUID());
    // A stream is gone once it was sent, and a POST without a key might be done twice.
    const isStream = typeof ReadableStream !== 'undefined' && body instanceof ReadableStream;
    const tries = isStream || (call.method === 'POST' && !call.keyed) ? 1 : 1 + this.#retries;

    for (let tried = 1; ; tried += 1) {
      let response: Response;
      try {
        response = await this.#send(call, headers, body, isStream);
      } catch (error) {
        if (tried >= tries || call.options?.signal?.aborted) throw new PushGuardError(`No answer to ${call.method} ${call.path}`, 0, {}, undefined, error);
        await wait(pause(tried, null), call.options?.signal);
        continue;
      }
      if (response.ok) return read(response, call.answer);
      // Destroyed by an earlier try, whose answer was lost.
      if (call.method === 'DELETE' && response.status === 404 && tried > 1) return undefined;
      const error = await failure(response);
      if (tried >= tries || !mayPass.has(error.status) || (error.retryAfter ?? 0) > longestWait) throw error;
      await wait(pause(tried, error.retryAfter), call.options?.signal);
    }
  }

  #send({ method, path, query, options }: Call, headers: Headers, body: BodyInit | null, isStream: boolean): Promise<Response> {
    const url = new URL(`${this.#origin}/api/v2${path}`);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined && value !== null) url.searchParams.set(name, value instanceof Date ? value.toISOString() : String(value));
    }
    const timeout = AbortSignal.timeout(this.#timeout);
    const signal = options?.signal ? any(options.signal, timeout) : timeout;
    const init: RequestInit & { duplex?: string } = { method, headers, body, signal, redirect: 'manual' };
    if (isStream) init.duplex = 'half';
    return this.#fetch(url.href, init);
  }
}

/** All items of a list, page after page. */
export async function* each<T>(page: (number: number) => Promise<Page<T>>): AsyncGenerator<T, void, undefined> {
  for (let number = 1; ; number += 1) {
    const items = await page(number);
    yield* items;
    if (number >= items.totalPages || items.length === 0) return;
  }
}

async function read(response: Response, answer: Call['answer']): Promise<unknown> {
  switch (answer) {
    case null:
      return undefined;
    case 'text':
      return response.text();
    case 'bytes':
      return response;
    case 'json':
      return response.json();
    case 'list': {
      const items = (await response.json()) as unknown[];
      const number = (name: string) => Number(response.headers.get(name) ?? 0);
      const info: PageInfo = {
        page: number('x-current-page'),
        perPage: number('x-items-per-page'),
        totalPages: number('x-total-pages'),
        totalCount: number('x-total-count'),
      };
      return Object.assign(items, info);
    }
  }
}

async function failure(response: Response): Promise<PushGuardError> {
  const text = await response.text();
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed && typeof parsed === 'object') body = parsed as Record<string, unknown>;
  } catch {
    // Something between us and the deployment has answered.
  }
  const said = typeof body.message === 'string' ? body.message : `The answer was ${response.status || 'a redirect'}`;
  const errors = Array.isArray(body.errors) ? `: ${body.errors.join('. ')}` : '';
  return new PushGuardError(said + errors, response.status, body, response.headers);
}

/** Milliseconds: what the answer asks for, or half a second, one, two, …, each by a chance of its own. */
function pause(tried: number, retryAfter: number | null): number {
  if (retryAfter !== null) return retryAfter * 1_000;
  return 500 * 2 ** (tried - 1) * (0.5 + Math.random() / 2);
}

function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}

/** `AbortSignal.any`, which not every runtime has. */
function any(one: AbortSignal, other: AbortSignal): AbortSignal {
  const both = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) both.abort(signal.reason);
    signal.addEventListener('abort', () => both.abort(signal.reason), { once: true });
  }
  return both.signal;
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
