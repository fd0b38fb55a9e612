// Server and client take a core each. Whoever else wants one is measured with them, and hits one Worker more than another:
// so a phase waits until the machine is its own, and is repeated when it was not, as long as there is patience for it.
import { readFileSync } from 'node:fs';

/** Ticks a second of the files in /proc: Linux tells everybody 100, whatever it counts in itself. */
const ticks = 100;

/** Cores that others may use meanwhile. */
const bearable = 0.15;
const glance = 300; // ms

/**
 * @param {() => number | undefined} own CPU seconds of all that belongs to the measurement
 * @param {number} patience seconds, in all, for waiting and repeating
 */
export function quiet(own, patience) {
  /** Does something → {result, others}: cores that others used meanwhile; undefined where that can't be told (no Linux). */
  const watch = async (work) => {
    const [before, ownBefore, start] = [busySeconds(), own(), performance.now()];
    const result = await work();
    const [after, ownAfter, elapsed] = [busySeconds(), own(), (performance.now() - start) / 1000];
    if (before === undefined || ownBefore === undefined) return { result };
    return { result, others: Math.max(0, after - before - (ownAfter - ownBefore)) / elapsed };
  };
  const nap = () => watch(() => new Promise((resolve) => setTimeout(resolve, glance)));

  /** Does `work` in quiet, if it can be had → {result, others}. */
  return async (work) => {
    for (;;) {
      while (patience > 0 && (await nap()).others > bearable) patience -= glance / 1000;
      const start = performance.now();
      const done = await watch(work);
      if (patience <= 0 || !(done.others > bearable)) return done;
      patience -= (performance.now() - start) / 1000;
    }
  };
}

/** What all processes together have used so far (proc_stat(5)): user, nice, system, irq, softirq and steal. */
function busySeconds() {
  try {
    const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/ +/).slice(1).map(Number);
    return (user + nice + system + irq + softirq + steal) / ticks;
  } catch {
    return undefined;
  }
}
