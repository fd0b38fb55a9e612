// Finds a bitcoind for the chain tests: the one on PATH, or Debian's, unpacked into a folder of this project.
//
// Stable Debian has no bitcoind; its unstable suite (sid) has one, built against a newer C library than the machine's.
// So sid's package is unpacked together with every library it needs, and started through sid's own dynamic loader.
// Nothing is installed: apt only resolves, downloads and verifies, in folders of its own, so root isn't needed and a
// running apt is never in the way. What can't be done comes back as `{missing: reason}`: the caller skips, and says why.
//
//   node tests/chain/install-bitcoind.mjs [dir]

import { execFile } from 'node:child_process';
import { constants, realpathSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGE = 'bitcoin-knots';
const DEFAULT_DIR = fileURLToPath(new URL('../../.tools/bitcoin', import.meta.url));
const KEYRINGS = ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'];

/** A reason to go without, as opposed to a fault of this file. */
class Missing extends Error {}

export async function installBitcoind({ dir = DEFAULT_DIR, log = () => {} } = {}) {
  try {
    dir = resolve(dir);
    return (await fromPath()) ?? (await fromDir(dir)) ?? (await fromDebian(dir, log));
  } catch (error) {
    if (error instanceof Missing) return { missing: error.message };
    return { missing: `bitcoind could not be installed: ${lastLines(error.stderr) || error.message}` };
  }
}

async function fromPath() {
  const daemon = await onPath('bitcoind');
  if (!daemon || !(await starts([daemon]))) return null;
  const cli = await onPath('bitcoin-cli');
  return { bitcoind: [daemon], cli: cli ? [cli] : null };
}

/** An earlier run's work. The stamp is written last, so a folder that was left halfway has none. */
async function fromDir(dir) {
  let stamp;
  try {
    stamp = JSON.parse(await readFile(join(dir, 'installed.json'), 'utf8'));
  } catch {
    return null;
  }
  const found = commands(join(dir, stamp.version), stamp);
  const whole = await Promise.all([found.bitcoind[0], found.bitcoind.at(-1)].map(exists));
  return whole.every(Boolean) ? found : null;
}

async function fromDebian(dir, log) {
  const source = await debianSource();
  await mkdir(dir, { recursive: true });
  const work = await mkdtemp(join(dir, '.partial-'));
  try {
    log('bitcoind: reading the package list of Debian sid');
    const debs = await download(work, source, log);
    const version = debs.map(name => name.match(`^${PACKAGE}_(.+)_[^_]+\\.deb$`)?.[1]).find(Boolean);

    log(`bitcoind: unpacking ${PACKAGE} ${version} and ${debs.length - 1} libraries`);
    const root = join(work, 'root');
    for (const name of debs) await run('dpkg-deb', ['-x', join(work, 'cache/archives', name), root]);
    const stamp = { version, ...(await findLoader(root)) };
    const failure = await whyNot(commands(root, stamp).bitcoind);
    if (failure) throw new Missing(`Debian sid's bitcoind was unpacked but does not start here: ${failure}`);

    await settle(root, join(dir, version), stamp);
    await writeFile(join(work, 'installed.json'), JSON.stringify(stamp, null, 2) + '\n');
    await rename(join(work, 'installed.json'), join(dir, 'installed.json'));
    log(`bitcoind: ${PACKAGE} ${version} is ready in ${dir}`);
    return commands(join(dir, version), stamp);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The mirror that this machine already uses, and the key that it already trusts for it. */
async function debianSource() {
  if (process.platform !== 'linux') throw new Missing(`no bitcoind on PATH, and no recipe for ${process.platform}`);
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID="?debian"?$/m.test(release)) throw new Missing('no bitcoind on PATH, and this is not Debian: install Bitcoin Core or Knots');
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if (!(await onPath(tool))) throw new Missing(`no bitcoind on PATH, and no ${tool} to fetch one with`);
  }
  const codename = release.match(/^VERSION_CODENAME="?(\w+)/m)?.[1];
  const suites = [codename, 'stable', 'testing', 'sid', 'unstable'];
  const source = (await sources()).find(s =>
    s.types.includes('deb') && s.components.includes('main') && s.suites.some(suite => suites.includes(suite)));
  if (!source) throw new Missing('no bitcoind on PATH, and no Debian mirror among the apt sources');
  const keyring = [source.signedBy, ...KEYRINGS].filter(path => path?.startsWith('/'));
  for (const path of keyring) if (await exists(path)) return { uri: source.uris[0], keyring: path };
  throw new Missing('no bitcoind on PATH, and the Debian archive keyring is not installed');
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

async function download(work, { uri, keyring }, log) {
  await mkdir(join(work, 'state/lists/partial'), { recursive: true });
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
  const { stdout: architecture } = await run('dpkg', ['--print-architecture']);
  await writeFile(join(work, 'sources.list'), `deb [arch=${architecture.trim()} signed-by=${keyring}] ${uri} sid main\n`);
  // An empty machine, so that apt names every library down to the C library. The two packages that it is told are there
  // only serve bitcoind's installation as a system service, which doesn't happen.
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
  await apt('update').catch(wrong('the package list of Debian sid could not be read'));
  const plan = await apt('--print-uris', 'install', PACKAGE).catch(wrong(`Debian sid offers no installable ${PACKAGE}`));
  log(`bitcoind: downloading ${plan.stdout.match(/Need to get (.+?) of archives/)?.[1] ?? PACKAGE}`);
  await apt('--download-only', 'install', PACKAGE).catch(wrong(`${PACKAGE} could not be downloaded`));
  return (await readdir(join(work, 'cache/archives'))).filter(name => name.endsWith('.deb'));
}

async function findLoader(root) {
  for (const folder of await readdir(join(root, 'usr/lib'), { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    const loader = (await readdir(join(root, 'usr/lib', folder.name))).find(name => /^ld(64|-linux).*\.so\.\d+$/.test(name));
    if (loader) return { libraries: `usr/lib/${folder.name}`, loader: `usr/lib/${folder.name}/${loader}` };
  }
  throw new Missing('the unpacked C library has no dynamic loader known here');
}

/** Two test runs may install at once: the first to arrive stays, unless it is broken. */
async function settle(root, place, stamp) {
  try {
    await rename(root, place);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    if (await starts(commands(place, stamp).bitcoind)) return;
    await rm(place, { recursive: true, force: true });
    await rename(root, place);
  }
}

function commands(root, { loader, libraries }) {
  const through = name => [join(root, loader), '--library-path', join(root, libraries), join(root, 'usr/bin', name)];
  return { bitcoind: through('bitcoind'), cli: through('bitcoin-cli') };
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
  const found = await installBitcoind({ dir: process.argv[2], log: line => console.log(line) });
  if (found.missing) {
    console.error(found.missing);
    process.exit(1);
  }
  console.log(`bitcoind:    ${found.bitcoind.join(' ')}`);
  console.log(`bitcoin-cli: ${found.cli?.join(' ') ?? 'none'}`);
}
