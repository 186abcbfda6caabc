import { type Cidr, type Family, ipFromBytes, ipToBytes, subnetOf } from '@cni/ip';
import type { Match } from './filter.ts';

/** One comparison of `struct tc_u32_key`: 32 bits of the packet at an offset from its network header, in network order. */
export interface U32Key {
  readonly mask: number;
  readonly value: number;
  readonly offset: number;
}

/** `ETH_P_*`, linux/if_ether.h */
export const ETH_P_ALL = 0x0003;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;

/** Where the addresses are in a header of either family (RFC 791, RFC 8200). */
const OFFSETS = { 4: { source: 12, destination: 16 }, 6: { source: 8, destination: 24 } } as const;
const EVERYTHING: U32Key = { mask: 0, value: 0, offset: 0 };

function familyOf({ source, destination }: Match): Family | undefined {
  return source?.ip.family ?? destination?.ip.family;
}

/** The protocol of the packets that are compared. */
export function protocolOf(match: Match): number {
  const family = familyOf(match);
  if (family === undefined) return ETH_P_ALL;
  return family === 4 ? ETH_P_IP : ETH_P_IPV6;
}

/** The comparisons that tell the packets of a match. Throws `Error` for one of two families. */
export function keysOf(match: Match): U32Key[] {
  const { source, destination } = match;
  if (source !== undefined && destination !== undefined && source.ip.family !== destination.ip.family)
    throw new Error('match packets of two families at once');
  const keys = [
    ...(source === undefined ? [] : prefixKeys(source, OFFSETS[source.ip.family].source)),
    ...(destination === undefined ? [] : prefixKeys(destination, OFFSETS[destination.ip.family].destination)),
  ];
  return keys.length === 0 ? [EVERYTHING] : keys;
}

function prefixKeys(cidr: Cidr, offset: number): U32Key[] {
  const { ip, prefixLength } = subnetOf(cidr);
  const view = new DataView(Uint8Array.from(ipToBytes(ip)).buffer);
  const words = Math.ceil(prefixLength / 32);
  return Array.from({ length: words }, (_, index) => ({
    mask: maskOf(Math.min(prefixLength - 32 * index, 32)),
    value: view.getUint32(4 * index),
    offset: offset + 4 * index,
  }));
}

function maskOf(bits: number): number {
  return (0xffffffff << (32 - bits)) >>> 0;
}

/** The way back; nothing for comparisons that are of something else. */
export function matchOf(protocol: number, keys: readonly U32Key[]): Match | undefined {
  const [first] = keys;
  if (protocol === ETH_P_ALL) return keys.length === 1 && first?.mask === 0 ? {} : undefined;
  if (protocol !== ETH_P_IP && protocol !== ETH_P_IPV6) return undefined;
  const family = protocol === ETH_P_IP ? 4 : 6;
  const { source: from, destination: to } = OFFSETS[family];
  const source = cidrOf(
    family,
    keys.filter(({ offset }) => offset < to),
    from,
  );
  const destination = cidrOf(
    family,
    keys.filter(({ offset }) => offset >= to),
    to,
  );
  if (source === undefined || destination === undefined) return undefined;
  return { ...(source !== 'any' && { source }), ...(destination !== 'any' && { destination }) };
}

function cidrOf(family: Family, keys: readonly U32Key[], start: number): Cidr | 'any' | undefined {
  if (keys.every(({ mask }) => mask === 0)) return 'any';
  const view = new DataView(new ArrayBuffer(family === 4 ? 4 : 16));
  let prefixLength = 0;
  for (const [index, { mask, value, offset }] of keys.entries()) {
    const bits = 32 - Math.clz32(~mask >>> 0);
    const whole = prefixLength === 32 * index && mask === maskOf(32 - bits) && offset === start + 4 * index;
    if (!whole || offset - start + 4 > view.byteLength) return undefined;
    view.setUint32(4 * index, value);
    prefixLength += 32 - bits;
  }
  return { ip: ipFromBytes(new Uint8Array(view.buffer)), prefixLength };
}
