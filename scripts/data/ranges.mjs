// Ranges of addresses, read from CSV and laid over each other. A key is an address of IPv4 as a number, or the first half of
// one of IPv6 as a BigInt: whoever has one address has its whole /64.

export const v4 = { one: 1, zero: 0, bytes: 4, read: (first, last) => [Number(first), Number(last)] };

const half = 1n << 64n;
export const v6 = {
  one: 1n,
  zero: 0n,
  bytes: 8,
  // The /64s that it covers whole, if there is one.
  read: (first, last) => [(BigInt(first) + half - 1n) / half, (BigInt(last) + 1n) / half - 1n],
};

/** `first,last,rest` → [[first, last, value]], sorted, without overlaps: of two the one that begins later keeps what both have. */
export function rangesOf(family, text, valueOf) {
  const ranges = [];
  for (const line of text.split('\n')) {
    const [first, last, ...rest] = line.split(',');
    if (rest.length === 0) continue;
    const [start, end] = family.read(first, last);
    if (start <= end) ranges.push([start, end, valueOf(rest.join(','))]);
  }
  ranges.sort((one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
  for (let n = 0; n + 1 < ranges.length; n += 1) if (ranges[n][1] >= ranges[n + 1][0]) ranges[n][1] = ranges[n + 1][0] - family.one;
  return ranges.filter(([start, end]) => start <= end);
}

/** Two lists of ranges as one → [[start, value of one, value of the other]], each up to the next; `undefined` where there is none. */
export function overlay(family, ones, others) {
  const edges = new Set([family.zero]);
  for (const [start, end] of [...ones, ...others]) edges.add(start).add(end + family.one);
  const sorted = [...edges].sort((one, other) => (one < other ? -1 : 1));
  const walk = (ranges) => {
    let at = 0;
    return (key) => {
      while (at < ranges.length && ranges[at][1] < key) at += 1;
      return at < ranges.length && ranges[at][0] <= key ? ranges[at][2] : undefined;
    };
  };
  const [one, other] = [walk(ones), walk(others)];
  const laid = [];
  const limit = 1n << BigInt(8 * family.bytes);
  for (const key of sorted) {
    if (BigInt(key) >= limit) break; // behind the last address
    const next = [key, one(key), other(key)];
    const last = laid.at(-1);
    if (!last || last[1] !== next[1] || last[2] !== next[2]) laid.push(next);
  }
  return laid;
}

/** A field of CSV without its quotes (RFC 4180). */
export const unquoted = (field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);

/** `number,name` */
export function networkOf(rest) {
  const comma = rest.indexOf(',');
  return { number: Number(rest.slice(0, comma)), name: unquoted(rest.slice(comma + 1)).trim() };
}
