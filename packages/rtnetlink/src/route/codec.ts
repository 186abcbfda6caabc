import { type Ip, ipFromBytes } from '@cni/ip';
import { align, attribute, attributes } from '../codec/attributes.ts';
import { binary, type Codec, concat, mapped, s32, u8, u16, u32, WireError } from '../codec/codec.ts';
import { struct } from '../codec/struct.ts';
import { ipBytes } from '../codec/values.ts';
import { fromAf, toAf } from '../family.ts';
import type { Shape } from '../message.ts';
import { parseRoute, type RouteHeader } from '../npm.ts';

/** `RTM_*`, linux/rtnetlink.h */
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

/** `struct rtvia`, linux/rtnetlink.h: an address with its family in front. */
export const via: Codec<Ip> = {
  encode: (ip) => concat([u16.encode(toAf(ip.family)), ipBytes.encode(ip)]),
  decode(bytes, start, end) {
    const family = end - start < 2 ? undefined : fromAf(u16.decode(bytes, start, start + 2));
    const length = family === 4 ? 4 : 16;
    if (family === undefined || end - start < 2 + length) throw new WireError('no address');
    return ipFromBytes(bytes.subarray(start + 2, start + 2 + length));
  },
};

interface RouteMetrics {
  readonly mtu?: number;
  readonly advmss?: number;
}

/** `RTAX_*`, linux/rtnetlink.h */
const metrics = attributes<RouteMetrics>(
  'RTAX',
  { mtu: attribute(2, u32), advmss: attribute(8, u32) },
  { skipRest: true },
);

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
const hopAttributes = attributes<HopAttributes>(
  'RTA',
  { gateway: attribute(5, ipBytes), via: attribute(18, via) },
  { skipRest: true },
);
export type Hop = HopHeader & HopAttributes;

/** `RTA_MULTIPATH`: one struct after the other, each with attributes of its own. */
const multipath: Codec<Hop[]> = mapped(
  binary,
  () => {
    throw new WireError('multipath routes are read only');
  },
  (bytes) => {
    const hops: Hop[] = [];
    for (let at = 0; at < bytes.length; ) {
      const hop = rtnexthop.decode(bytes, at, bytes.length);
      if (hop.length < 8 || at + hop.length > bytes.length) throw new WireError(`hop of ${hop.length} bytes`);
      hops.push({ ...hop, ...hopAttributes.decode(bytes, at + 8, at + hop.length) });
      at += align(hop.length);
    }
    return hops;
  },
);

export interface RouteAttributes {
  readonly destination?: Ip;
  readonly link?: number;
  readonly gateway?: Ip;
  readonly priority?: number;
  readonly source?: Ip;
  readonly metrics?: RouteMetrics;
  readonly multipath?: Hop[];
  readonly table?: number;
  readonly via?: Ip;
}

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
      table: attribute(15, u32),
      via: attribute(18, via),
    },
    { skipRest: true },
  ),
};
