// A hundred thousand accounts over the real module, minute by minute: do sweep, retention and clean-up keep up, and how many
// rows does a minute read? `node bench/scale.mjs [accounts] [minutes] [busy]`; build/ must be there. It takes some minutes.
import { simulate } from '../tests/worker/scale.mjs';

const [accounts = 100_000, minutes = 10, busy = 1] = process.argv.slice(2).map(Number);
console.log(`${accounts} accounts, ${minutes} minutes, ${busy} times a usual day`);
let behind = 0;
const all = await simulate({
  accounts,
  minutes,
  busy,
  onMinute({ due, left, trips, read, written, ms }) {
    behind = Object.values(left).reduce((sum, n) => sum + n, 0);
    console.log(`due ${JSON.stringify(due)}  left ${behind}  trips ${trips}  rows read ${read}  written ${written}  ${ms} ms`);
  },
});
const sum = (what) => all.reduce((sum, minute) => sum + minute[what], 0);
console.log(`a minute: ${Math.round(sum('read') / minutes)} rows read, ${Math.round(sum('written') / minutes)} written`);
if (behind > 0) {
  console.error('It falls behind.');
  process.exitCode = 1;
}
