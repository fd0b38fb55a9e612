// The coins whose chain is kept by a daemon of Bitcoin's kind, and what differs between them.
import { createHash } from 'node:crypto';
import { btc, startBitcoind, startLitecoind } from './bitcoind.mjs';
import { startEsplora } from './esplora.mjs';

/** BIP 84's and BIP 49's published examples. */
export const zpub = 'zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs';
export const upub = 'upub5EFU65HtV5TeiSHmZZm7FUffBGy8UKeqp7vw43jYbvZPpoVsgU93oac7Wk3u6moKegAEWtGNF8DehrnHtv21XXEMYRUocHqguyjknFHYfgY';

const [segwit, wrapped] = ['wpkh', 'sh(wpkh'];
const serve = (node) => startEsplora({ rpc: node.rpc });

export const bitcoin = {
  gateway: 'Bitcoin',
  wallet: { xpub: zpub },
  wrapped: { xpub: upub, address: /^2/ },
  /** Version bytes of every kind of key that is taken (SLIP-132), and what its addresses are. */
  keys: { '0488b21e': segwit, '043587cf': segwit, '049d7cb2': wrapped, '044a5262': wrapped, '045f1cf6': segwit, '04b24746': segwit },
  symbol: 'BTC',
  usd: '50000',
  /** Of ten dollars, in units of 10⁻⁸. */
  value: 20_000,
  /** Needed where nobody says otherwise. */
  confirmations: 1,
  start: startBitcoind,
  serve,
  settings: (urls) => ({ BITCOIN_NETWORK: 'regtest', BITCOIN_ESPLORA_URLS: urls }),
};

export const litecoin = {
  ...bitcoin,
  gateway: 'Litecoin',
  wrapped: { xpub: upub, address: /^Q/ },
  keys: { ...bitcoin.keys, '019da462': segwit, '01b26ef6': wrapped, '0436f6e1': segwit },
  symbol: 'LTC',
  usd: '100',
  value: 10_000_000,
  confirmations: 2,
  start: startLitecoind,
  settings: (urls) => ({ LITECOIN_NETWORK: 'regtest', LITECOIN_ESPLORA_URLS: urls }),
};

/** An amount as pages have it: "0.00012 BTC". */
export const written = (coin, units) => `${btc(units).replace(/\.?0+$/, '')} ${coin.symbol}`;

/** The first addresses of an account's key, out of the node's own derivation. It reads keys as tpub alone. */
export async function firstAddresses(node, key, script) {
  const descriptor = `${script}(${respelled(key, '043587cf')}/0/*)${script === wrapped ? ')' : ''}`;
  const { checksum } = await node.rpc('getdescriptorinfo', descriptor);
  return node.rpc('deriveaddresses', `${descriptor}#${checksum}`, [0, 2]);
}

/** The same key under other version bytes. */
export function respelled(key, version) {
  const body = base58(key).subarray(4, -4);
  const whole = Buffer.concat([Buffer.from(version, 'hex'), body]);
  return inBase58(Buffer.concat([whole, sha256(sha256(whole)).subarray(0, 4)]));
}

const LETTERS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

// Of extended keys, which begin with no zero byte, so that a number says all.
function base58(text) {
  const number = [...text].reduce((sum, letter) => sum * 58n + BigInt(LETTERS.indexOf(letter)), 0n);
  return Buffer.from(number.toString(16).padStart(164, '0'), 'hex');
}

function inBase58(bytes) {
  let text = '';
  for (let number = BigInt(`0x${bytes.toString('hex')}`); number > 0n; number /= 58n) text = LETTERS[Number(number % 58n)] + text;
  return text;
}
