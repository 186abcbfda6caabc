import { type Family, formatIp, type Ip } from '@cni/ip';
import { CniError, type ResultRoute } from '@cni/skel';
import type { AddressRange } from './range.ts';
import { candidates, formatSet, isGateway, type RangeSet, rangeFor } from './range-set.ts';

/** An address that was asked for, and where. */
export interface Wish {
  readonly ip: Ip;
  /** As in `args.cni.ips`. */
  readonly source: string;
}

/** Addresses that are handed out in turn. */
export interface Pool {
  /** As the user knows it. */
  readonly name: string;
  /** The file that holds the address handed out last. */
  readonly cursor: string;
  readonly set: RangeSet;
  readonly routes: readonly ResultRoute[];
}

/** One address is wanted: of the first of these pools that has one. All of one family, without overlap. */
export interface Need {
  readonly name: string;
  readonly family: Family;
  readonly pools: readonly Pool[];
}

/** What the store knows that a choice depends on. */
export interface Ground {
  isTaken(ip: Ip): boolean;
  /** When an address was freed that is to rest, in milliseconds since the epoch. */
  freedAt(ip: Ip): number | undefined;
  /** Since when a free address is kept for another pod, in milliseconds since the epoch. */
  keptSince(ip: Ip): number | undefined;
  /** The other network that an address is in use in. */
  holder(ip: Ip): string | undefined;
  cursor(name: string): Ip | undefined;
}

/** An address chosen, and where from. */
export interface Choice {
  readonly ip: Ip;
  readonly range: AddressRange;
  readonly cursor: string;
  readonly routes: readonly ResultRoute[];
}

/** Every range that a need can be met from. */
export function rangesOf({ pools }: Need): RangeSet {
  return pools.flatMap(({ set }) => set);
}

/** Whether an address is in a range that the need can be met from. */
export function isIn(need: Need, ip: Ip): boolean {
  return rangeFor(rangesOf(need), ip) !== undefined;
}

/**
 * One address for each need: the first one wished for that meets it, else one that the pod had, else the next free one. Nothing is changed. Throws
 * {@link CniError} `INVALID_CONFIG` for a wish that cannot be granted, `ADDRESS_IN_USE`, `POOL_EXHAUSTED`.
 */
export function choose(
  needs: readonly Need[],
  { wishes, before = [] }: { wishes: readonly Wish[]; before?: readonly Ip[] },
  ground: Ground,
): Choice[] {
  const open = dedupe(wishes);
  const chosen = needs.map((need) => {
    const at = open.findIndex(({ ip }) => rangeFor(rangesOf(need), ip) !== undefined);
    const [wish] = at === -1 ? [] : open.splice(at, 1);
    return wish === undefined ? (again(need, before, ground) ?? next(need, ground)) : granted(need, wish, ground);
  });
  if (open.length > 0) throw new CniError('INVALID_CONFIG', refusalOf(open, needs));
  return chosen;
}

function dedupe(wishes: readonly Wish[]): Wish[] {
  return [...new Map(wishes.toReversed().map((wish) => [formatIp(wish.ip), wish])).values()].reverse();
}

function refusalOf(wishes: readonly Wish[], needs: readonly Need[]): string {
  const wanted = wishes.map(({ ip, source }) => `${source} ${formatIp(ip)}`).join(', ');
  return `${wanted}: no range left to take it from, of ${needs.map(rangesOf).map(formatSet).join(' and ')}`;
}

function granted(need: Need, { ip, source }: Wish, ground: Ground): Choice {
  const choice = choiceOf(need, ip);
  if (choice === undefined) throw new CniError('INVALID_CONFIG', `${source}: ${formatIp(ip)} is the gateway`);
  refuseTaken(ip, source, ground);
  return choice;
}

/** An address as a choice; `undefined` when it does not meet the need. */
function choiceOf(need: Need, ip: Ip): Choice | undefined {
  const pool = need.pools.find(({ set }) => rangeFor(set, ip) !== undefined);
  const range = pool && rangeFor(pool.set, ip);
  if (pool === undefined || range === undefined || isGateway(rangesOf(need), ip)) return undefined;
  return { ip, range, cursor: pool.cursor, routes: pool.routes };
}

/** What the pod had before, if it can be had. */
function again(need: Need, before: readonly Ip[], ground: Ground): Choice | undefined {
  const ip = before.find((one) => choiceOf(need, one) !== undefined && isFree(one, ground));
  return ip && choiceOf(need, ip);
}

function isFree(ip: Ip, ground: Ground): boolean {
  return !ground.isTaken(ip) && ground.holder(ip) === undefined;
}

function refuseTaken(ip: Ip, source: string, ground: Ground): void {
  if (ground.isTaken(ip)) throw new CniError('ADDRESS_IN_USE', `${source}: ${formatIp(ip)} is in use`);
  const network = ground.holder(ip);
  if (network !== undefined)
    throw new CniError('ADDRESS_IN_USE', `${source}: ${formatIp(ip)} is in use in network ${network}`);
}

function next(need: Need, ground: Ground): Choice {
  const free = firstFree(need, ground);
  if (free === undefined) throw exhausted('POOL_EXHAUSTED', need, ground);
  return free;
}

/** The error for a need that cannot be met; its details tell of addresses that other networks have. */
export function exhausted(code: 'POOL_EXHAUSTED' | 'LIMITED_CONNECTIVITY', need: Need, ground: Ground): CniError {
  const [example] = rangesOf(need);
  const network = example && ground.holder(example.last);
  const details = network && `${formatIp(example.last)}, for one, is in use in network ${network}`;
  return new CniError(code, `no address is left in ${namesOf(need)}`, { details });
}

/** The pools of a need with their ranges, for a sentence. */
export function namesOf({ pools }: Need): string {
  return pools.map(({ name, set }) => `${name} (${formatSet(set)})`).join(', ');
}

/** The next free address of the first pool that has one; if none has, that which is kept for another pod the longest. */
export function firstFree(need: Need, ground: Ground): Choice | undefined {
  const kept = longest();
  for (const pool of need.pools) {
    const free = firstOfPool(pool, rangesOf(need), ground, kept);
    if (free !== undefined) return free;
  }
  return kept.choice();
}

/** The next after the cursor, going round; one that was freed lately only if there is no other, the one freed first. */
function firstOfPool(pool: Pool, all: RangeSet, ground: Ground, kept: Longest): Choice | undefined {
  const { cursor, set, routes } = pool;
  const rested = longest();
  for (const { ip, range } of candidates(set, ground.cursor(cursor))) {
    if (isGateway(all, ip) || !isFree(ip, ground)) continue;
    const choice = { ip, range, cursor, routes };
    const keptSince = ground.keptSince(ip);
    const freedAt = ground.freedAt(ip);
    if (keptSince !== undefined) kept.offer(choice, keptSince);
    else if (freedAt !== undefined) rested.offer(choice, freedAt);
    else return choice;
  }
  return rested.choice();
}

/** Of the choices offered, that of the earliest time. */
interface Longest {
  offer(choice: Choice, since: number): void;
  choice(): Choice | undefined;
}

function longest(): Longest {
  let best: { choice: Choice; since: number } | undefined;
  return {
    offer(choice, since) {
      if (best === undefined || since < best.since) best = { choice, since };
    },
    choice: () => best?.choice,
  };
}
