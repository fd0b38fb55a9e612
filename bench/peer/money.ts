// Exact money: integers of the currency's minor unit.

/** ISO 4217 codes that have a minor unit, by its decimals. */
const CODES: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
      COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
      JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
      NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
      THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};
const DECIMALS = new Map(Object.entries(CODES).flatMap(([decimals, codes]) => codes.split(/\s+/).map((code) => [code, Number(decimals)] as const)));

const MOST_MAJOR = 999_999_999n;

export const isCurrency = (code: string) => DECIMALS.has(code);

const decimalsOf = (currency: string) => DECIMALS.get(currency) ?? 2;

/** "10.0", "12.99", "1500.0": at least one decimal and no padding. */
export const wire = (minor: number, currency: string) => plain(padded(minor, currency));

/** "10.00 USD", "1500 JPY": as people read it. */
export const display = (minor: number, currency: string) => `${padded(minor, currency)} ${currency}`;

function padded(minor: number, currency: string): string {
  const decimals = decimalsOf(currency);
  if (!decimals) return String(minor);
  const digits = String(minor).padStart(decimals + 1, '0');
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** A plain decimal in the contract's form. */
export function plain(text: string): string {
  const [whole, fraction = ''] = text.split('.');
  return `${whole}.${fraction.replace(/0+$/, '') || '0'}`;
}

export interface Decimal {
  digits: bigint;
  scale: number;
}

/** Why a text is no price, in the words that follow its label. */
export class NoPrice extends Error {}

/** `12`, `12.5`, `.5` and JSON's exponent forms. */
export function decimal(text: string): Decimal {
  const [, sign, whole = '', fraction = '', power = '0'] = /^(-?)(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text) ?? [];
  if (whole + fraction === '') throw new NoPrice('is not a number');
  let digits = BigInt(whole + fraction);
  let scale = fraction.length - Number(power);
  if (sign && digits) throw new NoPrice('must be greater than 0');
  for (; scale < 0; scale++) digits *= 10n;
  for (; scale > 0 && digits % 10n === 0n; scale--) digits /= 10n;
  if (!digits) throw new NoPrice('must be greater than 0');
  return { digits, scale };
}

/** Rounded once, half up, to the currency's minor unit. */
export function minorUnits({ digits, scale }: Decimal, currency: string): number {
  const decimals = decimalsOf(currency);
  const unit = 10n ** BigInt(scale);
  const minor = (digits * 10n ** BigInt(decimals) * 2n + unit) / (unit * 2n);
  if (minor > MOST_MAJOR * 10n ** BigInt(decimals)) throw new NoPrice('must be less than or equal to 999999999');
  if (!minor) throw new NoPrice('must be greater than 0');
  return Number(minor);
}
