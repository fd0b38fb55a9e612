// `npm run setup`, and the first step of every other command: gets what is missing, and is done at once when nothing is.
// Only node's own modules are imported here, because in a fresh clone this is what installs all the others.
import { copyFile, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { asCommand, exists, Halt, onPath, root, run, say, since, toolBinary } from './shell.mjs';

const wanted = { node: 20 };

let done;

/** Once per process, however many commands ask. With `tests`, also the browser, the Bitcoin node, Schemathesis, and what the clients of clients/ are written in; with `checks`, also what `npm run check` looks with. */
export async function setup({ tests = false, checks = false } = {}) {
  done ??= forBuilding();
  await done;
  if (checks) await cargoTools(checkers);
  return tests ? forTests() : {};
}

async function forBuilding() {
  if (Number(process.versions.node.split('.')[0]) < wanted.node) {
    throw new Halt(`Node ${wanted.node} or newer is needed; this is ${process.version}.`);
  }
  await npmPackages();
  await rustToolchain();
  await buildTools();
}

async function forTests() {
  return { chromium: await chromium(), bitcoind: await bitcoind(), schemathesis: await schemathesis(), clientPython: await clientPython(), ruby: await ruby() };
}

// --- npm packages ---------------------------------------------------------------------------------------------------

async function npmPackages() {
  if (await npmPackagesAreThere()) return;
  await step('npm packages (about half a minute)', () => run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']));
}

// npm keeps its own account of what it installed. Comparing that with the lock file, rather than two file times, survives
// a `git checkout` that touches the lock file, and a plain `npm install` by hand.
async function npmPackagesAreThere() {
  const locked = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const account = await readFile(path.join(root, 'node_modules', '.package-lock.json'), 'utf8').catch(() => null);
  if (!account) return false;
  const installed = JSON.parse(account).packages;
  return Object.entries(locked).every(
    ([place, { version, optional }]) => place === '' || optional || installed[place]?.version === version,
  );
}

// --- Rust -----------------------------------------------------------------------------------------------------------

async function rustToolchain() {
  if (!(await onPath('cargo'))) {
    throw new Halt('Rust was not found (no `cargo` on the PATH). Install it from https://rustup.rs and run this again.');
  }
  const { channel, targets, components } = await rustToolchainFile();
  if (!(await onPath('rustup'))) return withoutRustup(targets);
  if (!(await toolchainIsThere(channel, targets, components))) {
    await step(`Rust ${channel} for ${targets.join(', ')} (one to three minutes)`, () =>
      run('rustup', [
        ...['toolchain', 'install', channel, '--profile', 'minimal', '--no-self-update'],
        ...targets.flatMap((target) => ['--target', target]),
        ...components.flatMap((component) => ['--component', component]),
      ]),
    );
  }
  if (!(await onPath('cc'))) await linker();
}

async function rustToolchainFile() {
  const text = await readFile(path.join(root, 'rust-toolchain.toml'), 'utf8');
  const list = (key) => [...(text.match(new RegExp(`^${key} *= *\\[(.*)\\]`, 'm'))?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(([, word]) => word);
  return { channel: text.match(/^channel *= *"([^"]+)"/m)[1], targets: list('targets'), components: list('components') };
}

async function toolchainIsThere(channel, targets, components) {
  const list = await run('rustup', ['component', 'list', '--installed', '--toolchain', channel], { mayFail: true });
  const parts = list.stdout.split('\n');
  return (
    list.code === 0 &&
    targets.every((target) => parts.includes(`rust-std-${target}`)) &&
    components.every((component) => parts.some((part) => part === component || part.startsWith(`${component}-`)))
  );
}

// A distribution's own Rust is welcome if it happens to be that version and whole; adding to it is not ours to do.
async function withoutRustup(targets) {
  const { stdout } = await run('rustc', ['--print', 'sysroot']);
  for (const target of targets) {
    if (!(await exists(path.join(stdout.trim(), 'lib', 'rustlib', target)))) {
      throw new Halt(`This Rust has no ${target} target, and there is no \`rustup\` to add it. Install rustup from https://rustup.rs.`);
    }
  }
}

async function linker() {
  if (!(await aptInstall('a C compiler, which cargo links with', ['gcc', 'libc6-dev']))) {
    throw new Halt('cargo needs a C compiler to link with (no `cc` on the PATH), for example `apt-get install gcc libc6-dev`.');
  }
}

// --- The tools that turn the crate into a Worker -----------------------------------------------------------------------

// They must match the libraries in Cargo.toml to the digit, so that file is where their versions come from.
async function buildTools() {
  const manifest = await readFile(path.join(root, 'Cargo.toml'), 'utf8');
  const matching = (crate, library, binaries) => {
    const version = manifest.match(new RegExp(`^${library} *= *(?:\\{.*?version *= *)?"=([^"]+)"`, 'm'))?.[1];
    if (!version) throw new Halt(`Cargo.toml must pin \`${library}\` exactly (version = "=x.y.z"): ${crate} has to match it.`);
    return { crate, version, binaries, takes: 'one to two minutes' };
  };
  await cargoTools([
    matching('worker-build', 'worker', ['worker-build']),
    matching('wasm-bindgen-cli', 'wasm-bindgen', ['wasm-bindgen', 'wasm-bindgen-test-runner']),
  ]);
}

const checkers = [
  { crate: 'typos-cli', version: '1.52.0', binaries: ['typos'], takes: 'about a minute' },
  { crate: 'cargo-deny', version: '0.20.2', binaries: ['cargo-deny'], takes: 'about a minute' },
];

/** Compiles what is missing, or there in another version, into .tools/. */
async function cargoTools(tools) {
  // cargo's own account of what it installed here: reading it is quicker than starting each tool to ask its version.
  const installed = await readFile(path.join(root, '.tools', '.crates.toml'), 'utf8').catch(() => '');
  for (const { crate, version, binaries, takes } of tools) {
    const there = await Promise.all(binaries.map((name) => exists(toolBinary(name))));
    if (installed.includes(`"${crate} ${version} `) && there.every(Boolean)) continue;
    await step(`${crate} ${version}, compiled into .tools/ (${takes}, longer on a busy machine)`, () =>
      // A debug build without debug info: it compiles in a third of the time, and runs for a second per build.
      run('cargo', ['install', '--locked', '--debug', '--force', '--root', '.tools', '--version', version, crate], {
        env: { CARGO_PROFILE_DEV_DEBUG: '0' },
      }),
    );
  }
}

// --- For the tests ------------------------------------------------------------------------------------------------------

/** The path of a Chromium that starts, or undefined: then the browser tests skip themselves, and say so. */
async function chromium() {
  const found = await findChromium();
  if (found) return found;
  await aptInstall('Chromium for the browser tests', ['chromium']);
  const installed = await findChromium();
  if (!installed) say('No Chromium here, and none could be installed: the BROWSER TESTS WILL BE SKIPPED (set CHROMIUM to the path of one).');
  return installed;
}

export async function findChromium() {
  const { CHROMIUM } = process.env;
  if (CHROMIUM) {
    if (await exists(CHROMIUM)) return CHROMIUM;
    throw new Halt(`CHROMIUM is set to ${CHROMIUM}, which does not exist.`);
  }
  for (const name of ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser']) {
    const place = await onPath(name);
    // Ubuntu's `chromium-browser` may be a stub that only points to a snap, so it is asked to start.
    if (place && (!name.includes('-browser') || (await run(place, ['--version'], { mayFail: true })).code === 0)) return place;
  }
}

/** The commands of a Bitcoin node, or undefined: then the chain tests skip themselves, and say so. */
async function bitcoind() {
  const installer = path.join(root, 'tests', 'chain', 'install-bitcoind.mjs');
  if (!(await exists(installer))) return undefined;
  const { installBitcoind } = await import(installer);
  const found = await installBitcoind({ dir: path.join(root, '.tools', 'bitcoin'), log: say }).catch((error) => ({ missing: error.message }));
  if (!found.missing) return found;
  say(`No Bitcoin node: the CHAIN TESTS WILL BE SKIPPED. ${found.missing}`);
}

const schemathesisEnvironment = { name: 'schemathesis', requirements: path.join(root, 'tests', 'api', 'requirements.txt'), without: 'No Schemathesis: the API TESTS WILL BE SKIPPED.' };
const clientEnvironment = { name: 'clients', requirements: path.join(root, 'tests', 'clients', 'requirements.txt'), without: 'No packages from PyPI: the tests of the PYTHON CLIENT WILL BE SKIPPED.' };

/** The path of Schemathesis, in a Python environment of its own, or undefined: then its tests skip themselves, and say so. */
async function schemathesis() {
  await pythonEnvironment(schemathesisEnvironment);
  return findSchemathesis();
}

export async function findSchemathesis() {
  const folder = await findPythonEnvironment(schemathesisEnvironment);
  return folder && path.join(folder, 'bin', 'schemathesis');
}

/** The environment that builds and runs the Python client, or undefined. */
const clientPython = () => pythonEnvironment(clientEnvironment);
export const findClientPython = () => findPythonEnvironment(clientEnvironment);

/** A Python environment of its own in .tools/, with what its list says to the digit, or undefined. */
async function pythonEnvironment(environment) {
  const found = await findPythonEnvironment(environment);
  if (found) return found;
  const { name, requirements, without } = environment;
  const folder = path.join(root, '.tools', name);
  const missing = (why) => say(`${without} ${why}`);
  const python = await onPath('python3');
  if (!python) return missing('There is no `python3` on the PATH; it needs 3.10 or newer.');
  return step(`Python packages for ${path.relative(root, requirements)} (about half a minute)`, async () => {
    await rm(folder, { recursive: true, force: true });
    const make = () => run(python, ['-m', 'venv', folder], { mayFail: true });
    // Debian keeps what `venv` needs in a package of its own.
    const made = (await make()).code === 0 || ((await aptInstall('what Python environments need', ['python3-venv'])) && (await make()).code === 0);
    if (!made) return missing('`python3 -m venv` does not work here.');
    const pip = path.join(folder, 'bin', 'pip');
    const { code, stderr } = await run(pip, ['install', '--quiet', '--no-deps', '--disable-pip-version-check', '-r', requirements], { mayFail: true });
    if (code !== 0) return missing(stderr.trim().split('\n').pop());
    await copyFile(requirements, path.join(folder, 'requirements.txt'));
    return findPythonEnvironment(environment);
  });
}

/** Only one that was installed from the very list that is there now. */
async function findPythonEnvironment({ name, requirements }) {
  const folder = path.join(root, '.tools', name);
  const [wanted, installed] = await Promise.all([requirements, path.join(folder, 'requirements.txt')].map((file) => readFile(file, 'utf8').catch(() => null)));
  return wanted && wanted === installed ? folder : undefined;
}

/** Ruby for the gem's tests, with the one library that the reference's own lines ask for, or undefined: then they skip themselves. */
async function ruby() {
  const found = await findRuby();
  if (found) return found;
  await aptInstall('Ruby for the client tests', ['ruby', 'ruby-activesupport']);
  const installed = await findRuby();
  if (!installed) say('No Ruby here, and none could be installed: the tests of the RUBY CLIENT WILL BE SKIPPED (put `ruby`, `gem` and the gem activesupport on the PATH).');
  return installed;
}

export async function findRuby() {
  const [found, gem] = await Promise.all([onPath('ruby'), onPath('gem')]);
  if (!found || !gem) return undefined;
  return (await run(found, ['-e', 'exit 1 if RUBY_VERSION < "2.7"; require "active_support"'], { mayFail: true })).code === 0 ? found : undefined;
}

/** True when apt did it; false when there is no apt here, or no right to use it, or it failed. */
async function aptInstall(what, packages) {
  if (!(await onPath('apt-get'))) return false;
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (asRoot.length && (await run('sudo', ['-n', 'true'], { mayFail: true })).code !== 0) return false;
  const apt = (...args) => {
    const [command, ...rest] = [...asRoot, 'apt-get', ...args];
    return run(command, rest, { env: { DEBIAN_FRONTEND: 'noninteractive' }, mayFail: true });
  };
  return step(`${what}, by apt-get install ${packages.join(' ')}`, async () => {
    await apt('update', '-q');
    return (await apt('install', '-y', '-q', '--no-install-recommends', ...packages)).code === 0;
  });
}

async function step(what, work) {
  say(`${what} …`);
  const start = performance.now();
  const reminder = setInterval(() => say(`  still at it after ${since(start)}`), 30_000);
  try {
    const result = await work();
    say(`  done in ${since(start)}`);
    return result;
  } finally {
    clearInterval(reminder);
  }
}

await asCommand(import.meta, async (args) => {
  await setup({ tests: args.includes('--tests') });
  say('All that is needed is here.');
});
