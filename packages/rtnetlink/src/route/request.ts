import { type Family, type Ip, ipToBytes, networkOf } from '@cni/ip';
import type { Scope } from '../address/address.ts';
import { toAf } from '../family.ts';
import {
  attributeOf,
  bytesOf,
  formatRoute,
  formatRouteAttrs,
  given,
  putU32,
  type RouteAttrs,
  type RouteFlags,
  type RouteHeader,
  type StreamData,
  unword,
} from '../npm.ts';
import { type Hop, metrics, multipath, preferences, via } from './codec.ts';
import { MAIN_TABLE, type NewNexthop, type NewRoute, type RouteFilter, type RouteKey } from './route.ts';

/** `RTNH_F_ONLINK`, linux/rtnetlink.h; npm `netlink` has no name for it among the flags of a route. */
export const RTNH_F_ONLINK = 4;

type ProtocolName = Extract<RouteHeader['protocol'], string>;
type ScopeName = Extract<RouteHeader['scope'], string>;
type TypeName = Extract<RouteHeader['type'], string>;

/** As iproute2 does it. */
function scopeOf({ destination, gateway, nexthops, nexthopId, type = 'unicast', scope }: NewRoute): Scope {
  if (scope !== undefined) return scope;
  if (destination.ip.family === 6) return 'universe';
  if (type === 'local' || type === 'nat') return 'host';
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return 'link';
  const byLink = gateway === undefined && nexthops === undefined && nexthopId === undefined;
  return type === 'unicast' && byLink ? 'link' : 'universe';
}

function routeBody(route: NewRoute, header: RouteHeader): Uint8Array {
  const { destination, table = MAIN_TABLE, onlink, tos = 0 } = route;
  const flags: RouteFlags = onlink ? { __unknown: RTNH_F_ONLINK } : {};
  return bytesOf(
    formatRoute({
      family: toAf(destination.ip.family),
      dstLen: destination.prefixLength,
      tos,
      // The header has eight bits for the table; a larger number goes into an attribute.
      table: table < 256 ? table : 0,
      flags,
      ...header,
    }),
    ...attributesOf(route, table),
  );
}

/** linux/rtnetlink.h */
const RTA_METRICS = 8;
const RTA_VIA = 18;

/** A gateway is one attribute or the other: IPv4 can go by an IPv6 gateway. */
function gatewayOf(family: Family, gateway: Ip | undefined): { gateway?: Ip; via?: Ip } {
  if (gateway === undefined) return {};
  return gateway.family === family ? { gateway } : { via: gateway };
}

/** In the order of iproute2. A nexthop object is all ways in one, and not given with another. */
function attributesOf(route: NewRoute, table: number): StreamData[] {
  const { destination, priority, source, preference, nexthopId, expires, other = [] } = route;
  const { family } = destination.ip;
  const { gateway, link, nexthops } = nexthopId === undefined ? route : {};
  const way = gatewayOf(family, gateway);
  return [
    formatRouteAttrs(
      given<RouteAttrs>({
        dst: destination.prefixLength > 0 || family === 6 ? ipToBytes(networkOf(destination)) : undefined,
        gateway: way.gateway && ipToBytes(way.gateway),
      }),
    ),
    attributeOf(RTA_VIA, way.via && via.encode(way.via)),
    formatRouteAttrs(
      given<RouteAttrs>({
        pref: preference && preferences.encode(preference),
        prefsrc: source && ipToBytes(source),
        table: table < 256 ? undefined : table,
        priority,
        expires: expires === undefined ? undefined : putU32(expires),
        oif: link,
      }),
    ),
    attributeOf(RTA_METRICS, metricsOf(route)),
    formatRouteAttrs(
      given<RouteAttrs>({
        multipath: nexthops && multipath.encode(nexthops.map((hop) => hopOf(family, hop))),
        nhId: nexthopId === undefined ? undefined : putU32(nexthopId),
      }),
    ),
    ...other.map(({ type, payload }) => attributeOf(type, payload)),
  ];
}

function metricsOf({ mtu, advmss, otherMetrics }: NewRoute): Uint8Array | undefined {
  if (mtu === undefined && advmss === undefined && otherMetrics === undefined) return undefined;
  return metrics.encode({
    ...(mtu !== undefined && { mtu }),
    ...(advmss !== undefined && { advmss }),
    ...(otherMetrics !== undefined && { unknown: otherMetrics }),
  });
}

function hopOf(family: Family, { gateway, link, weight = 1, onlink, other }: NewNexthop): Hop {
  return {
    flags: onlink ? RTNH_F_ONLINK : 0,
    hops: weight - 1,
    link,
    ...gatewayOf(family, gateway),
    ...(other !== undefined && { unknown: other }),
  };
}

/** `RTM_NEWROUTE`. */
export function addBody(route: NewRoute): Uint8Array {
  const { type = 'unicast', protocol = 'boot' } = route;
  return routeBody(route, {
    protocol: unword<ProtocolName>(protocol),
    scope: unword<ScopeName>(scopeOf(route)),
    type: unword<TypeName>(type),
  });
}

/** `RTM_DELROUTE`: what is not given is anything; for the scope that is written `nowhere`. */
export function deleteBody(route: RouteKey): Uint8Array {
  const { type = 0, protocol = 0, scope = 'nowhere' } = route;
  return routeBody(route, {
    protocol: unword<ProtocolName>(protocol),
    scope: unword<ScopeName>(scope),
    type: unword<TypeName>(type),
  });
}

/** `RTM_GETROUTE` for the routes of a family. */
export function listBody(family: Family, { table = MAIN_TABLE, link, protocol = 0 }: RouteFilter): Uint8Array {
  return bytesOf(
    formatRoute({ family: toAf(family), protocol: unword<ProtocolName>(protocol) }),
    formatRouteAttrs(given<RouteAttrs>({ table: table === 'all' ? undefined : table, oif: link })),
  );
}
