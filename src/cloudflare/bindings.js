// The hot paths between JavaScript and the module, each in one call: what belongs together crosses as one text, because each
// text that crosses costs a call of the platform's decoder. Everything else goes through the `worker` crate.

/**
 * A request's line and those of its headers that somebody reads, as HTTP writes them; none of the parts can hold a line's end. The
 * lists are names of headers: of any path, of a GET of the API, of a page, of a gateway's notification, of a GET of a file, and of a
 * dialect other than v2.
 */
export function head(request, all, apiGet, page, gateway, file, dialect) {
  const { headers, method, url } = request;
  const path = url.indexOf('/', 'https://'.length);
  let names = all;
  if (method === 'GET' && url.includes('/file', path)) names = file;
  else if (['/pay/', '/order/', '/query/', '/healthz'].some((page) => url.startsWith(page, path))) names = page;
  else if (url.includes('/gateways/')) names = gateway;
  else if (url.startsWith('/api/', path) && !url.startsWith('/api/v2/', path)) names = dialect;
  else if (method === 'GET' && url.startsWith('/api/', path)) names = apiGet;
  let text = `${method} ${url}`;
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) text += `\n${name}: ${value}`;
  }
  return text;
}

/**
 * Where a request comes from: country, number of the network, its name, a line each, empty where it is unknown. Apart from the head,
 * because the platform reads the whole of `cf` for it.
 */
export function connection(request) {
  const { country, asn, asOrganization } = request.cf ?? {};
  return [country, asn, asOrganization].map((part) => String(part ?? '').replaceAll('\n', ' ')).join('\n');
}

/** `headers`: names and values by turns, a line each. `body`: bytes of the module's own memory, which are copied. */
export function answer(status, headers, body) {
  return new Response(body?.slice(), { status, headers: fields(headers) });
}

/** The same with a stream of the platform's, which goes out without coming by the module. */
export function pass(status, headers, stream) {
  return new Response(stream, { status, headers: fields(headers) });
}

function fields(headers) {
  const lines = headers.split('\n');
  const fields = {};
  for (let n = 0; n + 1 < lines.length; n += 2) fields[lines[n]] = lines[n + 1];
  return fields;
}

/**
 * `statements`: JSON, `[[sql, value, …], …]`, sent in one round trip and as one transaction →
 * JSON, `[[rows read, rows written, [[value, …], …], [packed, …]], …]`. Rows are objects whose properties stand in the order of the
 * columns; those that are one JSON text, by the name `packed`, are put in as they are: no JSON within JSON.
 */
export async function batch(database, statements) {
  const prepared = JSON.parse(statements).map(([sql, ...values]) => database.prepare(sql).bind(...values));
  // One alone goes with less around it, and is as much a transaction.
  const answers = prepared.length === 1 ? [await prepared[0].all()] : await database.batch(prepared);
  const texts = answers.map(({ meta, results }) => {
    const isPacked = typeof results[0]?.packed === 'string';
    const rows = isPacked ? `[],[${results.map(({ packed }) => packed)}]` : `${JSON.stringify(results.map(Object.values))},[]`;
    return `[${meta.rows_read},${meta.rows_written},${rows}]`;
  });
  return `[${texts}]`;
}

/**
 * A request to the outside: one try of at most `timeout` ms, following nothing → its status, 1 if its body is not all there, and its
 * headers, a line each, names and values by turns; and at most `limit` bytes of the body. Or how it failed, as a text.
 */
export async function send(url, method, headers, body, timeout, limit) {
  const lines = headers.split('\n');
  const fields = [];
  for (let n = 0; n + 1 < lines.length; n += 2) fields.push([lines[n], lines[n + 1]]);
  // The signal ends the reading of the body as well.
  const signal = AbortSignal.timeout(timeout);
  let response;
  try {
    // A chain seen ten seconds ago is not the chain.
    response = await fetch(url, { method, headers: fields, body: body?.slice(), redirect: 'manual', cache: 'no-store', signal });
  } catch (error) {
    return signal.aborted ? 'timeout' : `failed: ${error?.message ?? error}`;
  }
  // Once there is a status there is an answer, even if its body never ends or breaks off.
  const [bytes, truncated] = await bounded(response.body, limit);
  let head = `${response.status} ${truncated ? 1 : 0}`;
  for (const [name, value] of response.headers) head += `\n${name}\n${value}`;
  return [head, bytes];
}

/** At most `limit` bytes of a stream, and whether there were more or it broke off. */
async function bounded(stream, limit) {
  const chunks = [];
  let length = 0;
  let truncated = false;
  if (stream) {
    const reader = stream.getReader();
    try {
      for (let step = await reader.read(); !step.done; step = await reader.read()) {
        truncated = length + step.value.length > limit;
        chunks.push(step.value.subarray(0, limit - length));
        length += chunks.at(-1).length;
        if (truncated) {
          // The sender may go on for ever; whether cancelling works is no matter.
          await reader.cancel().catch(() => {});
          break;
        }
      }
    } catch {
      truncated = true;
    }
  }
  if (chunks.length === 1) return [chunks[0], truncated];
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return [bytes, truncated];
}
