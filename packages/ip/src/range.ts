import { type Cidr, lastOf, networkOf, parseCidr } from './cidr.ts';
import { compareIps, formatIp, type Ip, parseIp } from './ip.ts';

/** Addresses from `first` to `last`, both included. */
export interface Range {
  readonly first: Ip;
  readonly last: Ip;
}

/** A range of one family, in order. Throws `Error` naming both ends. */
export function range(first: Ip, last: Ip): Range {
  if (first.family !== last.family || first.value > last.value) {
    throw new Error(`${formatIp(first)}-${formatIp(last)} is not a range`);
  }
  return { first, last };
}

/** Every address of a subnet, network and broadcast address included. */
export function rangeOf(subnet: Cidr): Range {
  return { first: networkOf(subnet), last: lastOf(subnet) };
}

/** Parses `172.51.0.100-172.51.0.108`, a single address, or a CIDR (all of its addresses). Throws `Error` naming the text. */
export function parseRange(text: string): Range {
  if (text.includes('/')) return rangeOf(parseCidr(text));
  const [first, last, ...rest] = text.split('-').map((end) => end.trim());
  if (first === undefined || rest.length > 0) throw new Error(`"${text}" is not an address range`);
  return range(parseIp(first), parseIp(last ?? first));
}

/** `10.1.0.2-10.1.0.9`, or the address alone. */
export function formatRange({ first, last }: Range): string {
  return first.value === last.value ? formatIp(first) : `${formatIp(first)}-${formatIp(last)}`;
}

/** Whether an address lies in the range. */
export function inRange({ first, last }: Range, address: Ip): boolean {
  return first.family === address.family && first.value <= address.value && address.value <= last.value;
}

/** Whether two ranges share an address. */
export function overlap(a: Range, b: Range): boolean {
  return a.first.family === b.first.family && compareIps(a.first, b.last) <= 0 && compareIps(b.first, a.last) <= 0;
}

/** How many addresses a range holds. */
export function sizeOf({ first, last }: Range): bigint {
  return last.value - first.value + 1n;
}
