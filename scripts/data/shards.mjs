// The files that the Worker reads (src/shop/network/ has the readers, and tests hold the two together). Numbers have their
// smallest byte first. Every file begins with four letters that say what it is.
import { createHash } from 'node:crypto';

/** Bytes of a file of ranges: one is read for an address, and kept by an isolate. */
export const maxShard = 40_000;

/** Files of domains. A domain is in that of its last two labels, so that one read answers for all of its parents. */
export const domainShards = 128;

const none = 0xffff;
const head = 12;

/**
 * `PGN4` or `PGN6`, the count of networks, the count of records; records of a start (4 bytes, or 8), the index of a network or 0xffff, and
 * the two letters of a country or zeros; networks of a number, where its name begins, its length, its marks; names.
 * @param ranges [[start, {number, name} | undefined, country | undefined]]
 * @returns {{start, bytes: Buffer}[]}
 */
export function rangeShards(family, ranges, marksOf, max = maxShard) {
  const shards = [];
  let shard;
  for (const [start, network, country] of ranges) {
    const size = family.bytes + 4 + (network && !shard?.networks.has(network.number) ? 8 + nameBytes(network).length : 0);
    if (!shard || shard.size + size > max) {
      shard = { start, records: [], networks: new Map(), size: head };
      shards.push(shard);
    }
    if (network && !shard.networks.has(network.number)) {
      const name = nameBytes(network);
      shard.networks.set(network.number, { index: shard.networks.size, name, marks: marksOf(network.number, network.name) });
      shard.size += 8 + name.length;
    }
    shard.records.push([start, network ? shard.networks.get(network.number).index : none, country]);
    shard.size += family.bytes + 4;
  }
  return shards.map(({ start, ...rest }) => ({ start, bytes: written(family, rest) }));
}

function written(family, { records, networks, size }) {
  const bytes = Buffer.alloc(size);
  bytes.write(family.bytes === 4 ? 'PGN4' : 'PGN6', 'latin1');
  bytes.writeUInt32LE(networks.size, 4);
  bytes.writeUInt32LE(records.length, 8);
  let at = head;
  for (const [start, index, country] of records) {
    if (family.bytes === 4) bytes.writeUInt32LE(start, at);
    else bytes.writeBigUInt64LE(start, at);
    bytes.writeUInt16LE(index, at + family.bytes);
    if (country) bytes.write(country, at + family.bytes + 2, 'latin1');
    at += family.bytes + 4;
  }
  let text = 0;
  const names = at + networks.size * 8;
  for (const [number, { name, marks }] of networks) {
    bytes.writeUInt32LE(number, at);
    bytes.writeUInt16LE(text, at + 4);
    bytes.writeUInt8(name.length, at + 6);
    bytes.writeUInt8(marks, at + 7);
    name.copy(bytes, names + text);
    text += name.length;
    at += 8;
  }
  return bytes;
}

/** At most 255 bytes of UTF-8, and no half character. */
function nameBytes({ name }) {
  let short = name;
  while (Buffer.byteLength(short) > 255) short = short.slice(0, -1);
  return Buffer.from(short);
}

/** `PGM1`; records of a network's number and its marks, four bytes each, by number: networks with no mark are left out. */
export function markedNetworks(networks, marksOf) {
  const marked = networks.map(({ number, name }) => [number, marksOf(number, name)]).filter(([, marks]) => marks);
  marked.sort(([one], [other]) => one - other);
  const bytes = Buffer.alloc(4 + marked.length * 8);
  bytes.write('PGM1', 'latin1');
  marked.forEach(([number, marks], n) => {
    bytes.writeUInt32LE(number, 4 + n * 8);
    bytes.writeUInt32LE(marks, 8 + n * 8);
  });
  return bytes;
}

/** `PGD1`; the first eight bytes of each domain's SHA-256, sorted as bytes. → one file for each number below `domainShards` */
export function domainFiles(domains) {
  const files = Array.from({ length: domainShards }, () => []);
  for (const domain of domains) files[sha256(domain.split('.').slice(-2).join('.'))[0] % domainShards].push(sha256(domain).subarray(0, 8));
  return files.map((hashes) => Buffer.concat([Buffer.from('PGD1'), ...hashes.sort(Buffer.compare)]));
}

const sha256 = (text) => createHash('sha256').update(text).digest();
