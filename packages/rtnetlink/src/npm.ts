/**
 * Everything that comes from npm `netlink` passes through here: its structs (message header and the fixed headers of
 * rtnetlink, both ways) and its attribute sets (what we send). Its faults are worked around here and nowhere else; the
 * list of them is in this package's README.
 *
 * Deep imports, because its index and its socket load a native addon.
 */
import type { AttrStream, StreamData } from 'netlink/dist/structs.js';
import * as structs from 'netlink/dist/structs.js';

export {
  type Address as AddressHeader,
  type AddressAttrs,
  type AddressFlags,
  type DeviceFlags,
  formatAddress,
  formatAddressAttrs,
  formatLink,
  formatNeighbor,
  formatNeighborAttrs,
  formatRoute,
  formatRouteAttrs,
  formatRouteMetrics,
  formatRule,
  formatRuleAttrs,
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
export {
  formatIpvlan,
  formatLinkAttrs,
  formatMacvlan,
  formatVethInfo,
  type LinkAttrs,
  type VethInfo,
} from 'netlink/dist/rt/ifla.js';
/** Node's Buffer, or the one that is bundled in its place. */
export type NodeBuffer = ReturnType<typeof structs.putU32>;
export type { NetlinkHeader, StreamData } from 'netlink/dist/structs.js';
export { formatHeader, putU16, putU32 } from 'netlink/dist/structs.js';

/** `struct nlmsghdr` of the message at `at`. Throws `Error` when there are fewer than 16 bytes. */
export function parseHeader(bytes: Uint8Array, at: number): structs.NetlinkHeader {
  return structs.parseHeader(asBuffer(bytes.subarray(at))).x;
}

/** Its functions ask for a Buffer and are content with any byte array, as long as they only read. */
export function asBuffer(bytes: Uint8Array): NodeBuffer {
  return bytes as NodeBuffer;
}

/** What its formatters take: any byte array for a Buffer, and `undefined` for an attribute that is not to be sent. */
type Loose<T> = {
  [K in keyof T]?: (NonNullable<T[K]> extends Uint8Array ? Uint8Array : T[K]) | undefined;
};

/** Attributes for one of its formatters. */
export function given<T extends object>(attrs: Loose<T>): T {
  return attrs as T;
}

/**
 * The bytes of a stream, padded to a multiple of four. `AttrStream` pads only before the next attribute, so that
 * without this a nest would be shorter than the attributes in it.
 */
export function bytesOf(...stream: StreamData[]): Uint8Array {
  const out = new structs.AttrStream();
  for (const part of stream) out.emit(part);
  const length = structs.countLength(out.bufs);
  const bytes = new Uint8Array(structs.align(length));
  let at = 0;
  for (const part of out.bufs) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
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
