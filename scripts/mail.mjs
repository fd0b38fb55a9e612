// The mail service of `npm start`: it speaks Resend's API on loopback, sends nothing, writes each mail into a folder and lists them
// in the browser. The Worker's /dev/mail leads here.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

/** Bytes of a request: the Worker's own mails are far smaller. */
const maxBody = 4 << 20;
/** Mails that the list shows, the newest. */
const maxListed = 200;

/**
 * @param {string} folder where mails are written: 0001.json, 0001.txt and 0001.html
 * @returns {Promise<{url: string, settings: object, close(): void}>} `settings` have the Worker send here
 */
export async function mailService(folder) {
  await mkdir(folder, { recursive: true });
  const key = randomBytes(16).toString('hex');
  const kept = new Map(); // Idempotency-Key → number
  let last = Math.max(0, ...(await numbers(folder)));
  const take = async (request) => {
    if (request.headers.authorization !== `Bearer ${key}`) return [401, { message: 'This service takes the mails of its own shop only' }];
    const mail = JSON.parse(await bodyOf(request));
    const missing = ['from', 'to', 'subject', 'html', 'text'].filter((name) => typeof mail[name] !== 'string');
    if (missing.length) return [422, { message: `Missing: ${missing.join(', ')}` }];
    const idempotencyKey = request.headers['idempotency-key'];
    if (!kept.has(idempotencyKey)) {
      const name = String((last += 1)).padStart(4, '0');
      kept.set(idempotencyKey, name);
      const { html, text, ...head } = mail;
      const at = new Date().toISOString();
      await writeFile(path.join(folder, `${name}.txt`), text);
      await writeFile(path.join(folder, `${name}.html`), html);
      await writeFile(path.join(folder, `${name}.json`), `${JSON.stringify({ at, idempotency_key: idempotencyKey, ...head }, null, 2)}\n`);
    }
    return [200, { id: kept.get(idempotencyKey) }];
  };
  const server = createServer(async (request, response) => {
    const answer = (status, type, body) => response.writeHead(status, { ...headers, 'content-type': type }).end(body);
    try {
      const [, name, end] = request.url.match(/^\/(\d{4,})(?:\.(html|txt))?$/) ?? [];
      if (request.method === 'POST' && request.url === '/emails') {
        const [status, body] = await take(request);
        answer(status, 'application/json', JSON.stringify(body));
      } else if (request.method !== 'GET') answer(405, 'text/plain', 'Only mails are posted here, to /emails\n');
      else if (request.url === '/') answer(200, html, await list(folder));
      else if (name && end) answer(200, end === 'html' ? html : 'text/plain; charset=utf-8', await readFile(path.join(folder, `${name}.${end}`)));
      else if (name) answer(200, html, await one(folder, name));
      else answer(404, 'text/plain', 'There is no such mail\n');
    } catch (error) {
      if (error.code === 'ENOENT') answer(404, 'text/plain', 'There is no such mail\n');
      else answer(error instanceof SyntaxError ? 400 : 500, 'text/plain', `${error.message}\n`);
    }
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  server.unref(); // it ends with the shop, also with one that didn't start
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    settings: { EMAIL_FROM: 'shop@example.com', EMAIL_API_URL: `${url}/emails`, EMAIL_API_KEY: key },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const html = 'text/html; charset=utf-8';
// What a seller or a buyer has written is looked at here: nothing of it may run or ask anybody.
const headers = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

async function numbers(folder) {
  return (await readdir(folder)).map((file) => Number(file.match(/^(\d{4,})\.json$/)?.[1])).filter(Boolean);
}

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    if ((size += chunk.length) > maxBody) throw new Error('The mail is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function list(folder) {
  const newest = (await numbers(folder)).sort((a, b) => b - a).slice(0, maxListed);
  const rows = await Promise.all(
    newest.map(async (number) => {
      const name = String(number).padStart(4, '0');
      const { at, to, subject } = JSON.parse(await readFile(path.join(folder, `${name}.json`), 'utf8'));
      return `<tr><td><a href="/${name}">${escaped(subject) || '(no subject)'}</a></td><td>${escaped(to)}</td><td><time>${escaped(at)}</time></td></tr>`;
    }),
  );
  const table = `<table><thead><tr><th>Subject</th><th>To</th><th>Time</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return page('Mails of this shop', `<p>No mail leaves this machine. Files: <code>${escaped(folder)}</code></p>${rows.length ? table : '<p>There is none yet.</p>'}`);
}

async function one(folder, name) {
  const head = JSON.parse(await readFile(path.join(folder, `${name}.json`), 'utf8'));
  const text = await readFile(path.join(folder, `${name}.txt`), 'utf8');
  const rows = Object.entries(head).map(([field, value]) => `<dt>${escaped(field)}</dt><dd>${escaped(String(value))}</dd>`);
  return page(
    head.subject,
    `<p><a href="/">All mails</a></p><dl>${rows.join('')}</dl><h2>HTML</h2><iframe title="The HTML part" sandbox src="/${name}.html"></iframe><h2>Text</h2><pre>${escaped(text)}</pre>`,
  );
}

function page(title, main) {
  const style = ':root{color-scheme:light dark}body{font:16px/1.5 system-ui;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;width:100%}'
    + 'th,td{text-align:left;padding:.3em .6em .3em 0;border-bottom:1px solid #8884}iframe{width:100%;height:32em;border:1px solid #8888}pre{white-space:pre-wrap;overflow-wrap:anywhere}';
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${style}</style></head>`
    + `<body><h1>${escaped(title)}</h1>${main}</body></html>`;
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
