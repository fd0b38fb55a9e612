// The data of networks and e-mail domains: what makes it, what it is made of, and that the Worker has it.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { filesOf } from '../../scripts/data.mjs';
import { disposable } from '../../scripts/data/domains.mjs';
import { HOSTING, marksOf, renamed, TOR, VPN } from '../../scripts/data/networks.mjs';
import { overlay, rangesOf, v4, v6 } from '../../scripts/data/ranges.mjs';
import { maxShard } from '../../scripts/data/shards.mjs';
import { notices, sources } from '../../scripts/data/sources.mjs';
import { root } from '../../scripts/shell.mjs';
import { startShop } from './harness.mjs';

const real = path.join(root, 'public', 'data');

let shop;
before(async () => (shop = await startShop({ assets: true })));
after(() => shop?.close());

// --- What makes it --------------------------------------------------------------------------------------------------

const number4 = (ip) => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const number6 = (ip) => {
  const [head, tail = ''] = ip.split('::');
  const parts = (text) => text.split(':').filter(Boolean);
  const all = [...parts(head), ...Array(8 - parts(head).length - parts(tail).length).fill('0'), ...parts(tail)];
  return all.reduce((sum, part) => (sum << 16n) + BigInt(`0x${part}`), 0n);
};
const csv = (number, lines) => lines.map(([first, last, ...rest]) => [number(first), number(last), ...rest].join(',')).join('\n');

/** Of addresses, numbers and names that are kept for documents, but for three networks that have a mark by their name. */
const inputs = {
  networks4: csv(number4, [
    ['198.18.0.0', '198.18.0.255', 64498, 'PacketHub S.A.'],
    ['198.18.1.0', '198.18.1.255', 64499, 'Emerald Onion'],
    ['198.18.2.0', '198.18.2.255', 64500, 'Télé Network'],
    ['198.51.100.0', '198.51.100.127', 64497, 'Example Hosting'],
    ['198.51.100.128', '198.51.100.255', 64497, 'Example Hosting'],
    ['203.0.113.0', '203.0.113.255', 64496, '"Example ""Lines"", Ltd"'],
  ]),
  networks6: csv(number6, [
    ['2001:db8::', '2001:db8:0:ffff:ffff:ffff:ffff:ffff', 64496, '"Example ""Lines"", Ltd"'],
    ['2001:db8:1::', '2001:db8:1:ffff:ffff:ffff:ffff:ffff', 64497, 'Example Hosting'],
    ['2001:db8:2::', '2001:db8:2:ffff:ffff:ffff:ffff:ffff', 64498, 'PacketHub S.A.'],
  ]),
  countries4: csv(number4, [
    ['192.0.2.0', '192.0.2.255', 'DE'],
    ['198.18.0.0', '198.18.0.255', 'PA'],
    ['198.18.1.0', '198.18.1.255', 'US'],
    ['198.51.100.0', '198.51.100.255', 'NL'],
    ['203.0.113.0', '203.0.113.255', 'SE'],
  ]),
  countries6: csv(number6, [
    ['2001:db8::', '2001:db8:0:ffff:ffff:ffff:ffff:ffff', 'SE'],
    ['2001:db8:1::', '2001:db8:1:ffff:ffff:ffff:ffff:ffff', 'NL'],
    ['2001:db8:2::', '2001:db8:2:ffff:ffff:ffff:ffff:ffff', 'PA'],
  ]),
  domains: [
    ['tempmail.example', 'bücher-müll.example', '*.wild.example'],
    ['trash.co.uk', 'deep.below.wild2.example', 'gmail.com', 'co.uk', 'TempMail.example'],
  ],
};

// UPDATE=1 writes them.
test('the lists of the native tests are what the program makes', async () => {
  const folder = path.join(root, 'tests', 'it', 'network', 'data');
  const { files: all, counts } = filesOf(inputs, { look: () => {}, max: 100 });
  // 123 of 128 files of domains have none: tests/it/world/assets.rs has them.
  const files = new Map([...all].filter(([, bytes]) => bytes.length > 4));
  if (process.env.UPDATE) {
    await rm(folder, { recursive: true, force: true });
    for (const [name, bytes] of files) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), bytes);
    }
  }
  const there = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  assert.deepEqual(there.map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name))).sort(), [...files.keys()].sort());
  for (const [name, bytes] of files) assert.deepEqual(await readFile(path.join(folder, name)), bytes, name);
  assert.equal(counts.domains, 5);
  assert.ok(files.has('v4/1.bin') && files.has('v6/1.bin'), 'more than one file, so that finding the right one is tested');
});

test('ranges that meet or overlap are laid over each other, and what is between has nothing', () => {
  const text = '10,19,a\n30,39,b\n35,37,c\n50,40,d\n';
  const ranges = rangesOf(v4, text, (value) => value);
  assert.deepEqual(ranges, [[10, 19, 'a'], [30, 34, 'b'], [35, 37, 'c']]);
  assert.deepEqual(overlay(v4, ranges, [[15, 36, 'X']]), [
    [0, undefined, undefined],
    [10, 'a', undefined],
    [15, 'a', 'X'],
    [20, undefined, 'X'],
    [30, 'b', 'X'],
    [35, 'c', 'X'],
    [37, 'c', undefined],
    [38, undefined, undefined],
  ]);
  assert.deepEqual(overlay(v4, [[0, 2 ** 32 - 1, 'all']], []), [[0, 'all', undefined]]);
});

test('of IPv6 a range has the /64s that it covers whole', () => {
  const half = 1n << 64n;
  const read = (first, last) => rangesOf(v6, `${first},${last},x`, () => 'x');
  assert.deepEqual(read(half, 3n * half - 1n), [[1n, 2n, 'x']]);
  assert.deepEqual(read(half + 1n, 3n * half - 1n), [[2n, 2n, 'x']]);
  assert.deepEqual(read(half, 3n * half - 2n), [[1n, 1n, 'x']]);
  assert.deepEqual(read(half, half + 5n), []);
  assert.deepEqual(overlay(v6, [[0n, half - 1n, 'all']], []), [[0n, 'all', undefined]]);
});

test('a network is marked by what its name says, and one that sells lines is not', () => {
  for (const [name, marks] of [
    ['Hetzner Online GmbH', HOSTING],
    ['OVH SAS', HOSTING],
    ['Amazon.com, Inc.', HOSTING],
    ['Example Hosting Ltd', HOSTING],
    ['Example Data Centers, LLC', HOSTING],
    ['UK Dedicated Servers Limited', HOSTING],
    ['PacketHub S.A.', HOSTING | VPN],
    ['31173 Services AB', HOSTING | VPN],
    ['Stiftung Erneuerbare Freiheit', HOSTING | TOR],
    ['Deutsche Telekom AG', 0],
    ['Comcast Cable Communications, LLC', 0],
    ['COLOMBIA TELECOMUNICACIONES S.A. ESP', 0],
    ['University of Colorado Denver', 0],
    ['Ascenty Data Centers e Telecomunicacoes S/A', 0],
    ['Cloudflare, Inc.', 0],
    ['Ghosts of the Coast Internet Service', 0],
    ['', 0],
  ]) {
    assert.equal(marksOf(64496, name), marks, name);
  }
  assert.equal(marksOf(63949, 'Akamai Technologies, Inc.'), HOSTING);
  assert.equal(marksOf(209103, 'Proton AG'), HOSTING | VPN);
  assert.deepEqual(renamed((number) => (number === 63949 ? 'Somebody Else' : number === 8075 ? 'Microsoft Corporation' : 'Proton AG')), ['AS63949 was Akamai']);
  assert.throws(() => filesOf(inputs), /Networks have other names/);
});

test('a domain is listed once, as the DNS has it, and providers of lasting mailboxes are not', () => {
  assert.deepEqual(disposable(['B.example', '*.a.example', '.c.example'], ['b.example', 'bücher.example', 'gmail.com', 'co.uk', 'com', '', 'a b.example']), ['a.example', 'b.example', 'c.example', 'xn--bcher-kva.example']);
});

test('what is no network and no country is refused', () => {
  const nobody = { look: () => {} };
  assert.throws(() => filesOf({ ...inputs, networks4: '1,2,x,Name' }, nobody), /a network has the number NaN/);
  assert.throws(() => filesOf({ ...inputs, countries4: '1,2,Sweden' }, nobody), /a country has the code Sweden/);
});

// --- What it is made of ---------------------------------------------------------------------------------------------

test('the real data is within its limits', async () => {
  const entries = (await readdir(real, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = await Promise.all(entries.map(async (entry) => [entry, await readFile(path.join(entry.parentPath ?? entry.path, entry.name))]));
  const [sizes, packed] = [files.map(([, bytes]) => bytes.length), files.map(([, bytes]) => gzipSync(bytes).length)];
  const sum = (list) => list.reduce((total, one) => total + one, 0);
  console.log(`public/data/: ${files.length} files, ${(sum(sizes) / 1e6).toFixed(1)} MB (${(sum(packed) / 1e6).toFixed(1)} MB gzipped), the largest ${Math.max(...sizes)} bytes (${Math.max(...packed)} gzipped)`);
  assert.ok(files.length > 400 && files.length < 1000, `${files.length} files; Cloudflare's free plan takes 20,000`);
  assert.ok(Math.max(...sizes) <= maxShard && Math.max(...packed) <= 35_000);
  assert.ok(sum(sizes) > 10e6 && sum(sizes) < 25e6);
  const index = JSON.parse(await readFile(path.join(real, 'index.json'), 'utf8'));
  for (const starts of [index.v4, index.v6]) {
    assert.equal(starts[0], 0);
    assert.ok(starts.every((start, n) => n === 0 || starts[n - 1] < start));
  }
});

test('versions, dates and licences stand where people look for them', async () => {
  const told = sources.map(({ package: name, version, date, licence }) => ({ package: name, version, date, licence }));
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const page = await readFile(path.join(root, 'docs', 'data.md'), 'utf8');
  for (const { package: name, version, date, licence } of told) {
    assert.equal(manifest.devDependencies[name], version, `${name} is pinned`);
    assert.ok(page.includes(`| \`${name}\` | ${version} | ${date} | ${licence} |`), `docs/data.md has the line of ${name} ${version}`);
  }
  assert.equal(await (await shop.fetch('/data/sources.txt')).text(), await notices());
  const health = await (await shop.fetch('/healthz')).json();
  assert.deepEqual(health.data, told);
  assert.deepEqual(shop.logs.filter(({ message }) => message.includes('data_unread')), []);
  assert.match(await (await shop.fetch('/docs')).text(), /<a href="https:\/\/db-ip\.com">/);
});

test('what is not there is no trouble', async () => {
  const bare = await startShop();
  try {
    assert.equal((await (await bare.fetch('/healthz')).json()).data, null);
    await bare.fetch('/healthz');
    assert.equal(bare.logs.filter(({ message }) => message.includes('network.data_unread')).length, 1, 'said once a minute');
  } finally {
    await bare.close();
  }
});
