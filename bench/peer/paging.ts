// ?page= and ?per_page= in, the Link header out.
import { z } from 'zod';
import type { C } from './env';
import { Failure } from './failure';

/** Nobody has so many pages. */
const LAST = 100_000_000;

const number = (label: string, standard: number, least: number, most: number) =>
  z
    .string()
    .trim()
    .regex(/^\d*$/, `${label} is not a number`)
    .transform((text) => Math.min(Math.max(text ? Number(text) : standard, least), most))
    .default(standard);

const query = z.object({ page: number('Page', 1, 1, LAST), per_page: number('Per page', 20, 10, 50) });

export function wanted(c: C) {
  const last = (name: string) => c.req.queries(name)?.at(-1);
  const { success, data, error } = query.safeParse({ page: last('page'), per_page: last('per_page') });
  if (!success) throw Failure.validation(error.issues.map(({ message }) => message));
  return { page: data.page, perPage: data.per_page };
}

/** RFC 8288: first, prev, next, last, with the request's other parameters kept. */
export function links(c: C, page: number, perPage: number, pages: number): string {
  const url = new URL(c.req.url);
  const last = Math.max(pages, 1);
  const link = (rel: string, to: number) => {
    url.searchParams.delete('page');
    url.searchParams.delete('per_page');
    url.searchParams.append('page', String(to));
    url.searchParams.append('per_page', String(perPage));
    return `<${url}>; rel="${rel}"`;
  };
  return [
    link('first', 1),
    ...(page > 1 ? [link('prev', Math.min(page - 1, last))] : []),
    ...(page < last ? [link('next', page + 1)] : []),
    link('last', last),
  ].join(', ');
}
