import { formatIp, type Ip } from '@cni/ip';
import { findStat, listDirectory, makeDirectories, removeIfPresent, writeFile } from '@cni/sys';
import { lockIn } from './open-store.ts';
import { type Location, pathsOf } from './paths.ts';
import { recordAt } from './survey.ts';

/** The other networks on this node, as far as an address of theirs must not be handed out again. */
export interface Neighbours {
  /** The network in which an address is in use. */
  holder(ip: Ip): string | undefined;
}

/** Networks that keep to themselves have no neighbours, and are nobody's. */
export function neighboursOf({ dataDir, network }: Location, isolated: boolean): Neighbours {
  if (isolated) return { holder: () => undefined };
  let others: string[] | undefined;
  const isNeighbour = (name: string) =>
    !name.startsWith('.') && name !== network && findStat(pathsOf({ dataDir, network: name }).isolated) === undefined;
  return {
    holder(ip) {
      others ??= listDirectory(dataDir).filter(isNeighbour);
      return others.find((name) => recordAt(`${dataDir}/${name}/${formatIp(ip)}`) !== undefined);
    },
  };
}

/** Runs `use` while no other network of the directory hands out addresses; `isolated` is remembered for the others to see. Throws `SysError`. */
export function amongNeighbours<T>(location: Location, isolated: boolean, timeout: number, use: () => T): T {
  mark(pathsOf(location).isolated, isolated);
  if (isolated) return use();
  const lock = lockIn(`${location.dataDir}/.host-local`, timeout, 0o700);
  try {
    return use();
  } finally {
    lock.release();
  }
}

function mark(path: string, isolated: boolean): void {
  const found = findStat(path) !== undefined;
  if (found && !isolated) removeIfPresent(path);
  if (found || !isolated) return;
  makeDirectories(path.slice(0, path.lastIndexOf('/')), 0o700);
  writeFile(path, '');
}
