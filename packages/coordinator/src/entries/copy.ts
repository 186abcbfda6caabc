import { formatCidr } from '@cni/ip';
import { MAIN_TABLE } from '@cni/rtnetlink';
import type { CopyEntry } from './entry.ts';
import type { Kind } from './kind.ts';
import { PROTOCOL, routesBy } from './route.ts';

/** The routes by an interface are in a table of its own too. */
export const copy: Kind<CopyEntry> = {
  words: ({ link, table }) => `the routes by ${link} in table ${table}`,
  /** A route keeps all that it has. */
  put({ link, table, destinations }, { pod }) {
    for (const found of routesBy(pod, pod.index(link), MAIN_TABLE)) {
      if (!destinations.includes(formatCidr(found.destination))) continue;
      pod.rtnl.routes.replace({ ...found, table, protocol: PROTOCOL });
    }
  },
  take({ link, table }, { pod }) {
    const index = pod.find(link)?.index;
    if (index === undefined) return;
    for (const { destination } of routesBy(pod, index, table))
      pod.rtnl.routes.deleteIfPresent({ destination, link: index, table, protocol: PROTOCOL });
  },
  faultOf({ link, table, destinations }, { pod }) {
    const index = pod.find(link)?.index;
    // An interface that has left is missed by its own CHECK.
    if (index === undefined) return undefined;
    const there = routesBy(pod, index, table).map(({ destination }) => formatCidr(destination));
    const missing = destinations.find((destination) => !there.includes(destination));
    return missing === undefined ? undefined : `route ${missing} by ${link} in the pod, table ${table}, is gone`;
  },
};
