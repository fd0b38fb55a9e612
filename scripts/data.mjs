// `npm run data`: the static assets in public/data/ that tell the network and the country of an address, and whether an
// e-mail domain is disposable, made from the packages of scripts/data/sources.mjs. The build runs it; it is done at once
// when nothing changed.
//   --check   asks the registry which of the packages have a newer version, and makes nothing
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { disposable } from './data/domains.mjs';
import { marksOf, renamed } from './data/networks.mjs';
import { networkOf, overlay, rangesOf, v4, v6 } from './data/ranges.mjs';
import { domainFiles, markedNetworks, rangeShards } from './data/shards.mjs';
import { fileOf, notices, refuseOthers, sources } from './data/sources.mjs';
import { asCommand, Halt, root, run, say, since } from './shell.mjs';
import { setup } from './setup.mjs';

const folder = path.join(root, 'public', 'data');

/** Makes the files anew where they aren't those of these packages and of this program. */
export async function data() {
  const stamp = await hashOfSources();
  if ((await stampOf(folder)) === stamp) return;
  const start = performance.now();
  await refuseOthers();
  const { files, counts } = filesOf(await inputs());
  files.set('sources.txt', Buffer.from(await notices()));
  // Last, so that it stands for all the others.
  files.set('stamp.json', Buffer.from(JSON.stringify({ stamp, files: files.size })));
  await write(files);
  const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
  say(`public/data/: ${counts.ranges} ranges, ${counts.domains} domains, ${counts.marked} marked networks in ${files.size} files, ${(bytes / 1e6).toFixed(1)} MB · made in ${since(start)}`);
}

async function inputs() {
  const [asn, country] = ['@ip-location-db/asn', '@ip-location-db/asn-country'];
  const [networks4, networks6, countries4, countries6, one, other] = await Promise.all([
    fileOf(asn, 'asn-ipv4-num.csv'),
    fileOf(asn, 'asn-ipv6-num.csv'),
    fileOf(country, 'asn-country-ipv4-num.csv'),
    fileOf(country, 'asn-country-ipv6-num.csv'),
    fileOf('disposable-email-domains-js', 'dist/dict/disposable_email_blocklist.json'),
    fileOf('disposable-domains', 'index.json'),
  ]);
  return { networks4, networks6, countries4, countries6, domains: [JSON.parse(one), JSON.parse(other)] };
}

/**
 * The files of public/data/, by their names in it.
 * @param inputs CSV of networks and countries for both families, and lists of domains
 * @param options.look is told of all names, and may refuse them; `max`: bytes of a file of ranges
 */
export function filesOf({ networks4, networks6, countries4, countries6, domains }, { look = refuseRenamed, max } = {}) {
  const files = new Map();
  const known = new Map();
  // One object for a number, so that ranges of one network are one.
  const network = (rest) => {
    const read = networkOf(rest);
    if (!(read.number > 0 && read.number < 2 ** 32)) throw new Halt(`a network has the number ${read.number}`);
    if (!known.has(read.number)) known.set(read.number, read);
    return known.get(read.number);
  };
  const country = (code) => {
    if (!/^[A-Z]{2}$/.test(code)) throw new Halt(`a country has the code ${code}`);
    return code;
  };
  const starts = {};
  let ranges = 0;
  for (const [name, family, networks, countries] of [['v4', v4, networks4, countries4], ['v6', v6, networks6, countries6]]) {
    const laid = overlay(family, rangesOf(family, networks, network), rangesOf(family, countries, country));
    ranges += laid.length;
    const shards = rangeShards(family, laid, marksOf, max);
    shards.forEach(({ bytes }, n) => files.set(`${name}/${n}.bin`, bytes));
    starts[name] = shards.map(({ start }) => start);
  }
  look((number) => known.get(number)?.name);
  const marked = markedNetworks([...known.values()], marksOf);
  files.set('marked.bin', marked);
  const listed = disposable(...domains);
  domainFiles(listed).forEach((bytes, n) => files.set(`domains/${n}.bin`, bytes));
  const told = sources.map(({ package: name, version, date, licence }) => ({ package: name, version, date, licence }));
  files.set('index.json', Buffer.from(`{"sources":${JSON.stringify(told)},"v4":[${starts.v4}],"v6":[${starts.v6}]}`));
  return { files, counts: { ranges, domains: listed.length, marked: (marked.length - 4) / 8 } };
}

function refuseRenamed(nameOf) {
  const others = renamed(nameOf);
  if (others.length) throw new Halt(`Networks have other names than in scripts/data/networks.mjs: ${others.join(', ')}.`);
}

// Made aside, so that nobody reads half of it.
async function write(files) {
  const aside = `${folder}.next-${process.pid}`;
  try {
    for (const [name, bytes] of files) {
      await mkdir(path.dirname(path.join(aside, name)), { recursive: true });
      await writeFile(path.join(aside, name), bytes);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(aside, folder);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** What the files are made of, if they are all there. */
async function stampOf(place) {
  const { stamp, files } = JSON.parse(await readFile(path.join(place, 'stamp.json'), 'utf8').catch(() => '{}'));
  const there = await readdir(place, { recursive: true, withFileTypes: true }).catch(() => []);
  return there.filter((entry) => entry.isFile()).length === files + 1 ? stamp : undefined;
}

// The packages' files are as their versions say: npm checks their hashes.
async function hashOfSources() {
  const hash = createHash('sha256');
  for (const file of ['data.mjs', 'data/domains.mjs', 'data/networks.mjs', 'data/ranges.mjs', 'data/shards.mjs', 'data/sources.mjs']) {
    hash.update(await readFile(path.join(root, 'scripts', ...file.split('/'))));
  }
  for (const { package: name } of sources) hash.update(await fileOf(name, 'package.json'));
  return hash.digest('hex');
}

/** The newest versions, as the registry tells them. */
async function check() {
  for (const { package: name, version, date } of sources) {
    const { stdout } = await run('npm', ['view', name, 'version', 'license', '--json']);
    const newest = JSON.parse(stdout);
    say(newest.version === version ? `${name} ${version} (${date}) is the newest` : `${name} ${version} (${date}): ${newest.version} is newer, licence ${newest.license}`);
  }
}

await asCommand(import.meta, async (args) => {
  await setup();
  if (args.includes('--check')) return check();
  await data();
  say('public/data/ is up to date');
});
