// A module that trapped is of no more use: the next request must begin with a new one. What traps it here is a platform without
// randomness, which every answer needs, also that of a deployment without settings.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Log, LogLevel, Miniflare } from 'miniflare';

const built = (name) => readFile(new URL(`../../build/${name}`, import.meta.url));

const entry = `
  import worker, { Live } from './index.js';
  export { Live };
  const random = crypto.getRandomValues;
  export default {
    async fetch(request, env, ctx) {
      const broken = new URL(request.url).pathname === '/broken';
      crypto.getRandomValues = broken ? () => { throw new Error('no randomness'); } : random;
      return worker.fetch(request, env, ctx);
    },
  };`;

test('a module that trapped begins anew with the next request', async () => {
  const mf = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'entry.js', contents: entry },
      { type: 'ESModule', path: 'index.js', contents: await built('index.js') },
      { type: 'CompiledWasm', path: 'index_bg.wasm', contents: await built('index_bg.wasm') },
    ],
    compatibilityDate: '2026-04-01',
    host: '127.0.0.1',
    cf: false,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs() {},
  });
  try {
    const ask = async (path) => {
      const answer = await mf.dispatchFetch(`http://shop.example${path}`);
      return `${answer.status} ${await answer.text()}`;
    };
    const before = await ask('/healthz');
    assert.match(before, /^503 .*not configured/);
    for (let n = 0; n < 2; n += 1) {
      // The trapped request itself never ends, and the platform says so.
      assert.match(await ask('/broken'), /^500 /);
      assert.equal(await ask('/healthz'), before);
    }
  } finally {
    await mf.dispose();
  }
});
