// Miniflare's proxies (a database's `prepare`, say) are synchronous: they ask another thread and sleep by `Atomics.wait`
// until it has stored 1 and notified. When the 1 is seen before the sleep begins, the notification is still to come, and
// it ends the *next* sleep, before that answer is there: `assert(message?.id === id)` fails, and so does every later call,
// each being given the answer to the one before it (Miniflare 4; about one call in 600,000 between two bare threads).
const wait = Atomics.wait;

/** `Atomics.wait` that sleeps on when it was woken and nothing has changed: "ok" then means that something has. */
Atomics.wait = function (cells, index, value, timeout) {
  const end = timeout === undefined ? Infinity : performance.now() + timeout;
  for (;;) {
    const woken = wait(cells, index, value, end - performance.now());
    if (woken !== 'ok' || Atomics.load(cells, index) !== value) return woken;
  }
};
