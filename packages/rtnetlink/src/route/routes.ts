import { type Cidr, defaultDestination, type Family, formatCidr, formatIp } from '@cni/ip';
import type { Scope } from '../address/address.ts';
import type { Conversation } from '../conversation.ts';
import { fromAf } from '../family.ts';
import { Flags, type Parts, type Request } from '../message.ts';
import type { LinkNames } from '../names.ts';
import { type RouteHeader, word } from '../npm.ts';
import { unlessErrno, wasPresent } from '../refusal.ts';
import {
  type Hop,
  type RouteAttributes,
  RTA_ENCAP,
  RTA_ENCAP_TYPE,
  RTA_FLOW,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  routeShape,
  USER_HZ,
} from './codec.ts';
import { addBody, deleteBody, listBody, RTNH_F_ONLINK } from './request.ts';
import {
  MAIN_TABLE,
  type NewRoute,
  type Nexthop,
  type Route,
  type RouteFilter,
  type RouteKey,
  type RouteProtocol,
  type RouteType,
} from './route.ts';

/** Routes of one namespace. Every verb throws `NetlinkError`. */
export interface Routes {
  /** Throws `EEXIST` when there is a route to the same destination, with the same priority, in the same table. */
  add(route: NewRoute): void;
  /** Adds the route before those to the same destination with the same priority, as `ip route prepend`; IPv6 makes one multipath route of them. */
  prepend(route: NewRoute): void;
  /** Adds the route, instead of the first one to the same destination with the same priority in the same table. */
  replace(route: NewRoute): void;
  /** Throws `ESRCH` when there is none like it. */
  delete(route: RouteKey): void;
  /** Whether there was one like it. */
  deleteIfPresent(route: RouteKey): boolean;
  /** Those of the main table, unless another is asked for. */
  list(filter?: RouteFilter): Route[];
}

/** The verbs on routes over a conversation. */
export function routeVerbs(conversation: Conversation, names: LinkNames): Routes {
  const request = (type: number, flags: number, body: Uint8Array, doing: () => string): Request => ({
    type,
    flags,
    body,
    doing,
    shape: routeShape,
  });

  function put(verb: string, flags: number, route: NewRoute): void {
    conversation.change(request(RTM_NEWROUTE, flags, addBody(route), () => `${verb} ${inWords(route, names)}`));
  }

  function remove(route: RouteKey): void {
    conversation.change(request(RTM_DELROUTE, 0, deleteBody(route), () => `delete ${inWords(route, names)}`));
  }

  function listFamily(family: Family, filter: RouteFilter): Route[] {
    const doing = () => `list IPv${family} routes${filter.link === undefined ? '' : ` of ${names.of(filter.link)}`}`;
    const dump = () => conversation.dump(request(RTM_GETROUTE, 0, listBody(family, filter), doing), routeShape);
    // A table that has never been used is not there.
    const found = unlessErrno(dump, 'ENOENT') ?? [];
    // A kernel without IPv6 answers with IPv4's routes.
    return found.filter(({ header }) => fromAf(header.family) === family).map((parts) => routeOf(parts, family));
  }

  return {
    add: (route) => put('add', Flags.create | Flags.exclusive, route),
    prepend: (route) => put('prepend', Flags.create, route),
    replace: (route) => put('replace', Flags.create | Flags.replace, route),
    delete: remove,
    deleteIfPresent: (route) => wasPresent(() => remove(route), 'ESRCH'),
    list(filter = {}) {
      const families: Family[] = filter.family === undefined ? [4, 6] : [filter.family];
      return families.flatMap((family) => listFamily(family, filter)).filter((route) => matches(route, filter));
    },
  };
}

/** The kernel filters too, since 5.0. */
function matches(route: Route, { table = MAIN_TABLE, link, protocol }: RouteFilter): boolean {
  const links = route.nexthops?.map((hop) => hop.link) ?? [route.link];
  return (
    (table === 'all' || route.table === table) &&
    (link === undefined || links.includes(link)) &&
    (protocol === undefined || route.protocol === protocol)
  );
}

function inWords({ destination, nexthops, table, ...way }: RouteKey, names: LinkNames): string {
  const ways = (nexthops ?? [way]).map((hop) => wayInWords(hop, names)).join(' and');
  return `route ${formatCidr(destination)}${ways}${table === undefined ? '' : ` in table ${table}`}`;
}

function wayInWords({ gateway, link }: Pick<NewRoute, 'gateway' | 'link'>, names: LinkNames): string {
  const by = gateway === undefined ? '' : ` via ${formatIp(gateway)}`;
  return `${by}${link === undefined ? '' : ` on ${names.of(link)}`}`;
}

function hopOf({ link, hops, flags, gateway, via, unknown }: Hop): Nexthop {
  const way = gateway ?? via;
  return {
    link,
    weight: hops + 1,
    onlink: (flags & RTNH_F_ONLINK) !== 0,
    ...(way !== undefined && { gateway: way }),
    ...(unknown !== undefined && { other: unknown }),
  };
}

function routeOf({ header, attributes }: Parts<RouteHeader, RouteAttributes>, family: Family): Route {
  const { dstLen = 0, flags = {}, tos = 0 } = header;
  const { destination, link, priority = 0, source, multipath, table = header.table ?? 0 } = attributes;
  const gateway = attributes.gateway ?? attributes.via;
  return {
    destination: destinationOf(destination, dstLen, family),
    ...(gateway !== undefined && { gateway }),
    ...(link !== undefined && { link }),
    priority,
    table,
    scope: word(header.scope) as Scope,
    ...(source !== undefined && { source }),
    ...metricsOf(attributes),
    onlink: ((flags.__unknown ?? 0) & RTNH_F_ONLINK) !== 0,
    type: word(header.type) as RouteType,
    protocol: word(header.protocol) as RouteProtocol,
    tos,
    ...(multipath !== undefined && { nexthops: multipath.map(hopOf) }),
    ...detailsOf(attributes),
  };
}

function metricsOf({ metrics = {} }: RouteAttributes): Pick<Route, 'mtu' | 'advmss' | 'otherMetrics'> {
  const { unknown, ...known } = metrics;
  return { ...known, ...(unknown !== undefined && { otherMetrics: unknown }) };
}

/** What few routes have. */
function detailsOf(found: RouteAttributes): Pick<Route, 'preference' | 'nexthopId' | 'expires' | 'other'> {
  const { preference, nexthopId, cacheInfo, flow, encapType, encap } = found;
  const kept: [number, Uint8Array | undefined][] = [
    [RTA_FLOW, flow],
    [RTA_ENCAP_TYPE, encapType],
    [RTA_ENCAP, encap],
  ];
  const other = kept.flatMap(([type, payload]) => (payload === undefined ? [] : [{ type, payload }]));
  const expires = Math.ceil((cacheInfo?.expires ?? 0) / USER_HZ);
  return {
    ...(preference !== undefined && { preference }),
    ...(nexthopId !== undefined && { nexthopId }),
    ...(expires > 0 && { expires }),
    ...(other.length > 0 && { other }),
  };
}

function destinationOf(ip: Cidr['ip'] | undefined, prefixLength: number, family: Family): Cidr {
  return ip === undefined ? defaultDestination(family) : { ip, prefixLength };
}
