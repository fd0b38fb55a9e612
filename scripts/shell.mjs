// Running other programs, and telling the person at the terminal what is going on. Only node's own modules:
// in a fresh clone this runs before anything is installed.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
export const npmBinary = (name) => path.join(root, 'node_modules', '.bin', name);
export const toolBinary = (name) => path.join(root, '.tools', 'bin', name);

/** An end that was foreseen: its message is all that a person needs, a stack trace would only hide it. */
export class Halt extends Error {}

/** Runs `program` when its file is what node was asked to run, and turns a `Halt` into a message and exit code 1. */
export async function asCommand(meta, program) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== fileURLToPath(meta.url)) return;
  try {
    await program(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Halt ? `\n✗ ${error.message}` : error);
    process.exitCode = 1;
  }
}

/** One line of progress: what begins now, and, where it takes a while, how long that is usually. */
export function say(line) {
  console.log(`· ${line}`);
}

/**
 * Runs a command to its end → {code, stdout, stderr}. By default its output is kept and only shown when it fails;
 * `live: true` lets it through as it comes (and keeps it as well). A failure throws, unless `mayFail`.
 */
export function run(command, args, { env = {}, cwd = root, live = false, mayFail = false, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const heard = { stdout: [], stderr: [] };
    for (const name of ['stdout', 'stderr']) {
      child[name].on('data', (chunk) => {
        heard[name].push(chunk);
        if (live) process[name].write(chunk);
      });
    }
    if (input !== undefined) child.stdin.end(input);
    child.on('error', (error) => {
      if (mayFail) resolve({ code: -1, stdout: '', stderr: error.message });
      else reject(error.code === 'ENOENT' ? new Halt(`${command} was not found.`) : error);
    });
    child.on('close', (code, signal) => {
      const stdout = Buffer.concat(heard.stdout).toString();
      const stderr = Buffer.concat(heard.stderr).toString();
      if (code === 0 || mayFail) return resolve({ code: code ?? -1, stdout, stderr });
      const said = live ? '' : `\n${lastLines(stdout + stderr, 40)}`;
      reject(new Halt(`${[path.basename(command), ...args].join(' ')} ended with ${signal ?? `code ${code}`}.${said}`));
    });
  });
}

/** Where a command is on the PATH, or undefined. */
export async function onPath(command) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    if (folder && (await exists(path.join(folder, command), constants.X_OK))) return path.join(folder, command);
  }
}

/** Writes a file where it isn't what it should be. */
export async function put(file, text) {
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

export async function exists(file, mode = constants.F_OK) {
  return access(file, mode).then(() => true, () => false);
}

/** Milliseconds since `start` (performance.now) as a person says them. */
export function since(start) {
  const seconds = (performance.now() - start) / 1000;
  return seconds < 90 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
