/**
 * Everything that comes from npm `netlink` passes through here: its structs (the fixed headers of rtnetlink, both
 * ways) and its attribute sets (what we send). Its faults are worked around here and nowhere else; the
 * list of them is in this package's README.
 *
 * Deep imports, because its index and its socket load a native addon.
 */
import * as generated from 'netlink/dist/rt/gen_structs.js';
import * as ifla from 'netlink/dist/rt/ifla.js';
import type * as structs from 'netlink/dist/structs.js';
import type { AttrStream, StreamData } from 'netlink/dist/structs.js';
import { encodeAttribute } from './codec/attributes.ts';
import { concat } from './codec/codec.ts';

export {
  type Address as AddressHeader,
  type AddressAttrs,
  type AddressFlags,
  type DeviceFlags,
  formatAddress,
  formatLink,
  formatNeighbor,
  formatRoute,
  formatRouteMetrics,
  formatRule,
  type Link as LinkHeader,
  type Neighbor as NeighbourHeader,
  type NeighborAttrs as NeighbourAttrs,
  type NeighborState as NeighbourState,
  parseAddress,
  parseAddressFlags,
  parseLink,
  parseNeighbor,
  parseRoute,
  parseRule,
  type Route as RouteHeader,
  type RouteAttrs,
  type RouteFlags,
  type RouteMetrics,
  type Rule as RuleHeader,
  type RuleAttrs,
  type RuleFlags,
} from 'netlink/dist/rt/gen_structs.js';
export { formatIpvlan, formatMacvlan, formatVethInfo, type LinkAttrs, type VethInfo } from 'netlink/dist/rt/ifla.js';
/** Node's Buffer, or the one that is bundled in its place. */
export type NodeBuffer = ReturnType<typeof structs.putU32>;
export type { StreamData } from 'netlink/dist/structs.js';
export { putU16, putU32 } from 'netlink/dist/structs.js';

/** Its functions ask for a Buffer and are content with any byte array, as long as they only read. */
export function asBuffer(bytes: Uint8Array): NodeBuffer {
  return bytes as NodeBuffer;
}

/**
 * A formatter of attributes, called once for all. At each call it would make a function for every attribute that there may
 * be, 54 for a link; so it gets one object, which is filled anew for each message.
 */
function formatter<T extends object>(format: (attrs: T) => StreamData): (attrs: T) => StreamData {
  const filled = {} as T;
  const stream = format(filled) as (out: AttrStream) => void;
  return (attrs) => (out: AttrStream) => {
    for (const key of Object.keys(filled) as (keyof T)[]) delete filled[key];
    Object.assign(filled, attrs);
    stream(out);
  };
}

type Formatter<T> = (attrs: T) => StreamData;
export const formatLinkAttrs: Formatter<ifla.LinkAttrs> = formatter(ifla.formatLinkAttrs);
export const formatAddressAttrs: Formatter<generated.AddressAttrs> = formatter(generated.formatAddressAttrs);
export const formatNeighborAttrs: Formatter<generated.NeighborAttrs> = formatter(generated.formatNeighborAttrs);
export const formatRouteAttrs: Formatter<generated.RouteAttrs> = formatter(generated.formatRouteAttrs);
export const formatRuleAttrs: Formatter<generated.RuleAttrs> = formatter(generated.formatRuleAttrs);

/** What its formatters take: any byte array for a Buffer, and `undefined` for an attribute that is not to be sent. */
type Loose<T> = {
  [K in keyof T]?: (NonNullable<T[K]> extends Uint8Array ? Uint8Array : T[K]) | undefined;
};

/** Attributes for one of its formatters. */
export function given<T extends object>(attrs: Loose<T>): T {
  return attrs as T;
}

/**
 * What its formatters push attributes to. Its own pads only before the next attribute, so that a nest would be shorter than
 * the attributes in it, and takes three arrays for each; this one renders each as a whole.
 */
class Attributes implements Pick<AttrStream, 'push' | 'emit'> {
  readonly parts: Uint8Array[] = [];

  emit(data: StreamData): void {
    if (data instanceof Uint8Array) this.parts.push(data);
    else if (Array.isArray(data)) this.parts.push(...data);
    else data(this as unknown as AttrStream);
  }

  push(type: number, data: StreamData): void {
    this.parts.push(encodeAttribute(type, data instanceof Uint8Array ? data : bytesOf(data)));
  }
}

/** The bytes of a stream, padded to a multiple of four. */
export function bytesOf(...stream: StreamData[]): Uint8Array {
  const out = new Attributes();
  for (const part of stream) out.emit(part);
  const bytes = concat(out.parts);
  return bytes.length % 4 === 0 ? bytes : concat([bytes, new Uint8Array(4 - (bytes.length % 4))]);
}

/** `IFLA_INFO_KIND` and `IFLA_INFO_DATA`. Its own `formatInfo` sends the kind with a NUL that iproute2 does not send. */
export function infoBytes(kind: Uint8Array, data: Uint8Array | undefined): Uint8Array {
  return bytesOf((out: AttrStream) => {
    out.push(1, kind);
    if (data !== undefined) out.push(2, data);
  });
}

/**
 * An attribute as it is, for those that its formatters get wrong: `IFLA_IFALIAS` (sent with a NUL, which makes the longest
 * alias too long for the kernel) and `RTA_VIA` (three bytes, whatever the address).
 */
export function attributeOf(type: number, payload: Uint8Array | undefined): StreamData {
  return (out: AttrStream) => {
    if (payload !== undefined) out.push(type, payload);
  };
}

/** A value of its enums, `'LINK'` or a number it has no name for, as a word of ours. */
export function word<W extends string>(value: string | number | undefined): Lowercase<W> | number {
  return typeof value === 'string' ? (value.toLowerCase() as Lowercase<W>) : (value ?? 0);
}

/** The way back: its name for a word of ours. */
export function unword<W extends string>(value: Lowercase<W> | number): W | number {
  return typeof value === 'string' ? (value.toUpperCase() as W) : value;
}
