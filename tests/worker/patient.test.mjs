// The sleep under Miniflare's proxies: woken for nothing, it goes on.
import '../../scripts/patient.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

/** A thread that wakes whoever sleeps on `cells` 20 times for nothing, and then, if it is to, for something. */
function waker(cells, { atLast }) {
  return new Worker(
    `const { cells, atLast } = require('node:worker_threads').workerData;
     let rounds = 0;
     const timer = setInterval(() => {
       if (++rounds > 20) {
         clearInterval(timer);
         if (atLast) Atomics.store(cells, 0, 1);
       }
       Atomics.notify(cells, 0);
     }, 10);`,
    { eval: true, workerData: { cells, atLast } },
  );
}

for (const atLast of [true, false]) {
  test(`who is woken for nothing sleeps on until ${atLast ? 'something is there' : 'the time is over'}`, async () => {
    const cells = new Int32Array(new SharedArrayBuffer(4));
    const thread = waker(cells, { atLast });
    const woken = Atomics.wait(cells, 0, 0, atLast ? 60_000 : 400);
    assert.deepEqual([woken, Atomics.load(cells, 0)], atLast ? ['ok', 1] : ['timed-out', 0]);
    await thread.terminate();
  });
}
