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

/**
 * One address for each need: the first one wished for that meets it, else the next free one. Nothing is changed. Throws
 * {@link CniError} `INVALID_CONFIG` for a wish that cannot be granted, `ADDRESS_IN_USE`, `POOL_EXHAUSTED`.
 */
export function choose(needs: readonly Need[], wishes: readonly Wish[], ground: Ground): Choice[] {
  const open = dedupe(wishes);
  const chosen = needs.map((need) => {
    const at = open.findIndex(({ ip }) => rangeFor(rangesOf(need), ip) !== undefined);
    const [wish] = at === -1 ? [] : open.splice(at, 1);
    return wish === undefined ? next(need, ground) : granted(need, wish, ground);
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
  const pool = need.pools.find(({ set }) => rangeFor(set, ip) !== undefined);
  const range = pool && rangeFor(pool.set, ip);
  if (pool === undefined || range === undefined || isGateway(rangesOf(need), ip))
    throw new CniError('INVALID_CONFIG', `${source}: ${formatIp(ip)} is the gateway`);
  refuseTaken(ip, source, ground);
  return { ip, range, cursor: pool.cursor, routes: pool.routes };
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

/** The next free address of the first pool that has one. */
export function firstFree(need: Need, ground: Ground): Choice | undefined {
  for (const pool of need.pools) {
    const free = firstOfPool(pool, rangesOf(need), ground);
    if (free !== undefined) return free;
  }
  return undefined;
}

/** The next after the cursor, going round; one that was freed lately only if there is no other, the one freed first. */
function firstOfPool({ cursor, set, routes }: Pool, all: RangeSet, ground: Ground): Choice | undefined {
  let rested: { choice: Choice; since: number } | undefined;
  for (const { ip, range } of candidates(set, ground.cursor(cursor))) {
    if (isGateway(all, ip) || ground.isTaken(ip) || ground.holder(ip) !== undefined) continue;
    const choice = { ip, range, cursor, routes };
    const since = ground.freedAt(ip);
    if (since === undefined) return choice;
    if (rested === undefined || since < rested.since) rested = { choice, since };
  }
  return rested?.choice;
}
