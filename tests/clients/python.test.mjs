// The Python client, installed from its wheel into an environment of its own: against the real module, with and without asyncio, and by
// its types. The checks themselves are check.py.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findClientPython } from '../../scripts/setup.mjs';
import { run } from '../../scripts/shell.mjs';
import { blocks, read } from '../docs/markdown.mjs';
import { checks, packageOf, program, startScene } from './scene.mjs';

const venv = await findClientPython();
const reason = 'no Python environment for the client on this machine (`npm run setup -- --tests` makes it where there is a Python)';
const file = fileURLToPath(new URL('check.py', import.meta.url));

const names = [...(await readFile(file, 'utf8')).matchAll(/^@check\("(.+)"\)$/gm)].map(([, name]) => name);

if (!venv) test('the Python client', { skip: reason });
else
  describe('the Python client', { concurrency: 1 }, () => {
    let scene, python;
    before(async () => {
      const wheel = await packageOf('.whl');
      assert.ok(wheel, 'npm run clients makes the package');
      scene = await startScene();
      // Its own packages, and nothing of this project: what it depends on is taken from the environment that is locked.
      const clean = path.join(scene.folder, 'venv');
      await run(path.join(venv, 'bin', 'python'), ['-m', 'venv', '--without-pip', clean]);
      python = path.join(clean, 'bin', 'python');
      const { stdout: site } = await run(python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"), end="")']);
      const { stdout: locked } = await run(path.join(venv, 'bin', 'python'), ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"), end="")']);
      await run(path.join(venv, 'bin', 'pip'), ['install', '--quiet', '--no-deps', '--no-index', '--disable-pip-version-check', '--target', site, wheel]);
      await run(python, ['-c', `open(${JSON.stringify(path.join(site, 'locked.pth'))}, "w").write(${JSON.stringify(locked)})`]);
    });
    after(() => scene?.close());

    checks(names, async () => program(python, [file, await scene.describe()], { cwd: scene.folder }));

    test('a POST whose answer was lost came twice under one key', () => {
      const tries = scene.wire.seen.filter(({ kind, method }) => kind === 'lose' && method === 'POST');
      assert.equal(tries.length, 4);
      assert.equal(new Set(tries.map(({ key }) => key)).size, 2);
    });

    test('is typed, strictly', async () => {
      // The guide's code too, each block a file of its own.
      const guide = blocks(await read('clients/python/README.md')).filter(({ language }) => language === 'python');
      assert.equal(guide.length, 2);
      const files = guide.map((_, index) => path.join(scene.folder, `guide${index}.py`));
      for (const [index, { code }] of guide.entries()) await writeFile(files[index], code);
      for (const what of [['-p', 'pushguard'], [file], ['--allow-untyped-defs', files[0]], ['--allow-untyped-defs', files[1]]]) {
        const said = await program(path.join(venv, 'bin', 'python'), ['-m', 'mypy', '--strict', '--no-incremental', '--python-executable', python, ...what], { cwd: scene.folder });
        assert.match(said, /Success/, said);
      }
    });

    test('its package says what it needs, and that it is typed', async () => {
      const { stdout } = await run(path.join(venv, 'bin', 'python'), ['-m', 'zipfile', '-l', await packageOf('.whl')]);
      for (const name of ['pushguard/py.typed', 'pushguard/_generated.py', 'METADATA']) assert.ok(stdout.includes(name), name);
      assert.ok(await packageOf('.tar.gz'));
    });
  });
