// Bodies, as old and new clients write them: JSON under any label, Rails-style forms, one root key around it all.
import type { C } from './env';
import { Failure } from './failure';

export type Fields = Record<string, unknown>;

export async function fields(c: C, root: string): Promise<Fields> {
  const map = parse((await c.req.text()).trim());
  const [only, ...others] = Object.keys(map);
  const inner = map[root];
  return only === root && !others.length && isObject(inner) ? inner : map;
}

function parse(text: string): Fields {
  if (!text || text === 'null') return {};
  if (!/^[{["]/.test(text)) return form(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure(400, `The body is not valid JSON: ${(error as Error).message}`);
  }
  if (isObject(value)) return value;
  if (Array.isArray(value) && !value.length) return {};
  throw new Failure(400, 'The body must be a JSON object');
}

/** `a=1&b[]=2&b[]=3&c[d]=4` */
function form(text: string): Fields {
  if (!text.includes('=')) throw new Failure(400, 'The body is neither JSON nor a form (at line 1 column 1)');
  const map: Fields = Object.create(null);
  for (const [key, value] of new URLSearchParams(text)) {
    const [, outer = key, inner] = /^([^[]+)\[([^\]]*)\]/.exec(key) ?? [];
    const known = map[outer];
    if (inner === undefined) map[outer] = value;
    else if (inner === '') map[outer] = Array.isArray(known) ? [...known, value] : [value];
    else map[outer] = { ...(isObject(known) ? known : {}), [inner]: value };
  }
  return map;
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
