// The gem, built and installed into an empty folder: against the real module, with every Ruby line of the API's reference. The checks
// themselves are check.rb, the reference's lines reference.rb.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findRuby } from '../../scripts/setup.mjs';
import { run } from '../../scripts/shell.mjs';
import { blocks, read } from '../docs/markdown.mjs';
import { checks, packageOf, program, startScene } from './scene.mjs';

const ruby = await findRuby();
const reason = 'no Ruby with activesupport on this machine (`npm run setup -- --tests` installs it on Debian)';
const [file, reference] = ['check.rb', 'reference.rb'].map((name) => fileURLToPath(new URL(name, import.meta.url)));

const own = [...(await readFile(file, 'utf8')).matchAll(/^check "(.+)" do$/gm)].map(([, name]) => name);
const lines = [...(await readFile(reference, 'utf8')).matchAll(/^# = (.+)$/gm)].map(([, name]) => name);
const names = [...own, ...['PushGuard', 'Selly'].flatMap((brand) => lines.map((name) => `reference, ${brand}: ${name}`))];

if (!ruby) test('the Ruby client', { skip: reason });
else
  describe('the Ruby client', { concurrency: 1 }, () => {
    let scene, gems;
    before(async () => {
      const gem = await packageOf('.gem');
      assert.ok(gem, 'npm run clients makes the package');
      scene = await startScene();
      gems = path.join(scene.folder, 'gems');
      await run('gem', ['install', '--local', '--no-document', '--install-dir', gems, gem], { cwd: scene.folder });
    });
    after(() => scene?.close());

    // Gems of the machine stay in reach, for ActiveSupport, which the reference's own lines use.
    checks(names, async () => program(ruby, ['-W:no-deprecated', file, await scene.describe()], { cwd: scene.folder, env: { GEM_PATH: [gems, await defaultGems()].join(':') } }));

    test('a POST whose answer was lost came twice under one key', () => {
      const tries = scene.wire.seen.filter(({ kind, method }) => kind === 'lose' && method === 'POST');
      assert.equal(tries.length, 2);
      assert.equal(new Set(tries.map(({ key }) => key)).size, 1);
    });

    test('its guide shows code that parses', async () => {
      const guide = blocks(await read('clients/ruby/README.md')).filter(({ language }) => language === 'ruby');
      assert.equal(guide.length, 2);
      for (const { code } of guide) await run(ruby, ['-c'], { input: code });
    });

    test('its package has its code and nothing else', async () => {
      const { stdout } = await run('gem', ['spec', await packageOf('.gem'), 'files']);
      assert.deepEqual([...stdout.matchAll(/^- (.+)$/gm)].map(([, name]) => name).sort(), ['README.md', 'lib/PushGuard.rb', 'lib/PushGuard/client.rb', 'lib/PushGuard/generated.rb', 'lib/PushGuard/version.rb', 'lib/PushGuard/webhook_verification.rb', 'lib/selly.rb']);
    });
  });

async function defaultGems() {
  const { stdout } = await run('gem', ['environment', 'gempath']);
  return stdout.trim();
}
