// What README and guides promise that a program can look at: their length, their tables, and the settings that they name.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { kinds, looksUntil, withTables } from '../../scripts/costs.mjs';
import { deploySettings, plainSettings, secretSettings, serverSettings } from '../../scripts/settings.mjs';
import { root } from '../../scripts/shell.mjs';
import { files, read } from './markdown.mjs';

test('the README fits in one sitting', async () => {
  assert.ok((await read('README.md')).split('\n').length <= 121);
});

test('the guides are wrapped, so that a change shows as a change', async () => {
  for (const file of files.filter((file) => /^(docs\/[^/]+|README)\.md$/.test(file))) {
    let code = false;
    for (const [index, line] of (await read(file)).split('\n').entries()) {
      if (line.startsWith('```')) code = !code;
      const free = code || line.startsWith('|') || line.startsWith('<') || /\]\(\S+\)|https?:\/\//.test(line);
      assert.ok(free || [...line].length <= 100, `${file}:${index + 1} has ${line.length} characters`);
    }
  }
});

test('the tables of costs are those of the counts and prices of now', async () => {
  for (const [file, text] of Object.entries(await withTables())) assert.equal(await read(file), text, `${file}: npm run costs`);
});

test('an unpaid order is looked at as the schedule says', () => {
  // Four a minute for 23 minutes, one a minute up to the first hour, one in five up to a day after the quote, then hourly.
  assert.equal(looksUntil(23 * 60).looks, 23 * 4 - 1);
  const week = looksUntil(20 * 60 + 7 * 86_400).looks;
  assert.ok(Math.abs(week - (92 + 37 + 280 + 144)) <= 3, `${week} looks`);
  assert.ok(kinds.unpaid.queueOperations > 5 * kinds.coins.queueOperations);
});

test('every setting is in the guide, and every setting of the guide is one', async () => {
  const text = await read('docs/configuration.md');
  const known = [...secretSettings, ...serverSettings, ...plainSettings, ...deploySettings];
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => [...row.split('|')[1].matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name));
  assert.deepEqual(named.toSorted(), known.toSorted());
});

test('the status codes of the guide are those of the specification', async () => {
  const spec = JSON.parse(await readFile(path.join(root, 'public', 'api', 'v2', 'openapi.json'), 'utf8'));
  const operations = Object.values(spec.paths).flatMap((item) => Object.values(item));
  const codes = new Set(operations.flatMap(({ responses }) => Object.keys(responses ?? {})).filter((code) => code >= '400'));
  const told = new Set([...(await read('docs/errors.md')).matchAll(/^\| (\d{3}) \|/gm)].map(([, code]) => code));
  assert.deepEqual([...codes].filter((code) => !told.has(code)), []);
});
