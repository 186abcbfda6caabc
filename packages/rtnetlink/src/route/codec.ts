import { type Ip, ipFromBytes } from '@cni/ip';
import { align, attribute, attributes, type WithUnknown } from '../codec/attributes.ts';
import {
  binary,
  type Codec,
  codec,
  concat,
  type Fixed,
  mapped,
  oneOf,
  s32,
  u8,
  u16,
  u32,
  WireError,
} from '../codec/codec.ts';
import { struct } from '../codec/struct.ts';
import { ipBytes } from '../codec/values.ts';
import { fromAf, toAf } from '../family.ts';
import type { Shape } from '../message.ts';
import { parseRoute, type RouteHeader } from '../npm.ts';
import type { RoutePreference } from './route.ts';

/** `RTM_*`, linux/rtnetlink.h */
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

/** `struct rtvia`, linux/rtnetlink.h: an address with its family in front. */
export const via: Codec<Ip> = codec({
  write(ip, out) {
    u16.write(toAf(ip.family), out);
    ipBytes.write(ip, out);
  },
  decode(bytes, start, end) {
    const family = end - start < 2 ? undefined : fromAf(u16.decode(bytes, start, start + 2));
    const length = family === 4 ? 4 : 16;
    if (family === undefined || end - start < 2 + length) throw new WireError('no address');
    return ipFromBytes(bytes.subarray(start + 2, start + 2 + length));
  },
});

interface RouteMetrics {
  readonly mtu?: number;
  readonly advmss?: number;
}

/** `RTAX_*`, linux/rtnetlink.h; the rest is kept, for a copy of the route. */
export const metrics: Codec<WithUnknown<RouteMetrics>> = attributes<RouteMetrics>('RTAX', {
  mtu: attribute(2, u32),
  advmss: attribute(8, u32),
});

interface HopHeader {
  readonly length: number;
  readonly flags: number;
  readonly hops: number;
  readonly link: number;
}

/** `struct rtnexthop`, linux/rtnetlink.h */
const rtnexthop = struct<HopHeader>('rtnexthop', 8, { length: u16, flags: u8, hops: u8, link: s32 });

interface HopAttributes {
  readonly gateway?: Ip;
  readonly via?: Ip;
}
const hopAttributes = attributes<HopAttributes>('RTA', { gateway: attribute(5, ipBytes), via: attribute(18, via) });
export type Hop = Omit<HopHeader, 'length'> & WithUnknown<HopAttributes>;

function encodeHop({ flags, hops, link, ...rest }: Hop): Uint8Array {
  const body = hopAttributes.encode(rest);
  return concat([rtnexthop.encode({ length: rtnexthop.size + body.length, flags, hops, link }), body]);
}

/** `RTA_MULTIPATH`: one struct after the other, each with attributes of its own. */
export const multipath: Codec<readonly Hop[]> = mapped(
  binary,
  (hops) => concat(hops.map(encodeHop)),
  (bytes) => {
    const hops: Hop[] = [];
    for (let at = 0; at < bytes.length; ) {
      const { length, ...hop } = rtnexthop.decode(bytes, at, bytes.length);
      if (length < 8 || at + length > bytes.length) throw new WireError(`hop of ${length} bytes`);
      hops.push({ ...hop, ...hopAttributes.decode(bytes, at + 8, at + length) });
      at += align(length);
    }
    return hops;
  },
);

/** `ICMPV6_ROUTER_PREF_*`, linux/icmpv6.h */
export const preferences: Fixed<RoutePreference> = oneOf(u8, { medium: 0, high: 1, low: 3 });

/** Ticks per second in which the kernel tells times, linux/param.h; the same on all architectures of today. */
export const USER_HZ = 100;

interface CacheInfo {
  readonly references: number;
  readonly lastUse: number;
  /** In ticks; 0 for never. */
  readonly expires: number;
  readonly error: number;
}

/** `struct rta_cacheinfo` as far as it is of use, linux/rtnetlink.h */
const cacheInfo = struct<CacheInfo>('rta_cacheinfo', 16, { references: u32, lastUse: u32, expires: s32, error: u32 });

export interface RouteAttributes {
  readonly destination?: Ip;
  readonly link?: number;
  readonly gateway?: Ip;
  readonly priority?: number;
  readonly source?: Ip;
  readonly metrics?: WithUnknown<RouteMetrics>;
  readonly multipath?: readonly Hop[];
  readonly flow?: Uint8Array;
  readonly cacheInfo?: CacheInfo;
  readonly table?: number;
  readonly via?: Ip;
  readonly preference?: RoutePreference;
  readonly encapType?: Uint8Array;
  readonly encap?: Uint8Array;
  readonly nexthopId?: number;
}

/** Read in order to be sent back: realms and encapsulation. */
export const RTA_FLOW = 11;
export const RTA_ENCAP_TYPE = 21;
export const RTA_ENCAP = 22;

/** `struct rtmsg` and `RTA_*`, linux/rtnetlink.h */
export const routeShape: Shape<RouteHeader, RouteAttributes> = {
  subject: 'route',
  size: 12,
  header: parseRoute,
  attributes: attributes<RouteAttributes>(
    'RTA',
    {
      destination: attribute(1, ipBytes),
      link: attribute(4, u32),
      gateway: attribute(5, ipBytes),
      priority: attribute(6, u32),
      source: attribute(7, ipBytes),
      metrics: attribute(8, metrics),
      multipath: attribute(9, multipath),
      flow: attribute(RTA_FLOW, binary),
      cacheInfo: attribute(12, cacheInfo),
      table: attribute(15, u32),
      via: attribute(18, via),
      preference: attribute(20, preferences),
      encapType: attribute(RTA_ENCAP_TYPE, binary),
      encap: attribute(RTA_ENCAP, binary),
      nexthopId: attribute(30, u32),
    },
    { skipRest: true },
  ),
};
