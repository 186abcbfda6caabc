import { attemptAll, CniError, type Undo } from '@cni/skel';
import { withNetnsLock } from '@cni/sys';
import type { Entry, VethEntry } from './entries/entry.ts';
import { kindOf, sideOf } from './entries/kinds.ts';
import { isUnable } from './entries/marking.ts';
import { leaves } from './entries/veth.ts';
import { type Ground, lookAt } from './ground.ts';

/** Rules of the node are for routes of many pods: one goes with its last user, and another may be coming. */
function isShared(entry: Entry): boolean {
  return (entry.kind === 'rule' || entry.kind === 'route') && entry.side === 'host';
}

export interface Applied {
  readonly ground: Ground;
  readonly undo: Undo;
  readonly tell?: ((line: string) => void) | undefined;
}

/** Puts all entries, in order. Gives those that this kernel is unable to do. */
export function putAll(entries: readonly Entry[], { ground, undo, tell }: Applied): Entry[] {
  const unable: Entry[] = [];
  const putOne = (entry: Entry) => {
    const kind = kindOf(entry);
    undo.defer(`take back ${kind.words(entry)}`, () =>
      isShared(entry) ? withNetnsLock(() => kind.take(entry, ground)) : kind.take(entry, ground),
    );
    try {
      kind.put(entry, ground);
    } catch (error) {
      // The rest works without.
      if (entry.kind !== 'marking' || !isUnable(error)) throw error;
      tell?.(
        `${kind.words(entry)}: this kernel has neither nf_tables nor act_skbedit, so replies leave by the default route`,
      );
      unable.push(entry);
    }
  };
  for (const entry of entries.filter((one) => !isShared(one))) putOne(entry);
  const shared = entries.filter(isShared);
  if (shared.length > 0) withNetnsLock(() => shared.forEach(putOne));
  return unable;
}

/** Takes back what is there of the entries, in reverse, whatever becomes of one of them. Without the pod, what is on the node. */
export function takeAll(entries: readonly Entry[], ground: Omit<Ground, 'pod'> & Partial<Ground>): void {
  const { pod, host, owner } = ground;
  const pair = entries.find((entry) => entry.kind === 'veth');
  const leaving = pair !== undefined && leaves(pair, host, owner) ? pair : undefined;
  const reachable = entries.filter(
    (entry) => (pod !== undefined || sideOf(entry) === 'host') && !goesWith(leaving, entry),
  );
  // What is on the node needs no pod.
  const there: Ground = { host, owner, pod: pod ?? host };
  const takers = inReverse(reachable).map((entry) => () => kindOf(entry).take(entry, there));
  if (takers.length > 0) withNetnsLock(() => attemptAll(...takers));
}

/** Whether the kernel takes it back together with a link. */
function goesWith(pair: VethEntry | undefined, entry: Entry): boolean {
  if (pair === undefined || (entry.kind !== 'route' && entry.kind !== 'neighbour')) return false;
  return entry.link === (entry.side === 'pod' ? pair.link : pair.hostLink);
}

/** In reverse, but rules of the node after the routes that they are for. */
function inReverse(entries: readonly Entry[]): Entry[] {
  const reversed = entries.toReversed();
  const isLast = (entry: Entry) => isShared(entry) && entry.kind === 'rule';
  return [...reversed.filter((entry) => !isLast(entry)), ...reversed.filter(isLast)];
}

/** Compares the kernel with the entries. Throws {@link CniError} `CHECK_FAILED`, with every fault. */
export function checkAll(entries: readonly Entry[], ground: Ground): void {
  const look = lookAt(ground);
  const [first, ...others] = entries.flatMap((entry) => kindOf(entry).faultOf(entry, look) ?? []);
  if (first !== undefined) throw new CniError('CHECK_FAILED', first, { details: others.join('\n') || undefined });
}
