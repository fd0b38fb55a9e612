// Secrets in what is printed, logged or answered: tests/secrets.txt says what they look like.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './shell.mjs';

const secrets = readFileSync(path.join(root, 'tests', 'secrets.txt'), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => {
    const [what, begin, more] = line.split(' | ');
    return [what, new RegExp(`${begin.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}[A-Za-z0-9+/=_-]{${Number(more)}}`)];
  });

/** → what of the list stands in a text, each kind once: ["an API key", …]. */
export function secretsIn(text) {
  return [...new Set(secrets.filter(([, form]) => form.test(text)).map(([what]) => what))];
}

/** More than the longest secret: so much of what was printed before is looked at again with what follows it. */
const overlap = 400;

/**
 * From now on looks through everything this process prints, its children's output included where it passes it on
 * → {found(): string[], stop()}. What was found is named with the line that it begins in, the secret itself cut off.
 */
export function listen(streams = [process.stdout, process.stderr]) {
  const found = new Set();
  const ends = streams.map((stream) => {
    const write = stream.write;
    let tail = '';
    stream.write = function (chunk, ...rest) {
      const text = tail + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      for (const [what, form] of secrets) {
        const at = text.search(form);
        if (at >= 0) found.add(`${what}, after "${text.slice(Math.max(0, at - 60), at).split('\n').pop()}"`);
      }
      tail = text.slice(-overlap);
      return write.call(stream, chunk, ...rest);
    };
    return () => (stream.write = write);
  });
  return { found: () => [...found], stop: () => ends.forEach((end) => end()) };
}
