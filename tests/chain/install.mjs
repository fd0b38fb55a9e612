// Finds the daemons of the chain tests, bitcoind and litecoind: those on PATH, or Debian's, unpacked into a folder of this project.
//
// Stable Debian has a litecoind, and no bitcoind; its unstable suite (sid) has one, built against a newer C library than the
// machine's. So a package is unpacked together with every library it needs, and started through its own dynamic loader.
// Nothing is installed: apt only resolves, downloads and verifies, in folders of its own, so root isn't needed and a
// running apt is never in the way. What can't be done comes back as `{missing: reason}`: the caller skips, and says why.
//
//   node tests/chain/install.mjs [bitcoind|litecoind] [dir]

import { execFile } from 'node:child_process';
import { constants, realpathSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TOOLS = fileURLToPath(new URL('../../.tools', import.meta.url));
const BITCOIN = { daemon: 'bitcoind', cli: 'bitcoin-cli', package: 'bitcoin-knots', place: 'usr/bin/bitcoind', suite: () => 'sid', dir: join(TOOLS, 'bitcoin') };
// Debian's `litecoind` on the PATH is a script that writes into the home folder before it starts this one.
const LITECOIN = { daemon: 'litecoind', cli: 'litecoin-cli', package: 'litecoind', place: 'usr/lib/litecoin/litecoind', suite: codename => codename, dir: join(TOOLS, 'litecoin') };
const KEYRINGS = ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'];

/** A reason to go without, as opposed to a fault of this file. */
class Missing extends Error {}

/** → {daemon, cli}, commands as arrays, or {missing}. */
export const installBitcoind = options => install(BITCOIN, options);
export const installLitecoind = options => install(LITECOIN, options);

async function install(what, { dir = what.dir, log = () => {} } = {}) {
  try {
    dir = resolve(dir);
    return (await fromPath(what)) ?? (await fromDir(what, dir)) ?? (await fromDebian(what, dir, log));
  } catch (error) {
    if (error instanceof Missing) return { missing: error.message };
    return { missing: `${what.daemon} could not be installed: ${lastLines(error.stderr) || error.message}` };
  }
}

async function fromPath(what) {
  const daemon = await onPath(what.daemon);
  if (!daemon || !(await starts([daemon]))) return null;
  const cli = await onPath(what.cli);
  return { daemon: [daemon], cli: cli ? [cli] : null };
}

/** An earlier run's work. The stamp is written last, so a folder that was left halfway has none. */
async function fromDir(what, dir) {
  let stamp;
  try {
    stamp = JSON.parse(await readFile(join(dir, 'installed.json'), 'utf8'));
  } catch {
    return null;
  }
  const found = commands(what, join(dir, stamp.version), stamp);
  const whole = await Promise.all([found.daemon[0], found.daemon.at(-1)].map(exists));
  return whole.every(Boolean) ? found : null;
}

async function fromDebian(what, dir, log) {
  const source = await debianSource(what);
  await mkdir(dir, { recursive: true });
  const work = await mkdtemp(join(dir, '.partial-'));
  try {
    log(`${what.daemon}: reading the package list of Debian ${source.suite}`);
    const debs = await download(what, work, source, log);
    const version = debs.map(name => name.match(`^${what.package}_(.+)_[^_]+\\.deb$`)?.[1]).find(Boolean);

    log(`${what.daemon}: unpacking ${what.package} ${version} and ${debs.length - 1} libraries`);
    const root = join(work, 'root');
    for (const name of debs) await run('dpkg-deb', ['-x', join(work, 'cache/archives', name), root]);
    const stamp = { version, ...(await findLoader(root)) };
    const failure = await whyNot(commands(what, root, stamp).daemon);
    if (failure) throw new Missing(`Debian's ${what.daemon} was unpacked but does not start here: ${failure}`);

    await settle(what, root, join(dir, version), stamp);
    await writeFile(join(work, 'installed.json'), JSON.stringify(stamp, null, 2) + '\n');
    await rename(join(work, 'installed.json'), join(dir, 'installed.json'));
    log(`${what.daemon}: ${what.package} ${version} is ready in ${dir}`);
    return commands(what, join(dir, version), stamp);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The mirror that this machine already uses, and the key that it already trusts for it. */
async function debianSource({ daemon, suite }) {
  if (process.platform !== 'linux') throw new Missing(`no ${daemon} on PATH, and no recipe for ${process.platform}`);
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID="?debian"?$/m.test(release)) throw new Missing(`no ${daemon} on PATH, and this is not Debian: install one`);
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if (!(await onPath(tool))) throw new Missing(`no ${daemon} on PATH, and no ${tool} to fetch one with`);
  }
  const codename = release.match(/^VERSION_CODENAME="?(\w+)/m)?.[1];
  const suites = [codename, 'stable', 'testing', 'sid', 'unstable'];
  const source = (await sources()).find(s =>
    s.types.includes('deb') && s.components.includes('main') && s.suites.some(suite => suites.includes(suite)));
  if (!source) throw new Missing(`no ${daemon} on PATH, and no Debian mirror among the apt sources`);
  const keyring = [source.signedBy, ...KEYRINGS].filter(path => path?.startsWith('/'));
  for (const path of keyring) if (await exists(path)) return { uri: source.uris[0], keyring: path, suite: suite(codename ?? 'stable') };
  throw new Missing(`no ${daemon} on PATH, and the Debian archive keyring is not installed`);
}

/** apt's sources in both notations: one-line `.list` and deb822 `.sources`. */
async function sources() {
  const found = [];
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => []);
  for (const path of ['/etc/apt/sources.list', ...parts.sort().map(name => `/etc/apt/sources.list.d/${name}`)]) {
    const text = (await readFile(path, 'utf8').catch(() => '')).replace(/^\s*#.*\n?/gm, '');
    if (path.endsWith('.sources')) {
      for (const stanza of text.split(/\n\s*\n/)) {
        const field = name => stanza.match(new RegExp(`^${name}:((?:.*)(?:\\n[ \\t].*)*)`, 'im'))?.[1].trim() ?? '';
        const words = name => field(name).split(/\s+/).filter(Boolean);
        if (/^(no|false|0)$/i.test(field('Enabled')) || !field('URIs')) continue;
        found.push({ types: words('Types'), uris: words('URIs'), suites: words('Suites'), components: words('Components'), signedBy: words('Signed-By')[0] });
      }
    } else {
      for (const [, options = '', uri, suite, components] of text.matchAll(/^deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/gm)) {
        found.push({ types: ['deb'], uris: [uri], suites: [suite], components: components.split(/\s+/), signedBy: options.match(/signed-by=(\S+)/)?.[1] });
      }
    }
  }
  return found;
}

async function download(what, work, { uri, keyring, suite }, log) {
  await mkdir(join(work, 'state/lists/partial'), { recursive: true });
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
  const { stdout: architecture } = await run('dpkg', ['--print-architecture']);
  await writeFile(join(work, 'sources.list'), `deb [arch=${architecture.trim()} signed-by=${keyring}] ${uri} ${suite} main\n`);
  // An empty machine, so that apt names every library down to the C library. The two packages that it is told are there
  // only serve a daemon's installation as a system service, which doesn't happen.
  await writeFile(join(work, 'status'), ['debconf', 'systemd'].map(name =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: all\nVersion: 9999\nMaintainer: none <none@localhost>\nDescription: stand-in\n`).join('\n'));
  // The machine's own configuration (a proxy, say) stays in force. Its hooks must not: they may clean the system's cache.
  await writeFile(join(work, 'apt.conf'), `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
Dir::Etc::sourcelist "${work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "${work}/state";
Dir::State::status "${work}/status";
Dir::State::extended_states "${work}/extended_states";
Dir::Cache "${work}/cache";
Dir::Log "${work}";
Debug::NoLocking "true";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
`);
  const apt = (...args) => run('apt-get', ['-c', join(work, 'apt.conf'), '-q', '-y', ...args],
    { env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }, timeout: 300_000, maxBuffer: 1 << 24 });
  const wrong = what => error => { throw new Missing(`${what}: ${lastLines(error.stderr) || error.message}`); };
  await apt('update').catch(wrong(`the package list of Debian ${suite} could not be read`));
  const plan = await apt('--print-uris', 'install', what.package).catch(wrong(`Debian ${suite} offers no installable ${what.package}`));
  log(`${what.daemon}: downloading ${plan.stdout.match(/Need to get (.+?) of archives/)?.[1] ?? what.package}`);
  await apt('--download-only', 'install', what.package).catch(wrong(`${what.package} could not be downloaded`));
  return (await readdir(join(work, 'cache/archives'))).filter(name => name.endsWith('.deb'));
}

/** Stable's C library lies in /lib, sid's in /usr/lib: there the first is a link to the second. */
async function findLoader(root) {
  const libraries = [];
  let loader;
  for (const folder of ['lib', 'usr/lib']) {
    for (const inner of await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])) {
      if (!inner.isDirectory()) continue;
      const place = `${folder}/${inner.name}`;
      const names = await readdir(join(root, place));
      const found = names.find(name => /^ld(64|-linux).*\.so\.\d+$/.test(name));
      if (found) loader ??= `${place}/${found}`;
      if (names.some(name => /\.so(\.\d+)*$/.test(name))) libraries.push(place);
    }
  }
  if (loader) return { libraries, loader };
  throw new Missing('the unpacked C library has no dynamic loader known here');
}

/** Two test runs may install at once: the first to arrive stays, unless it is broken. */
async function settle(what, root, place, stamp) {
  try {
    await rename(root, place);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    if (await starts(commands(what, place, stamp).daemon)) return;
    await rm(place, { recursive: true, force: true });
    await rename(root, place);
  }
}

function commands(what, root, { loader, libraries }) {
  const path = [libraries].flat().map(folder => join(root, folder)).join(':');
  const through = program => [join(root, loader), '--library-path', path, join(root, program)];
  return { daemon: through(what.place), cli: through(`usr/bin/${what.cli}`) };
}

const starts = async command => !(await whyNot(command));
const whyNot = ([program, ...args]) =>
  run(program, [...args, '--version'], { timeout: 20_000 }).then(() => null, error => lastLines(error.stderr) || error.message);

const exists = path => access(path).then(() => true, () => false);
const lastLines = (text = '') => text.trim().split('\n').slice(-3).join(' ');

async function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
  }
  return null;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [, , name = 'bitcoind', dir] = process.argv;
  const found = await install(name === 'litecoind' ? LITECOIN : BITCOIN, { dir, log: line => console.log(line) });
  if (found.missing) {
    console.error(found.missing);
    process.exit(1);
  }
  console.log(`daemon: ${found.daemon.join(' ')}`);
  console.log(`cli:    ${found.cli?.join(' ') ?? 'none'}`);
}
