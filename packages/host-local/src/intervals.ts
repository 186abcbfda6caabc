import { overlap, type Range, stepIp } from '@cni/ip';

/** What of a range is in none of the holes, in order. */
export function without(range: Range, holes: readonly Range[]): Range[] {
  return holes.reduce<Range[]>((parts, hole) => parts.flatMap((part) => cut(part, hole)), [range]);
}

function cut(part: Range, hole: Range): Range[] {
  if (!overlap(part, hole)) return [part];
  const before = part.first.value < hole.first.value;
  const after = hole.last.value < part.last.value;
  return [
    ...(before ? [{ first: part.first, last: stepIp(hole.first, -1n) }] : []),
    ...(after ? [{ first: stepIp(hole.last, 1n), last: part.last }] : []),
  ];
}

/** The ranges in their order, each without what the earlier ones have. */
export function disjoint(ranges: readonly Range[]): Range[] {
  return ranges.flatMap((range, index) => without(range, ranges.slice(0, index)));
}
