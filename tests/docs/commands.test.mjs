// Every command of README and docs/ is one that works. Those of README, quickstart and the operator's guides run here as they are
// printed, against the shop of `npm start`; only ports and the folder are the test's own. The others must at least exist.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../../scripts/serve.mjs';
import { root } from '../../scripts/shell.mjs';
import { until } from '../worker/harness.mjs';
import { blocks, files, read } from './markdown.mjs';

const token = 'dev-admin-token';
let folder, port, hooksPort;
const children = [];

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushguard-docs-'));
  [port, hooksPort] = await Promise.all([freePort(), freePort()]);
  const shop = program('scripts/start.mjs');
  await until('npm start to be ready', () => /^ready /m.test(shop.said), { seconds: 300, every: 100 });
  await writeFile(path.join(folder, 'tor-exits.txt'), '192.0.2.1\n# a comment\n198.51.100.0/24\n');
});
after(async () => {
  await Promise.all(children.map(({ child }) => ended(child)));
  await rm(folder, { recursive: true, force: true });
});

/** A command of the project, as npm would start it → {child, said}. */
function program(script, ...args) {
  const env = { ...process.env, PORT: String(port), STATE_DIR: path.join(folder, '.state') };
  const child = spawn(process.execPath, [path.join(root, script), ...args], { cwd: root, env });
  const running = { child, said: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (running.said += chunk));
  children.push(running);
  return running;
}

function ended(child) {
  if (child.exitCode !== null) return undefined;
  return new Promise((resolve) => child.once('close', resolve).kill('SIGTERM'));
}

const here = (code) => code.replaceAll('127.0.0.1:8787', `127.0.0.1:${port}`).replaceAll('127.0.0.1:9797', `127.0.0.1:${hooksPort}`);

/** Runs it as somebody who pastes it line by line, and stops at what fails → {code, stdout, stderr}. */
function shell(code, env = {}) {
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', here(code)], { cwd: folder, env: { ...process.env, ...env } });
  const said = { stdout: '', stderr: '' };
  for (const name of Object.keys(said)) child[name].on('data', (chunk) => (said[name] += chunk));
  return new Promise((resolve) => child.on('close', (exit) => resolve({ code: exit, ...said })));
}

async function accounts() {
  const answer = await fetch(`http://127.0.0.1:${port}/admin/accounts`, { headers: { authorization: `Bearer ${token}` } });
  return answer.json();
}

const commandsOf = async (file) => blocks(await read(file)).filter(({ language }) => ['sh', 'bash'].includes(language));
/** A block that asks nothing but for programs of the project, of npm or of wrangler: it isn't run here, but it is looked at. */
const isOwn = (code) => lines(code).every((line) => /^([A-Z_]+=\S+ )*(npm|npx|node) /.test(line));
const lines = (code) => code.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim()).filter(Boolean);

describe('the README and the guides', { concurrency: 1 }, () => {
  test('the five lines of the README make a payment', async () => {
    const [five] = (await commandsOf('README.md')).filter(({ code }) => !isOwn(code));
    assert.equal(lines(five.code).length, 5);
    const { code, stdout, stderr } = await shell(five.code);
    assert.deepEqual([code, stdout.trim(), stderr], [0, '"status":100', '']);
  });

  test('they fail loudly without a shop, with a wrong key, and when the order is refused', async () => {
    const [five] = (await commandsOf('README.md')).filter(({ code }) => !isOwn(code));
    const none = await shell(five.code.replaceAll('8787', String(await freePort())));
    assert.match(none.stderr, /Failed to connect|refused/i);
    assert.notEqual(none.code, 0);
    const wrong = await shell(five.code.replace(/^KEY=.*$/m, 'KEY=wrong'));
    assert.match(wrong.stderr, /401[^]*Unable to authenticate/);
    assert.notEqual(wrong.code, 0);
    const empty = await shell(five.code.replace(/^KEY=.*$/m, 'KEY='));
    assert.match(empty.stderr, /KEY: is empty/);
    assert.notEqual(empty.code, 0);
    const refused = await shell(five.code.replace('"10.00"', '"-1"'));
    assert.match(refused.stderr, /Value/);
    assert.notEqual(refused.code, 0);
  });

  test('quickstart runs from its first line to its last, and its webhooks arrive', async () => {
    const hooks = program('scripts/hooks.mjs', '--port', String(hooksPort));
    await until('the receiver', () => hooks.said.includes('webhooks arrive'), { seconds: 30 });
    const code = (await commandsOf('docs/quickstart.md')).filter((block) => !isOwn(block.code)).map((block) => block.code).join('\n');
    const { code: exit, stdout, stderr } = await shell(code);
    assert.deepEqual([exit, stderr], [0, '']);
    const order = JSON.parse(stdout.trim().split('\n').at(-1));
    assert.equal(order.status, 100);
    await until('its webhooks', () => /order:created[^]*order:paid/.test(hooks.said), { seconds: 30 });
    assert.match(hooks.said, new RegExp(`order:paid ${order.id} status 100 verified`));
    assert.doesNotMatch(hooks.said, /NOT VERIFIED/);
  });

  for (const file of ['docs/deploy.md', 'docs/operate.md', 'docs/gateways.md']) {
    test(`the calls of ${file} are answered`, async () => {
      const env = { ADMIN_TOKEN: token, SHOP_URL: `http://127.0.0.1:${port}`, WALLET: '0x52908400098527886E0F7030069857D2E4169EE7' };
      for (const { code, line } of (await commandsOf(file)).filter((block) => !isOwn(block.code))) {
        // Nobody has that wallet: the guide says that the answer is then a 404.
        env.ACCOUNT = (await accounts()).find(({ email }) => email === 'you@example.com')?.id ?? '';
        const { code: exit, stdout, stderr } = await shell(code, env);
        if (code.includes('/wallets/release')) assert.match(stdout + stderr, /404|could not be found/);
        else assert.equal(exit, 0, `${file}:${line} ${stdout} ${stderr}`);
      }
    });
  }

  test('every npm command and every file that is named to be run exists', async () => {
    const { scripts } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    let seen = 0;
    for (const file of files) {
      const text = await read(file);
      for (const [, name] of text.matchAll(/\bnpm run ([a-z][a-z:-]*)/g)) {
        assert.ok(scripts[name], `${file}: npm run ${name}`);
        seen += 1;
      }
      for (const [, script] of text.matchAll(/\bnode ((?:scripts|tests|bench)\/\S+\.mjs)/g)) await access(path.join(root, script));
    }
    for (const name of ['start', 'test']) assert.ok(scripts[name]);
    assert.ok(seen > 10);
  });
});
