// The code of the page "Verifying webhooks", taken out of the page as it is served, and run on a real delivery: its bytes and
// its headers. In the languages that are on this machine; the others are counted as skipped.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { addEndpoint, openOrder } from './checkout.mjs';
import { startShop, testUnless } from './harness.mjs';
import { startReceiver } from './receiver.mjs';

/** What runs the code: `driver` asks it about the file, the signature and the secret of its command line, and prints `true` or `false`. */
const languages = {
  ruby: {
    command: 'ruby',
    version: '--version',
    code: 'verify.rb',
    file: 'driver.rb',
    driver: 'require_relative "verify"\nprint ours?(File.binread(ARGV[0]), ARGV[1], ARGV[2])\n',
  },
  php: {
    command: 'php',
    version: '--version',
    code: 'verify.php',
    file: 'driver.php',
    driver: "<?php\nrequire __DIR__ . '/verify.php';\necho is_ours(file_get_contents($argv[1]), $argv[2], $argv[3]) ? 'true' : 'false';\n",
  },
  node: {
    command: process.execPath,
    version: '--version',
    code: 'verify.mjs',
    file: 'driver.mjs',
    driver: "import { readFileSync } from 'node:fs';\nimport { isOurs } from './verify.mjs';\nprocess.stdout.write(String(isOurs(readFileSync(process.argv[2]), process.argv[3], process.argv[4])));\n",
  },
  python: {
    command: 'python3',
    version: '--version',
    code: 'verify.py',
    file: 'driver.py',
    driver: 'import sys\nfrom verify import is_ours\nprint(str(is_ours(open(sys.argv[1], "rb").read(), sys.argv[2], sys.argv[3])).lower(), end="")\n',
  },
  go: {
    command: 'go',
    version: 'version',
    arguments: ['run', 'verify.go'],
    code: 'verify.go',
    file: 'main.go',
    driver: 'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc main() {\n\tbody, _ := os.ReadFile(os.Args[1])\n\tfmt.Print(IsOurs(body, os.Args[2], os.Args[3]))\n}\n',
  },
};

let shop, receiver, folder, html, secret, delivery;
before(async () => {
  [shop, receiver, folder] = await Promise.all([startShop({ assets: true, outbound: 'network' }), startReceiver(), mkdtemp(path.join(tmpdir(), 'pushguard-verify-'))]);
  html = await (await shop.fetch('/docs/webhooks')).text();
  const seller = await shop.admin.createAccount();
  secret = seller.webhook_secret;
  await addEndpoint(seller, receiver.url, ['order:created']);
  // What parsers and writers of JSON disagree on is in it.
  await openOrder(shop, seller, { title: 'Tom & "Jerry" <3 a/b ü😀 1.10' });
  [delivery] = await receiver.got(1);
});
after(async () => {
  await Promise.all([shop, receiver].map((server) => server?.close()));
  await rm(folder, { recursive: true, force: true });
});

const unescaped = (text) => text.replace(/&(amp|lt|gt|quot);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name]);

test('the page has code for each language, loads nothing, and is linked from the reference', async () => {
  const found = [...html.matchAll(/<pre [^>]*data-language="(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual(found, Object.keys(languages));
  assert.deepEqual(html.match(/\b(?:src|srcset|action)=|<link(?! rel="icon" href="data:,")|@import|url\(|<script/g), null);
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  assert.deepEqual([...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id).filter((id) => !ids.has(id)), []);
  assert.ok((await (await shop.fetch('/docs')).text()).includes('href="/docs/webhooks"'));
});

for (const [name, language] of Object.entries(languages)) {
  const there = spawnSync(language.command, [language.version]).status === 0;
  testUnless(there ? null : `no ${language.command} on this machine`)(`the page's ${name} takes a real delivery, and nothing that differs from it`, async () => {
    const own = path.join(folder, name);
    const code = unescaped(html.match(new RegExp(`data-language="${name}"><code>([\\s\\S]*?)</code>`))[1]);
    const { mkdir } = await import('node:fs/promises');
    await mkdir(own);
    await writeFile(path.join(own, language.code), code);
    await writeFile(path.join(own, language.file), language.driver);
    const says = async (body, signature, key = secret) => {
      await writeFile(path.join(own, 'body'), body);
      const ran = spawnSync(language.command, [...(language.arguments ?? []), language.file, 'body', signature, key], { cwd: own, encoding: 'utf8' });
      assert.equal(ran.status, 0, ran.stderr);
      return ran.stdout;
    };
    const { body } = delivery;
    const signature = delivery.headers['x-pushguard-signature'];
    assert.match(signature, /^[0-9a-f]{128}$/);
    assert.equal(await says(body, signature), 'true');
    const mutated = Buffer.from(body);
    mutated[mutated.length - 2] ^= 1;
    assert.equal(await says(mutated, signature), 'false', 'one bit of the body');
    assert.equal(await says(JSON.stringify(JSON.parse(body)), signature), 'false', 'the same JSON, written again');
    assert.equal(await says(Buffer.concat([body, Buffer.from('\n')]), signature), 'false', 'one byte more');
    assert.equal(await says('', signature), 'false');
    for (const other of ['', 'x', signature.slice(2), `${signature}00`, `0${signature.slice(1)}`.replace(/^0(?=0)/, '1'), delivery.headers['x-pushguard-unescaped-signature'], 'é'.repeat(128)]) {
      assert.equal(await says(body, other), other === signature ? 'true' : 'false', other);
    }
    assert.equal(await says(body, signature, `${secret}x`), 'false', 'another secret');
  });
}
