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

/** One of the ways of a multipath route. */
export interface Nexthop {
  readonly gateway?: Ip;
  /** Index of the link. */
  readonly link: number;
  /** 1 to 256. */
  readonly weight: number;
  readonly onlink: boolean;
}

/** A route as the kernel describes it. */
export interface Route {
  readonly destination: Cidr;
  /** Of the other family where IPv4 goes by an IPv6 gateway. */
  readonly gateway?: Ip;
  /** Index of the link. */
  readonly link?: number;
  /** The metric; the lower wins. 0 when there is none. */
  readonly priority: number;
  readonly table: number;
  readonly scope: Scope;
  /** The source address of packets sent by it. */
  readonly source?: Ip;
  /** Bytes. */
  readonly mtu?: number;
  /** Bytes. */
  readonly advmss?: number;
  /** The gateway is taken to be on the link, whatever the addresses say. */
  readonly onlink: boolean;
  readonly type: RouteType;
  readonly protocol: RouteProtocol;
  /** Given for a multipath route, which has no gateway and link of its own. */
  readonly nexthops?: readonly Nexthop[];
}

/** A route to be added. */
export interface NewRoute {
  readonly destination: Cidr;
  readonly gateway?: Ip;
  /** Index of the link. */
  readonly link?: number;
  readonly priority?: number;
  /** The main table unless given. */
  readonly table?: number;
  /** As iproute2 chooses unless given: link for a route without a gateway, host for a local one, else universe. */
  readonly scope?: Scope;
  readonly source?: Ip;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly onlink?: boolean;
  readonly type?: RouteType;
  /** `boot` unless given, as of iproute2. */
  readonly protocol?: RouteProtocol;
}

/** Which route is deleted: the first that is like this in all that is given. */
export type RouteKey = Pick<
  NewRoute,
  'destination' | 'gateway' | 'link' | 'priority' | 'table' | 'scope' | 'source' | 'type' | 'protocol'
>;

/** Which routes are listed. */
export interface RouteFilter {
  readonly family?: Family;
  /** The main table unless given; `all` tables, the local one among them. */
  readonly table?: number | 'all';
  /** Index of a link. */
  readonly link?: number;
}

/** `RT_TABLE_MAIN`, linux/rtnetlink.h */
export const MAIN_TABLE = 254;
