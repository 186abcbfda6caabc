import {
  type Link,
  type Neighbour,
  type Nftables,
  openNftables,
  openRtnl,
  type Route,
  type Rtnl,
  type Rule,
  type Tables,
} from '@cni/rtnetlink';
import { isErrno, type Netns } from '@cni/sys';
import type { SideName } from './entries/entry.ts';
import type { Owner } from './owner.ts';

/** One namespace: the pod's, or the node's. */
export interface Side {
  readonly rtnl: Rtnl;
  /** Absent for the node's. */
  readonly netns?: Netns;
  /** The index of a link by its name. Throws `NetlinkError` `ENODEV`. */
  index(name: string): number;
  /** A link by its name, as it is now. */
  find(name: string): Link | undefined;
  /** Nothing on a kernel without nfnetlink. */
  tables(): Tables | undefined;
  close(): void;
}

/** Where entries are, and whose they are. */
export interface Ground extends Readonly<Record<SideName, Side>> {
  readonly owner: Owner;
}

/** A side, with a conversation about it. */
export function openSide(netns?: Netns): Side {
  const rtnl = openRtnl(netns);
  const known = new Map<string, number>();
  let nftables: Nftables | undefined;
  const learned = (link: Link) => {
    known.set(link.name, link.index);
    return link;
  };
  return {
    rtnl,
    ...(netns && { netns }),
    find(name) {
      const link = rtnl.links.find({ name });
      return link && learned(link);
    },
    index: (name) => known.get(name) ?? learned(rtnl.links.get({ name })).index,
    tables() {
      nftables ??= openIfAny(netns);
      return nftables?.tables;
    },
    close() {
      rtnl.close();
      nftables?.close();
    },
  };
}

function openIfAny(netns: Netns | undefined): Nftables | undefined {
  try {
    return openNftables(netns);
  } catch (error) {
    if (isErrno(error, 'EPROTONOSUPPORT')) return undefined;
    throw error;
  }
}

/** A ground of which each link and list is read once: to compare much with it, and change nothing. */
export interface Look extends Ground {
  routes(side: SideName, table: number): readonly Route[];
  rules(side: SideName): readonly Rule[];
  neighbours(side: SideName): readonly Neighbour[];
}

export function lookAt(ground: Ground): Look {
  const seen = new Map<string, unknown>();
  const once = <T>(key: string, read: () => T): T => {
    if (!seen.has(key)) seen.set(key, read());
    return seen.get(key) as T;
  };
  const still = (side: SideName): Side => ({
    ...ground[side],
    find: (name) => once(`${side} link ${name}`, () => ground[side].find(name)),
  });
  return {
    owner: ground.owner,
    pod: still('pod'),
    host: still('host'),
    routes: (side, table) => once(`${side} ${table}`, () => ground[side].rtnl.routes.list({ table })),
    rules: (side) => once(`${side} rules`, () => ground[side].rtnl.rules.list()),
    neighbours: (side) => once(`${side} neighbours`, () => ground[side].rtnl.neighbours.list()),
  };
}
