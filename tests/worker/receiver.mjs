// A seller's web server, on loopback: it keeps what it is sent, byte for byte, and answers as it is told to.
import { createServer } from 'node:http';
import { until } from './harness.mjs';

/**
 * `receiver.answer` may be set to a function of (request, count) → {status, headers, body}, or 'hang'. It begins as "200 ok".
 * → {origin, url, requests: [{at, method, path, headers, body: Buffer}], events(), got(n), close()}
 */
export async function startReceiver() {
  const requests = [];
  const receiver = {
    requests,
    answer: () => ({}),
    /** The names of the events that came, in the order in which they came. */
    events: () => requests.map(({ headers }) => headers['x-pushguard-event']),
    bodies: () => requests.map(({ body }) => JSON.parse(body)),
    /** Waits for so many requests → all of them. */
    async got(count, seconds = 15) {
      await until(`${count} requests (there are ${requests.length})`, () => requests.length >= count, { seconds });
      return requests;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url: path, headers, rawHeaders } = request;
    const kept = { at: Date.now(), method, path, headers, rawHeaders, body: Buffer.concat(chunks) };
    requests.push(kept);
    const said = receiver.answer(kept, requests.length);
    if (said === 'hang') return;
    const { status = 200, headers: sent = {}, body = 'ok' } = said;
    response.writeHead(status, { 'content-type': 'text/plain', ...sent });
    response.end(body);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  receiver.origin = `http://127.0.0.1:${server.address().port}`;
  receiver.url = `${receiver.origin}/hook`;
  return receiver;
}
