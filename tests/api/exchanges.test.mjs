// Every exchange of the native tests is held against public/api/v2/openapi.json by openapi-core: what the API answers, to
// whatever it was asked, is what the specification promises.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findSchemathesis } from '../../scripts/setup.mjs';
import { root, run } from '../../scripts/shell.mjs';
import { testUnless } from '../worker/harness.mjs';

const schemathesis = await findSchemathesis();
const test = testUnless(schemathesis ? null : 'no Python environment for it (`npm run setup -- --tests` makes one where there is a Python)');
const recorded = path.join(root, 'target', 'exchanges.jsonl');

async function check(file, spec = 'public/api/v2/openapi.json') {
  const python = path.join(path.dirname(schemathesis), 'python');
  const script = fileURLToPath(new URL('exchanges.py', import.meta.url));
  const { code, stdout, stderr } = await run(python, [script, path.join(root, spec), file], { mayFail: true });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

test('every answer of the native tests is as the specification says', async () => {
  const missing = () => assert.fail('There is no target/exchanges.jsonl: `npm test native`, or EXCHANGES=$PWD/target/exchanges.jsonl cargo test --test it, writes it.');
  await readFile(recorded).catch(missing);
  const { checked, wrong } = await check(recorded);
  assert.deepEqual(wrong, []);
  assert.ok(checked >= 3_000, `only ${checked} exchanges`);
  console.log(`# ${checked} exchanges`);
});

test('every answer of the native tests with the Shoppy API is as its specification says', async () => {
  const { checked, wrong } = await check(recorded, 'public/api/1.0/openapi.json');
  assert.deepEqual(wrong, []);
  assert.ok(checked >= 300, `only ${checked} exchanges`);
  console.log(`# ${checked} exchanges`);
});

test('every answer of the native tests with the API for applications is as its specification says', async () => {
  const { checked, wrong } = await check(recorded, 'public/api/openapi.json');
  assert.deepEqual(wrong, []);
  assert.ok(checked >= 300, `only ${checked} exchanges`);
  console.log(`# ${checked} exchanges`);
});

test('every answer of the native tests with the Zettle Pusher API is as its specification says', async () => {
  const { checked, wrong } = await check(recorded, 'public/organizations/openapi.json');
  assert.deepEqual(wrong, []);
  assert.ok(checked >= 20, `only ${checked} exchanges`);
  console.log(`# ${checked} exchanges`);
});

test('an answer that is not as the specification says is found', async () => {
  const lines = (await readFile(recorded, 'utf8')).split('\n');
  const order = JSON.parse(lines.find((line) => line.includes('"method":"GET"') && /"path":"\/api\/v2\/orders\/[0-9a-f-]{36}"/.test(line) && line.includes('"status":200')));
  const spoil = (change) => {
    const copy = structuredClone(order);
    change(copy.answer);
    return JSON.stringify(copy);
  };
  const spoilt = [
    spoil((answer) => (answer.status = 418)),
    spoil((answer) => (answer.body = answer.body.replace('"status":', '"stat":'))),
    spoil((answer) => (answer.body = answer.body.replace(/"value":"[^"]*"/, '"value":10'))),
    spoil((answer) => (answer.headers = answer.headers.map(([name, value]) => [name, name.toLowerCase() === 'content-type' ? 'text/html' : value]))),
  ];
  const file = path.join(root, 'target', 'exchanges-spoilt.jsonl');
  await writeFile(file, spoilt.join('\n') + '\n');
  assert.equal((await check(file)).wrong.length, spoilt.length);
});
