// A client that costs as little as it can: on two cores its own work would be measured with the server's. Requests are
// bytes made beforehand, one is under way on each connection, and of an answer only its status and its end are read.
import { connect } from 'node:net';

/** Answers before the clock starts, on each connection. */
const warmUp = 10;

/**
 * Sends `requests` in turn, over and over, until `seconds` have passed or `most` were sent.
 *
 * @param {object} options
 * @param {Buffer[]} options.requests
 * @param {number} options.status what every answer must have: a fast refusal must not pass for speed
 * @param {() => number | undefined} options.cpu CPU seconds that the server has used so far
 * @returns {Promise<{count: number, elapsed: number, latencies: Float64Array, cpuUsed?: number, clientCpu: number}>}
 *   seconds; latencies in milliseconds, sorted
 */
export async function load({ port, requests, status, connections, seconds, most, cpu }) {
  const lines = await Promise.all(Array.from({ length: connections }, () => open(port)));
  try {
    let next = 0;
    const ask = async (line) => {
      const answer = await line.ask(requests[next++ % requests.length]);
      if (answer !== status) throw new Error(`an answer had status ${answer}, not ${status}`);
    };
    await Promise.all(lines.map(async (line) => {
      for (let n = 0; n < warmUp; n++) await ask(line);
    }));

    const latencies = new Float64Array(most);
    let count = 0;
    const [cpuBefore, clientBefore, start] = [cpu(), process.cpuUsage(), performance.now()];
    const end = start + seconds * 1000;
    await Promise.all(lines.map(async (line) => {
      for (let now = performance.now(); now < end && count + connections <= most; ) {
        await ask(line);
        const after = performance.now();
        latencies[count++] = after - now;
        now = after;
      }
    }));
    const elapsed = (performance.now() - start) / 1000;
    const client = process.cpuUsage(clientBefore);
    return {
      count,
      elapsed,
      latencies: latencies.subarray(0, count).sort(),
      cpuUsed: cpuBefore === undefined ? undefined : cpu() - cpuBefore,
      clientCpu: (client.user + client.system) / 1e6,
    };
  } finally {
    for (const line of lines) line.close();
  }
}

/** One keep-alive connection; `ask` resolves with the status when the answer is whole. */
function open(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let answered, failed;
    let held = null;
    const fail = (error) => {
      reject(error);
      failed?.(error);
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the server closed a connection')));
    socket.on('data', (bytes) => {
      held = held ? Buffer.concat([held, bytes]) : bytes;
      const status = whole(held);
      if (!status) return;
      held = null;
      answered(status);
    });
    socket.on('connect', () => resolve({
      ask(request) {
        return new Promise((resolve, reject) => {
          [answered, failed] = [resolve, reject];
          socket.write(request);
        });
      },
      close() {
        socket.removeAllListeners('close');
        socket.destroy();
      },
    }));
  });
}

/** The status of an answer that has come whole, else 0 (RFC 9112, 6: by its length, or by its last chunk). */
function whole(bytes) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const head = bytes.latin1Slice(0, headEnd);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length) return bytes.length >= headEnd + 4 + Number(length[1]) ? status : 0;
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return bytes.latin1Slice(-5) === '0\r\n\r\n' ? status : 0;
  return status;
}

/** The bytes of a request. */
export function bytesOf(method, path, headers, body) {
  const content = body === undefined ? '' : JSON.stringify(body);
  const all = { host: '127.0.0.1', ...headers };
  if (body !== undefined) Object.assign(all, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) });
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${content}`);
}
