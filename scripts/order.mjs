// The order of a module's functions, by what gzip makes of it: it only finds again what it has seen in the last 32 kB, so
// functions that are alike must lie together. In this module that is worth 3 %, and costs nobody anything.
const window = 32_000;
const shingle = 6; // bytes; shorter ones are everywhere, longer ones nowhere

/** A module → the same with each function named by its place (`00012 its name`), for wasm-opt's --reorder-functions-by-name. */
export function ordered(wasm) {
  const { imported, bodies, names, section } = read(wasm);
  const place = new Map(arrange(bodies).map((index, place) => [imported + index, place]));
  const entries = [];
  for (let index = 0; index < imported + bodies.length; index++) {
    const prefix = index < imported ? '' : `${String(place.get(index)).padStart(5, '0')} `;
    const name = Buffer.from(`${prefix}${names.get(index) ?? index}`);
    entries.push(leb(index), leb(name.length), name);
  }
  const functions = sized(1, Buffer.concat([leb(imported + bodies.length), ...entries]));
  const content = Buffer.concat([leb(4), Buffer.from('name'), functions]);
  return Buffer.concat([wasm.subarray(0, section.start), wasm.subarray(section.end), sized(0, content)]);
}

/** wasm-opt's symbol map without the places. */
export const withoutPlaces = (symbols) => symbols.replace(/^(\d+:)\d{5} /gm, '$1');

// Greedily: next comes the function that has the most in common, for its length, with those in the window.
function arrange(bodies) {
  const parts = bodies.map(shingles);
  const holders = new Map();
  for (const [index, part] of parts.entries()) {
    for (const one of part) (holders.get(one) ?? holders.set(one, []).get(one)).push(index);
  }
  // What only one has is no reason, and what sixty have is none either.
  for (const [one, list] of holders) if (list.length < 2 || list.length > 60) holders.delete(one);

  const common = new Int32Array(bodies.length);
  const seen = new Map();
  const count = (index, by) => {
    for (const one of parts[index]) {
      const list = holders.get(one);
      if (!list) continue;
      const before = seen.get(one) ?? 0;
      seen.set(one, before + by);
      if (Math.min(before, before + by) === 0) for (const holder of list) common[holder] += by;
    }
  };

  const left = new Set(bodies.keys());
  const order = [];
  let [first, size] = [0, 0];
  while (left.size) {
    let [best, most] = [-1, -1];
    for (const index of left) {
      const worth = order.length ? common[index] / (bodies[index].length + 30) : bodies[index].length;
      if (worth > most) [best, most] = [index, worth];
    }
    left.delete(best);
    order.push(best);
    count(best, 1);
    size += bodies[best].length;
    for (; size > window && first < order.length - 1; first++) {
      count(order[first], -1);
      size -= bodies[order[first]].length;
    }
  }
  return order;
}

function shingles(body) {
  const found = new Set();
  for (let at = 0; at + shingle <= body.length; at++) found.add(body.readUIntBE(at, shingle));
  return found;
}

// --- The binary format, as far as it is needed: https://webassembly.github.io/spec/core/binary/modules.html ---------------

function read(wasm) {
  let at = 8; // magic and version
  const number = () => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = wasm[at++];
      value += (byte & 127) * 2 ** shift;
      shift += 7;
      if (byte < 128) return value;
    }
  };
  const bytes = () => {
    const length = number();
    return wasm.subarray(at, (at += length));
  };
  const found = { imported: 0, bodies: [], names: new Map(), section: { start: wasm.length, end: wasm.length } };
  while (at < wasm.length) {
    const start = at;
    const id = wasm[at++];
    const length = number();
    const end = at + length;
    if (id === 2) {
      for (let n = number(); n > 0; n--) {
        bytes();
        bytes();
        found.imported += importedFunction();
      }
    } else if (id === 10) {
      for (let n = number(); n > 0; n--) found.bodies.push(bytes());
    } else if (id === 0 && bytes().toString() === 'name') {
      found.section = { start, end };
      while (at < end) {
        const kind = wasm[at++];
        const next = number() + at;
        if (kind === 1) for (let n = number(); n > 0; n--) found.names.set(number(), bytes().toString());
        at = next;
      }
    }
    at = end;
  }
  return found;

  /** 1 for a function, 0 for what else may be imported. */
  function importedFunction() {
    const kind = wasm[at++];
    if (kind === 1) at++; // a table's type of references
    if (kind === 1 || kind === 2) {
      const limited = wasm[at++] & 1;
      number();
      if (limited) number();
    } else if (kind === 3) {
      at += 2;
    } else {
      if (kind === 4) at++;
      number();
    }
    return kind === 0 ? 1 : 0;
  }
}

function leb(value) {
  const out = [];
  do {
    out.push(value >= 128 ? (value % 128) + 128 : value);
    value = Math.floor(value / 128);
  } while (value);
  return Buffer.from(out);
}

const sized = (id, content) => Buffer.concat([Buffer.from([id]), leb(content.length), content]);
