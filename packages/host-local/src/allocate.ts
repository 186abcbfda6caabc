import { formatIp, type Ip } from '@cni/ip';
import { CniError } from '@cni/skel';
import type { AddressRange } from './range.ts';
import { candidates, formatSet, isGateway, type RangeSet, rangeFor } from './range-set.ts';

/** An address that was asked for, and where. */
export interface Wish {
  readonly ip: Ip;
  /** As in `args.cni.ips`. */
  readonly source: string;
}

/** What the store knows that a choice depends on. */
export interface Ground {
  isTaken(ip: Ip): boolean;
  cursor(name: string): Ip | undefined;
}

/** An address chosen from a set, and where the set's cursor is kept. */
export interface Choice {
  readonly ip: Ip;
  readonly range: AddressRange;
  readonly cursor: string;
}

/** The file that holds the address handed out last of the set at a position. */
export function cursorOf(position: number): string {
  return `last_reserved_ip.${position}`;
}

/**
 * One address of each set: the first one wished for that lies in it, else the next free one. Nothing is changed. Throws
 * {@link CniError} `INVALID_CONFIG` for a wish that no set can grant, `ADDRESS_IN_USE`, `POOL_EXHAUSTED`.
 */
export function choose(sets: readonly RangeSet[], wishes: readonly Wish[], ground: Ground): Choice[] {
  const open = dedupe(wishes);
  const chosen = sets.map((set, position) => {
    const at = open.findIndex(({ ip }) => rangeFor(set, ip) !== undefined);
    const [wish] = at === -1 ? [] : open.splice(at, 1);
    const cursor = cursorOf(position);
    return wish === undefined ? next(set, cursor, ground) : granted(set, cursor, wish, ground);
  });
  if (open.length > 0) throw new CniError('INVALID_CONFIG', refusalOf(open, sets));
  return chosen;
}

function dedupe(wishes: readonly Wish[]): Wish[] {
  return [...new Map(wishes.toReversed().map((wish) => [formatIp(wish.ip), wish])).values()].reverse();
}

function refusalOf(wishes: readonly Wish[], sets: readonly RangeSet[]): string {
  const wanted = wishes.map(({ ip, source }) => `${source} ${formatIp(ip)}`).join(', ');
  return `${wanted}: no range left to take it from, of ${sets.map(formatSet).join(' and ')}`;
}

function granted(set: RangeSet, cursor: string, { ip, source }: Wish, ground: Ground): Choice {
  const range = rangeFor(set, ip);
  if (range === undefined || isGateway(set, ip))
    throw new CniError('INVALID_CONFIG', `${source}: ${formatIp(ip)} is the gateway`);
  if (ground.isTaken(ip)) throw new CniError('ADDRESS_IN_USE', `${source}: ${formatIp(ip)} is in use`);
  return { ip, range, cursor };
}

function next(set: RangeSet, cursor: string, ground: Ground): Choice {
  const free = firstFree(set, cursor, ground);
  if (free === undefined) throw new CniError('POOL_EXHAUSTED', `no address is left in ${formatSet(set)}`);
  return free;
}

/** The next free address after the cursor, going round; `undefined` when there is none. */
export function firstFree(set: RangeSet, cursor: string, ground: Ground): Choice | undefined {
  for (const { ip, range } of candidates(set, ground.cursor(cursor))) {
    if (!ground.isTaken(ip)) return { ip, range, cursor };
  }
  return undefined;
}
