import { type Family, ipToBytes, networkOf } from '@cni/ip';
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
  type RouteMetrics,
  type StreamData,
  unword,
} from '../npm.ts';
import { via } from './codec.ts';
import { MAIN_TABLE, type NewRoute, type RouteFilter, type RouteKey } from './route.ts';

/** `RTNH_F_ONLINK`, linux/rtnetlink.h; npm `netlink` has no name for it among the flags of a route. */
export const RTNH_F_ONLINK = 4;

type ProtocolName = Extract<RouteHeader['protocol'], string>;
type ScopeName = Extract<RouteHeader['scope'], string>;
type TypeName = Extract<RouteHeader['type'], string>;

/** As iproute2 does it. */
function scopeOf({ destination, gateway, type = 'unicast', scope }: NewRoute): Scope {
  if (scope !== undefined) return scope;
  if (destination.ip.family === 6) return 'universe';
  if (type === 'local' || type === 'nat') return 'host';
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return 'link';
  return type === 'unicast' && gateway === undefined ? 'link' : 'universe';
}

type RouteDetails = Pick<NewRoute, 'mtu' | 'advmss' | 'onlink'>;

function routeBody(route: RouteKey & RouteDetails, header: RouteHeader): Uint8Array {
  const { destination, table = MAIN_TABLE, onlink } = route;
  const flags: RouteFlags = onlink ? { __unknown: RTNH_F_ONLINK } : {};
  return bytesOf(
    formatRoute({
      family: toAf(destination.ip.family),
      dstLen: destination.prefixLength,
      // The header has eight bits for the table; a larger number goes into an attribute.
      table: table < 256 ? table : 0,
      flags,
      ...header,
    }),
    ...attributesOf(route, table),
  );
}

/** `RTA_VIA`, linux/rtnetlink.h */
const RTA_VIA = 18;

/** In the order of iproute2. */
function attributesOf(route: RouteKey & RouteDetails, table: number): StreamData[] {
  const { destination, gateway, link, priority, source, mtu, advmss } = route;
  const { family } = destination.ip;
  const number = (value: number | undefined) => (value === undefined ? undefined : putU32(value));
  const metrics = given<RouteMetrics>({ mtu: number(mtu), advmss: number(advmss) });
  const ways = given<RouteAttrs>({
    dst: destination.prefixLength > 0 || family === 6 ? ipToBytes(networkOf(destination)) : undefined,
    gateway: gateway?.family === family ? ipToBytes(gateway) : undefined,
  });
  const rest = given<RouteAttrs>({
    prefsrc: source && ipToBytes(source),
    table: table < 256 ? undefined : table,
    priority,
    oif: link,
    metrics: mtu === undefined && advmss === undefined ? undefined : metrics,
  });
  const otherFamily = gateway !== undefined && gateway.family !== family;
  return [
    formatRouteAttrs(ways),
    attributeOf(RTA_VIA, otherFamily ? via.encode(gateway) : undefined),
    formatRouteAttrs(rest),
  ];
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
export function listBody(family: Family, { table = MAIN_TABLE, link }: RouteFilter): Uint8Array {
  return bytesOf(
    formatRoute({ family: toAf(family) }),
    formatRouteAttrs(given<RouteAttrs>({ table: table === 'all' ? undefined : table, oif: link })),
  );
}
