// The border between JavaScript and the module, crossed seldom. A crossing costs little; the texts that cross cost each a call
// of the platform's decoder. So what belongs together crosses together, as one text.

/** A request's line and those of its headers that `names` lists, as HTTP writes them; none of the parts can hold a line's end. */
export function head(request, names) {
  const { headers } = request;
  let text = `${request.method} ${request.url}`;
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) text += `\n${name}: ${value}`;
  }
  return text;
}

/** ISO 3166-1 alpha-2, or undefined. Apart from the head, because the platform reads the whole of `cf` for it. */
export function country(request) {
  return request.cf?.country;
}

/** `headers`: names and values by turns, a line each. `body`: bytes of the module's own memory, which are copied. */
export function answer(status, headers, body) {
  const lines = headers.split('\n');
  const fields = {};
  for (let n = 0; n + 1 < lines.length; n += 2) fields[lines[n]] = lines[n + 1];
  return new Response(body?.slice(), { status, headers: fields });
}

/** Whether the rate limit lets one more through. */
export async function allows(limit, key) {
  return (await limit.limit({ key })).success;
}

/**
 * `statements`: JSON, `[[sql, value, …], …]`, sent in one round trip and as one transaction →
 * JSON, `[[rows read, rows written, [[value, …], …]], …]`. Rows are objects whose properties stand in the order of the columns.
 */
export async function ask(database, statements) {
  const prepared = JSON.parse(statements).map(([sql, ...values]) => database.prepare(sql).bind(...values));
  // One alone goes with less around it, and is as much a transaction.
  const answers = prepared.length === 1 ? [await prepared[0].all()] : await database.batch(prepared);
  return JSON.stringify(answers.map(({ meta, results }) => [meta.rows_read, meta.rows_written, results.map(Object.values)]));
}

/** An order's object begins. Pings are answered without waking it. */
export function attend(state) {
  state.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
}

/** An order's object is asked: to tell its pages that the order changed, or to take one more page, up to `most`. */
export function live(state, request, most) {
  const open = state.getWebSockets();
  if (new URL(request.url).pathname === '/changed') {
    for (const socket of open) {
      try {
        socket.send('changed');
      } catch {
        // A socket that is closing is no loss.
      }
    }
    return new Response(null);
  }
  if (open.length >= most) return new Response('Too many pages are open', { status: 429 });
  const [page, ours] = Object.values(new WebSocketPair());
  state.acceptWebSocket(ours);
  return new Response(null, { status: 101, webSocket: page });
}

/** A page has closed its socket, which wants an answer. */
export function leave(socket) {
  try {
    socket.close(1000, 'bye');
  } catch {
    // It is closed already.
  }
}

// Which instance of the module runs, and whether something broke it: worker-build's shim then begins a new one.
const running = { criticalError: false, instanceId: 0 };
export const instance = () => running;

// A panic is a trap. One in a request's first stretch is thrown to the shim, which logs it; one in a later stretch comes out here.
globalThis.addEventListener?.('unhandledrejection', ({ reason }) => {
  if (!(reason instanceof WebAssembly.RuntimeError)) return;
  console.error('Critical', reason);
  running.criticalError = true;
});
