// No link of a Markdown file leads nowhere: files and their headings. Addresses of the web aren't asked.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/shell.mjs';
import { anchors, files, links, read } from './markdown.mjs';

async function broken(file) {
  const found = [];
  for (const link of links(await read(file))) {
    if (/^(https:|mailto:)/.test(link)) continue;
    const [to, anchor] = link.split('#');
    // What begins with a slash is a path of every deployment.
    if (to.startsWith('/')) continue;
    const target = to ? path.join(path.dirname(file), decodeURI(to)) : file;
    if (target.startsWith('..')) found.push(`${link} leads out of the project`);
    const there = await stat(path.join(root, target)).catch(() => null);
    if (!there) found.push(link);
    else if (anchor && !(target.endsWith('.md') && anchors(await read(target)).has(anchor))) found.push(link);
  }
  return found;
}

test('every link leads to a file that is there, and to a heading of it', async () => {
  assert.ok(files.includes('README.md') && files.includes('docs/quickstart.md'));
  const all = {};
  for (const file of files) {
    const found = await broken(file);
    if (found.length) all[file] = found;
  }
  assert.deepEqual(all, {});
});

test('the README leads to every guide', async () => {
  const linked = new Set(links(await read('README.md')).map((link) => link.split('#')[0]));
  const guides = files.filter((file) => /^docs\/[^/]+\.md$/.test(file));
  assert.ok(guides.length >= 15);
  assert.deepEqual(guides.filter((file) => !linked.has(file)), []);
});

test('a link to a heading that is not there is found', () => {
  assert.deepEqual([...anchors("# A b\n\n## What wasn't `x`\n\n## A b\n")], ['a-b', 'what-wasnt-x', 'a-b-1']);
  assert.deepEqual(links('[a](b.md#c) `[not](this)` <img src="d.png">'), ['b.md#c', 'd.png']);
});
