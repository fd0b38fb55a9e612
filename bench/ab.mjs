// Two builds of ours side by side, for working on speed: CPU a request, which other programs on the machine disturb least.
//
//   node bench/ab.mjs <folder of the other build> [--rounds=9] [--seconds=0.5] [--only=healthz,first page]
//
// A folder is a copy of build/. The ratio is how much of the other's CPU ours takes, the median of the rounds' ratios.
import { parseArgs } from 'node:util';
import { asCommand, Halt } from '../scripts/shell.mjs';
import { endpoints } from './endpoints.mjs';
import { load } from './load.mjs';
import { median } from './median.mjs';
import { seed } from './seed.mjs';
import { cpuSeconds, serveAll } from './serve.mjs';

await asCommand(import.meta, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '9' }, seconds: { type: 'string', default: '0.5' }, only: { type: 'string', default: '' } },
  });
  if (positionals.length !== 1) throw new Halt('Name the folder of the other build.');
  const { targets, close } = await serveAll(['other', 'ours'], { other: positionals[0] });
  try {
    const seller = await seed(targets);
    const list = (await endpoints(targets, seller)).filter(({ name }) => values.only.split(',').some((part) => name.includes(part)));
    const cpu = async ({ port, pid }, { requests, status }, target, seconds) => {
      const { cpuUsed, count } = await load({ port, requests: requests(target), status, connections: 8, seconds, most: 20_000, cpu: () => cpuSeconds(pid) });
      return (cpuUsed / count) * 1e6;
    };
    for (const endpoint of list) {
      for (const target of targets) await cpu(target, endpoint, target, 1);
      const taken = { ours: [], other: [] };
      for (let round = 0; round < Number(values.rounds); round += 1) {
        for (const target of round % 2 ? [...targets].reverse() : targets) taken[target.name].push(await cpu(target, endpoint, target, Number(values.seconds)));
      }
      const ratio = median(taken.ours.map((ours, round) => ours / taken.other[round]));
      console.log(`${endpoint.name.padEnd(18)} ours ${median(taken.ours).toFixed(0).padStart(6)} µs  other ${median(taken.other).toFixed(0).padStart(6)} µs  ${ratio.toFixed(2)}`);
    }
  } finally {
    await close();
  }
});
