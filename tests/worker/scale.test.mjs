// Sweep, retention and clean-up of many accounts keep up, and what a minute reads goes with what fell due in it, not with how
// many accounts there are. (`node bench/scale.mjs` runs a hundred thousand.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from './scale.mjs';

const shown = ({ due, left, trips, read, written, ms }) =>
  `due ${JSON.stringify(due)}, left ${JSON.stringify(left)}: ${trips} trips, ${read} rows read, ${written} written, ${ms} ms`;

test('two thousand accounts, and then four thousand with as much a minute, keep up at the same cost', { timeout: 240_000 }, async () => {
  const costs = [];
  // As much a minute as a hundred thousand accounts bring on a quarter of a usual day.
  for (const [accounts, busy] of [[2_000, 12], [4_000, 6]]) {
    const minutes = await simulate({ accounts, busy, minutes: 4, onMinute: (minute) => console.log(`${accounts} accounts: ${shown(minute)}`) });
    for (const { due, left, read } of minutes) {
      assert.deepEqual(left, { accounts: 0, answers: 0, links: 0, notifications: 0, nudges: 0 });
      const rows = due.logs + due.answers + due.links + due.notifications + due.nudges;
      assert.ok(read < 12 * rows + 1_000, `${read} rows read for ${rows} that were due`);
    }
    costs.push(minutes.map(({ read }) => read).sort((a, b) => a - b)[1]);
  }
  assert.ok(costs[1] < costs[0] * 1.3 + 200, `${costs}`);
});
