/** A unit of its own for numbers of bits, and bits per second, as runtimes and people give them. */
declare const unit: unique symbol;
export type Bits = number & { readonly [unit]: 'bits' };

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A number of bits; a fraction of one is rounded up, as Kubernetes does. */
export function bits(value: number): Bits {
  // What binary fractions make of 1.1k is still 1100.
  return Math.ceil(Number(value.toPrecision(15))) as Bits;
}

/** Parses a Kubernetes quantity: `100M`, `10Mi`, `1.5G`, `1e6`, `512000`. Throws `Error` naming the text. */
export function parseQuantity(text: string): Bits {
  const [, digits, exponent, suffix = ''] =
    /^\+?(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i))?$/.exec(text) ?? [];
  const factor = exponent === undefined ? SUFFIXES[suffix] : 10 ** Number(exponent);
  if (digits === undefined || factor === undefined)
    throw new Error(`"${text}" is not a quantity of bits, such as 100M, 1.5G, 10Mi or 1000000`);
  return bits(Number(digits) * factor);
}

const NAMES: readonly (readonly [number, string])[] = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
];

/** `20 Mbit`, `1.5 Gbit`. */
export function formatBits(value: number): string {
  return formatAmount(value, 'bit', 6);
}

/** `1.23 GB`: a number of something with so many digits. */
export function formatAmount(value: number, unit: string, digits: number): string {
  const [factor, name] = NAMES.find(([size]) => value >= size) ?? [1, ''];
  return `${Number((value / factor).toPrecision(digits))} ${name}${unit}`;
}
