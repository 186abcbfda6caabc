import type { Cidr, Family, Ip } from '@cni/ip';
import type { Scope } from '../address/address.ts';

/** `RTN_*`, linux/rtnetlink.h */
export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'
  | 'nat'
  | number;

/** `RTPROT_*`, linux/rtnetlink.h: who made a route. */
export type RouteProtocol = 'redirect' | 'kernel' | 'boot' | 'static' | 'ra' | 'dhcp' | number;

/** `ICMPV6_ROUTER_PREF_*`, linux/icmpv6.h: which of several IPv6 routes is taken (RFC 4191). */
export type RoutePreference = 'low' | 'medium' | 'high';

/** An attribute, its type and its bytes, that is only read in order to be sent back. */
export interface OtherAttribute {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** One of the ways of a multipath route to be added. */
export interface NewNexthop {
  readonly gateway?: Ip;
  /** Index of the link. */
  readonly link: number;
  /** 1 to 256; 1 unless given. */
  readonly weight?: number;
  readonly onlink?: boolean;
  /** Realms and encapsulation. */
  readonly other?: readonly OtherAttribute[];
}

/** One of the ways of a multipath route. */
export interface Nexthop extends NewNexthop {
  readonly weight: number;
  readonly onlink: boolean;
}

/** A route to be added. */
export interface NewRoute {
  readonly destination: Cidr;
  /** Of the other family where IPv4 goes by an IPv6 gateway. */
  readonly gateway?: Ip;
  /** Index of the link. */
  readonly link?: number;
  /** The metric; the lower wins. None for IPv4 and 1024 for IPv6 unless given. */
  readonly priority?: number;
  /** The main table unless given. */
  readonly table?: number;
  /** As iproute2 chooses unless given: link for a route without a gateway, host for a local one, else universe. */
  readonly scope?: Scope;
  /** The source address of packets sent by it. */
  readonly source?: Ip;
  /** Bytes. */
  readonly mtu?: number;
  /** Bytes. */
  readonly advmss?: number;
  /** The gateway is taken to be on the link, whatever the addresses say. */
  readonly onlink?: boolean;
  readonly type?: RouteType;
  /** `boot` unless given, as of iproute2. */
  readonly protocol?: RouteProtocol;
  /** Only packets with this type of service; 0, the default, for all. IPv4 only. */
  readonly tos?: number;
  /** IPv6 only; `medium` unless given. */
  readonly preference?: RoutePreference;
  /** Several ways, in place of a gateway and a link. */
  readonly nexthops?: readonly NewNexthop[];
  /** A nexthop object by its number, in place of a gateway and a link: these are not sent with it. */
  readonly nexthopId?: number;
  /** Seconds until the kernel removes it. IPv6 only. */
  readonly expires?: number;
  /** `RTAX_*` beside `mtu` and `advmss`. */
  readonly otherMetrics?: readonly OtherAttribute[];
  /** Realms and encapsulation. */
  readonly other?: readonly OtherAttribute[];
}

/** A route as the kernel describes it. All of it can be given back: `add({ ...route, table: 101 })` is a copy of it. */
export interface Route extends NewRoute {
  /** 0 when there is none. */
  readonly priority: number;
  readonly table: number;
  readonly scope: Scope;
  readonly onlink: boolean;
  readonly type: RouteType;
  readonly protocol: RouteProtocol;
  readonly tos: number;
  /** Given for a multipath route, which has no gateway and link of its own. */
  readonly nexthops?: readonly Nexthop[];
}

/** Which route is deleted: the first that is like this in all that is given. IPv4 routes with a type of service need theirs. */
export type RouteKey = Pick<
  NewRoute,
  | 'destination'
  | 'gateway'
  | 'link'
  | 'priority'
  | 'table'
  | 'scope'
  | 'source'
  | 'type'
  | 'protocol'
  | 'tos'
  | 'nexthops'
  | 'nexthopId'
>;

/** Which routes are listed. */
export interface RouteFilter {
  readonly family?: Family;
  /** The main table unless given; `all` tables, the local one among them. */
  readonly table?: number | 'all';
  /** Index of a link. */
  readonly link?: number;
  /** Who made them. */
  readonly protocol?: RouteProtocol;
}

/** `RT_TABLE_MAIN`, linux/rtnetlink.h */
export const MAIN_TABLE = 254;
