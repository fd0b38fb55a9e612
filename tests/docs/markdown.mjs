// The project's Markdown, as its readers meet it: which files there are, their blocks of code, headings and links.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../scripts/shell.mjs';

/** Every Markdown file that git has or would take, from the root. */
export const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file && !file.startsWith('node_modules/'))
  .sort();

export const read = (file) => readFile(path.join(root, file), 'utf8');

/** → [{language, code, line}], the fenced blocks in their order. */
export function blocks(text) {
  const found = [];
  let open = null;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = line.match(/^```(\w*)/);
    if (fence && !open) open = { language: fence[1], code: [], line: index + 2 };
    else if (fence) {
      found.push({ ...open, code: open.code.join('\n') });
      open = null;
    } else open?.code.push(line);
  }
  return found;
}

const prose = (text) => text.replace(/^```[^]*?^```$/gm, '');

/** The anchors of a page's headings, as GitHub makes them. */
export function anchors(text) {
  const seen = new Map();
  return new Set(
    [...prose(text).matchAll(/^#{1,6} +(.+?)\s*$/gm)].map(([, title]) => {
      const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
      const slug = plain.toLowerCase().replace(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-');
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times ? `${slug}-${times}` : slug;
    }),
  );
}

/** Where a page leads: links, and the sources of its pictures. */
export function links(text) {
  const plain = prose(text).replace(/`[^`\n]*`/g, '');
  return [...plain.matchAll(/\]\(([^()\s]+)\)/g), ...plain.matchAll(/<img[^>]* src="([^"]+)"/g)].map(([, to]) => to);
}
