import { equalIps, type Family, formatRange, type Ip, inRange, overlap } from '@cni/ip';
import type { AddressRange } from './range.ts';

/** Alternatives: an attachment gets one address of each set. Never empty, of one family, without overlap. */
export type RangeSet = readonly AddressRange[];

/** An address and the range it is of. */
export interface Candidate {
  readonly ip: Ip;
  readonly range: AddressRange;
}

/** The family of a set's addresses. */
export function familyOf([first]: RangeSet): Family {
  return first?.first.family ?? 4;
}

/** The range of the set that an address lies in. */
export function rangeFor(set: RangeSet, address: Ip): AddressRange | undefined {
  return set.find((range) => inRange(range, address));
}

/** Every range of a set, `10.1.0.2-10.1.0.9,10.2.0.2-10.2.0.9`. */
export function formatSet(set: RangeSet): string {
  return set.map(formatRange).join(',');
}

/** What is wrong with sets taken together, if anything is. Each is told by its name. */
export function problemOfSets(sets: readonly (readonly [name: string, set: RangeSet])[]): string | undefined {
  for (const [position, [name, set]] of sets.entries()) {
    const problem = problemOfSet(set) ?? problemWithEarlier(set, sets.slice(0, position));
    if (problem !== undefined) return `${name} ${problem}`;
  }
  return undefined;
}

function problemOfSet(set: RangeSet): string | undefined {
  if (set.length === 0) return 'has no range';
  if (set.some((range) => range.first.family !== familyOf(set))) return `mixes families: ${formatSet(set)}`;
  for (const [index, range] of set.entries()) {
    const other = set.slice(0, index).find((earlier) => overlap(earlier, range));
    if (other !== undefined) return `${formatRange(range)} overlaps ${formatRange(other)}`;
  }
  return undefined;
}

function problemWithEarlier(set: RangeSet, earlier: readonly (readonly [string, RangeSet])[]): string | undefined {
  const [name, other] =
    earlier.find(([, member]) => set.some((range) => member.some((one) => overlap(range, one)))) ?? [];
  return other && `${formatSet(set)} overlaps ${name}, ${formatSet(other)}`;
}

/**
 * Each address of a set once, in the order of trying: from the one after `cursor` round to `cursor` itself, or from the
 * beginning when it is not of the set. Gateways are left out.
 */
export function* candidates(set: RangeSet, cursor: Ip | undefined): Generator<Candidate, void> {
  const at = cursor === undefined ? -1 : set.findIndex((range) => inRange(range, cursor));
  const start = set[at];
  if (cursor === undefined || start === undefined) {
    for (const range of set) yield* span(set, range, range.first.value, range.last.value);
    return;
  }
  yield* span(set, start, cursor.value + 1n, start.last.value);
  for (const range of [...set.slice(at + 1), ...set.slice(0, at)])
    yield* span(set, range, range.first.value, range.last.value);
  yield* span(set, start, start.first.value, cursor.value);
}

function* span(set: RangeSet, range: AddressRange, from: bigint, to: bigint): Generator<Candidate, void> {
  const { family } = range.first;
  for (let value = from; value <= to; value++) {
    const ip = { family, value };
    if (!isGateway(set, ip)) yield { ip, range };
  }
}

/** Whether an address is the gateway of any range of the set. */
export function isGateway(set: RangeSet, address: Ip): boolean {
  return set.some(({ gateway }) => gateway !== undefined && equalIps(gateway, address));
}
