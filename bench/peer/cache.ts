// KV under a memo of this isolate, which keeps what was read as it is used: parsed.
const EDGE_SECONDS = 30;
const MEMO_MS = 25_000;
const MOST = 5_000;

interface Entry {
  until: number;
  value: unknown;
}

const memo = new Map<string, Entry>();

export async function cached<T>(kv: KVNamespace, key: string): Promise<T | null> {
  const known = memo.get(key);
  if (known && known.until > Date.now()) return known.value as T | null;
  const value = await kv.get<T>(key, { type: 'json', cacheTtl: EDGE_SECONDS });
  remember(key, value);
  return value;
}

export async function cache(kv: KVNamespace, key: string, value: unknown): Promise<void> {
  remember(key, value);
  await kv.put(key, JSON.stringify(value));
}

function remember(key: string, value: unknown) {
  if (memo.size >= MOST) memo.clear();
  memo.set(key, { until: Date.now() + MEMO_MS, value });
}
