// A node of the test's own: a process with throw-away data, which dies with the test, however that ends.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A folder for a daemon's data, which `startDaemon` takes away at the end. */
export const dataFolder = () => mkdtempSync(join(tmpdir(), 'pushguard-chain-'));

/** → {pid, stop(), answers(ask)}. What it prints goes into the folder. */
export function startDaemon([program, ...args], folder) {
  const output = openSync(join(folder, 'output'), 'w');
  const child = spawn(program, args, { stdio: ['ignore', output, output], cwd: folder });
  closeSync(output);
  child.unref(); // a test that forgets stop() ends all the same, and its 'exit' handler below takes the daemon along
  const gone = new Promise(resolve => child.once('exit', resolve).once('error', resolve));
  const lives = () => child.pid && child.exitCode === null && child.signalCode === null;

  // SIGKILL: the data is thrown away, there is nothing to flush.
  const end = () => {
    if (lives()) child.kill('SIGKILL');
  };
  const sweep = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  const onExit = () => (end(), sweep());
  const onSignal = signal => {
    onExit();
    forget();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal); // what it would have done without us
  };
  const forget = () => {
    process.off('exit', onExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  process.on('exit', onExit);
  for (const signal of SIGNALS) process.on(signal, onSignal);

  return {
    pid: child.pid,
    async stop() {
      child.ref(); // or the process could end before this wait does
      end();
      await gone;
      sweep();
      forget();
    },
    /** Waits until `ask` is answered. */
    async answers(ask) {
      for (const deadline = Date.now() + 30_000; ; await delay(25, null)) {
        const up = await ask().then(() => true, error => error);
        if (up === true) return;
        if (lives() && Date.now() < deadline) continue;
        throw new Error(`the node did not start: ${readFileSync(join(folder, 'output'), 'utf8').trim().slice(-500) || up.message}`);
      }
    },
  };
}

/** Starts something on a free port. Between choosing one and binding it another process may take it: then it is tried again. */
export async function onFreePort(launch, log = () => {}) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(await freePort());
    } catch (error) {
      if (attempt === 3 || !/bind|HTTP server|in use/i.test(error.message)) throw error;
      log('a node\'s port was taken, choosing another');
    }
  }
}

const freePort = () => new Promise((resolve, reject) => {
  const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
