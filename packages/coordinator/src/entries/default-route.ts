import { MAIN_TABLE, type NewRoute } from '@cni/rtnetlink';
import type { Side } from '../ground.ts';
import { FIRST_TABLE } from '../tuning.ts';
import type { DefaultEntry } from './entry.ts';
import type { Kind } from './kind.ts';
import { listWays, PROTOCOL } from './route.ts';

type Family = DefaultEntry['family'];

function defaultsOf(side: Side, family: Family, table: number | 'all'): NewRoute[] {
  return listWays(side, { family, table }).filter(({ destination }) => destination.prefixLength === 0);
}

/** Those in tables of interfaces. */
function asideOf(side: Side, family: Family): NewRoute[] {
  return defaultsOf(side, family, 'all').filter(
    ({ table = MAIN_TABLE, protocol }) => protocol === PROTOCOL && table >= FIRST_TABLE && table !== MAIN_TABLE,
  );
}

/** As a main plugin makes it: it is no longer the coordinator's. */
function putBack({ rtnl }: Side, route: NewRoute): void {
  rtnl.routes.prepend({ ...route, table: MAIN_TABLE, protocol: 'boot' });
}

/** A pod's default routes are by this interface, and by no other. */
export const defaultRoute: Kind<DefaultEntry> = {
  words: ({ family }) => `the IPv${family} default route`,
  /** What the others have in the main table they have in their own by now. */
  put({ family, link }, { pod }) {
    const owner = pod.index(link);
    const main = defaultsOf(pod, family, MAIN_TABLE);
    if (!main.some((route) => route.link === owner)) {
      const own = asideOf(pod, family).find((route) => route.link === owner);
      if (own === undefined) return;
      putBack(pod, own);
    }
    for (const route of main) if (route.link !== owner) remove(pod, route);
  },
  /** The interface leaves: the default route is by the first of those that stay, unless one of them has it anyway. */
  take({ family, leaving }, { pod }) {
    const gone = pod.find(leaving)?.index;
    const stays = ({ link }: NewRoute) => link !== gone;
    if (defaultsOf(pod, family, MAIN_TABLE).some(stays)) return;
    const [first] = asideOf(pod, family)
      .filter(stays)
      .toSorted((a, b) => (a.link ?? 0) - (b.link ?? 0));
    if (first !== undefined) putBack(pod, first);
  },
  faultOf({ family, link }, { pod }) {
    const owner = pod.find(link)?.index;
    const main = defaultsOf(pod, family, MAIN_TABLE);
    const isOwned = main.length > 0 && main.every((route) => route.link === owner);
    return isOwned ? undefined : `the IPv${family} default route is not by ${link} alone`;
  },
};

function remove({ rtnl }: Side, { destination, link, priority, gateway }: NewRoute): void {
  rtnl.routes.deleteIfPresent({
    destination,
    table: MAIN_TABLE,
    ...(link !== undefined && { link }),
    ...(priority !== undefined && { priority }),
    ...(gateway !== undefined && { gateway }),
  });
}
