import { equalCidrs, equalIps, formatCidr, parseCidr, parseIp } from '@cni/ip';
import { MAIN_TABLE, type NewRoute, type Route, type RouteFilter } from '@cni/rtnetlink';
import type { Look, Side } from '../ground.ts';
import type { RouteEntry } from './entry.ts';
import { type Kind, placeOf } from './kind.ts';

/** Routes and rules made here say so, and no other program's do. `RTPROT_*` of linux/rtnetlink.h has no name for it. */
export const PROTOCOL = 0xc4;

export const route: Kind<RouteEntry> = {
  words: ({ destination, link, table }) => `route ${destination} by ${link} in table ${table}`,
  put({ side, destination, via, source, link, table, onlink }, ground) {
    ground[side].rtnl.routes.replace({
      destination: parseCidr(destination),
      link: ground[side].index(link),
      table,
      protocol: PROTOCOL,
      ...(via !== undefined && { gateway: parseIp(via) }),
      ...(source !== undefined && { source: parseIp(source) }),
      ...(onlink && { onlink }),
    });
  },
  /** One whose link is gone went with it. */
  take({ side, destination, link, table }, ground) {
    const index = ground[side].find(link)?.index;
    if (index === undefined) return;
    const key = { destination: parseCidr(destination), link: index, table, protocol: PROTOCOL };
    ground[side].rtnl.routes.deleteIfPresent(key);
  },
  faultOf(entry, look) {
    if (look.routes(entry.side, entry.table).some((found) => isSame(found, entry, look))) return undefined;
    return `${route.words(entry)} ${placeOf(entry)} is gone`;
  },
};

function isSame({ destination, link, gateway }: Route, entry: RouteEntry, look: Look): boolean {
  const via = entry.via === undefined ? undefined : parseIp(entry.via);
  return (
    link === look[entry.side].find(entry.link)?.index &&
    equalCidrs(destination, parseCidr(entry.destination)) &&
    (via === undefined || gateway === undefined ? via === gateway : equalIps(gateway, via))
  );
}

/** Routes that lead somewhere, the ways of multipath ones one by one. */
export function listWays({ rtnl }: Side, filter: RouteFilter): NewRoute[] {
  return rtnl.routes
    .list(filter)
    .filter(({ type }) => type === 'unicast')
    .flatMap(({ nexthops, ...route }) => nexthops?.map(({ weight: _, ...hop }) => ({ ...route, ...hop })) ?? [route]);
}

/** Those of a table by a link. */
export function routesBy(side: Side, link: number, table: number): NewRoute[] {
  return listWays(side, { table }).filter((way) => way.link === link);
}

/** What is told of them: those that the coordinator made itself are none of the interface's own. */
export function destinationsBy(side: Side, link: number): string[] {
  const own = routesBy(side, link, MAIN_TABLE).filter(({ protocol }) => protocol !== PROTOCOL);
  return own.map(({ destination }) => formatCidr(destination));
}
