// `npm run hooks`: a place for webhooks to arrive while trying the shop out. It checks both signatures, with code that isn't
// the shop's own, and prints one line for each.
//   npm run hooks -- --port 9797 --secret whsec_…      (the secret of the demo account unless told otherwise)
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { stateDir } from './settings.mjs';
import { setup } from './setup.mjs';
import { asCommand, Halt } from './shell.mjs';

await asCommand(import.meta, async (args) => {
  const { values } = parseArgs({ args, options: { port: { type: 'string', default: '9797' }, secret: { type: 'string' } } });
  await setup();
  const { Webhook } = await import('standardwebhooks');
  const secret = values.secret ?? (await secretOfDemoAccount());
  const standard = new Webhook(secret);

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (request.method === 'POST') console.log(line(request.headers, body, secret, standard));
    response.writeHead(request.method === 'POST' ? 204 : 405, request.method === 'POST' ? {} : { allow: 'POST' }).end();
  });
  server.on('error', (error) => {
    console.error(error.code === 'EADDRINUSE' ? `✗ Port ${values.port} is taken: --port chooses another.` : error.message);
    process.exit(1);
  });
  server.listen(Number(values.port), '127.0.0.1', () => {
    console.log(`webhooks arrive at http://127.0.0.1:${values.port} — make an endpoint with that url, or give it as webhook_url`);
  });
});

async function secretOfDemoAccount() {
  const file = path.join(stateDir(), 'demo.json');
  const account = await readFile(file, 'utf8').catch(() => {
    throw new Halt(`No --secret given, and no demo account in ${file}: \`npm start\` makes one.`);
  });
  return JSON.parse(account).webhook_secret;
}

// X-PushGuard-Signature, or with the operator's BRAND instead; so the names are matched by their ends.
function line(headers, body, secret, standard) {
  const branded = (what) => headers[Object.keys(headers).find((name) => what.test(name))];
  const event = branded(/^x-.+-event$/) ?? '?';
  const verdicts = [
    ['hmac', hmacMatches(branded(/^x-(?!.*-unescaped-).+-signature$/), body, secret)],
    ['standard', standardMatches(headers, body, standard)],
  ];
  const marks = verdicts.map(([name, good]) => `${good ? '✓' : '✗'} ${name}`).join(' ');
  const verified = verdicts.every(([, good]) => good) ? 'verified' : 'NOT VERIFIED';
  return `${new Date().toISOString()} ${event} ${about(body)} ${verified} ${marks}`;
}

// Over the bytes as they came: parsing and writing JSON again may change them.
function hmacMatches(header, body, secret) {
  const expected = Buffer.from(createHmac('sha512', secret).update(body).digest('hex'));
  const given = Buffer.from(header ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function standardMatches(headers, body, standard) {
  try {
    standard.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

function about(body) {
  try {
    const { id, status } = JSON.parse(body).order ?? JSON.parse(body);
    return `${id ?? '(no id)'} status ${status ?? '?'}`;
  } catch {
    return '(no JSON)';
  }
}
