import { formatIp, parseCidr, parseIp } from '@cni/ip';
import { expect, test } from 'vitest';
import { addressRanges } from './range.ts';
import { candidates, isGateway, problemOfSets, type RangeSet, rangeFor } from './range-set.ts';

/** `10.0.0.0/24` or `10.0.0.0/24 10.0.0.10 10.0.0.20`. */
function set(...ranges: string[]): RangeSet {
  return ranges.flatMap((text) => {
    const [subnet = '', start, end] = text.split(' ');
    const address = (given: string | undefined) => (given === undefined ? undefined : parseIp(given));
    return addressRanges({ subnet: parseCidr(subnet), rangeStart: address(start), rangeEnd: address(end) });
  });
}

function walk(ranges: RangeSet, cursor?: string): string[] {
  return Array.from(candidates(ranges, cursor === undefined ? undefined : parseIp(cursor)), ({ ip }) => formatIp(ip));
}

const five = set('10.0.0.0/29');
const two = set('10.0.1.0/30', '10.0.2.0/29 10.0.2.2 10.0.2.4');

test.each<[string, RangeSet, string | undefined, string]>([
  ['from the beginning, without gateway and broadcast', five, undefined, '2 3 4 5 6'],
  ['after the first', five, '10.0.0.2', '3 4 5 6 2'],
  ['after one in the middle', five, '10.0.0.4', '5 6 2 3 4'],
  ['after the last', five, '10.0.0.6', '2 3 4 5 6'],
  ['after the gateway', five, '10.0.0.1', '2 3 4 5 6'],
  ['a cursor of another set', five, '10.0.9.1', '2 3 4 5 6'],
  ['a cursor of another family', five, 'fd00::1', '2 3 4 5 6'],
])('one range, %s', (_, ranges, cursor, expected) => {
  expect(
    walk(ranges, cursor)
      .map((address) => address.replace('10.0.0.', ''))
      .join(' '),
  ).toBe(expected);
});

test.each<[string, string | undefined, string]>([
  ['from the beginning', undefined, '1.2 2.2 2.3 2.4'],
  ['at the end of the first range', '10.0.1.2', '2.2 2.3 2.4 1.2'],
  ['in the second range', '10.0.2.3', '2.4 1.2 2.2 2.3'],
  ['at the end of the second range', '10.0.2.4', '1.2 2.2 2.3 2.4'],
])('two ranges, %s', (_, cursor, expected) => {
  expect(
    walk(two, cursor)
      .map((address) => address.replace('10.0.', ''))
      .join(' '),
  ).toBe(expected);
});

test('the gateway of one range is not handed out by another', () => {
  const ranges = set('10.0.0.0/24 10.0.0.10 10.0.0.11', '10.0.0.0/24 10.0.0.1 10.0.0.2');
  expect(walk(ranges)).toEqual(['10.0.0.10', '10.0.0.11', '10.0.0.2']);
  expect(isGateway(ranges, parseIp('10.0.0.1'))).toBe(true);
});

test('a range of 2⁶⁴ addresses is walked as far as one looks', () => {
  const [first, second] = candidates(set('fd00::/64'), parseIp('fd00::ffff:ffff:ffff:fffe'));
  expect([first, second].map((candidate) => candidate && formatIp(candidate.ip))).toEqual([
    'fd00::ffff:ffff:ffff:ffff',
    'fd00::2',
  ]);
});

test('membership', () => {
  expect(rangeFor(two, parseIp('10.0.2.4'))).toBe(two[1]);
  expect(rangeFor(two, parseIp('10.0.2.5'))).toBeUndefined();
  expect(rangeFor(two, parseIp('fd00::1'))).toBeUndefined();
});

test.each<[string, RangeSet[], string | undefined]>([
  ['different subnets', [set('10.0.0.0/24', '10.0.1.0/24')], undefined],
  ['families in sets of their own', [set('10.0.0.0/24'), set('fd00::/64')], undefined],
  [
    'disjoint ranges of one subnet',
    [set('10.0.0.0/24 10.0.0.2 10.0.0.9'), set('10.0.0.0/24 10.0.0.10 10.0.0.19')],
    undefined,
  ],
  ['an empty set', [set()], '0 has no range'],
  ['families mixed', [set('10.0.0.0/24', 'fd00::/64')], '0 mixes families'],
  [
    'the same twice in a set',
    [set('10.0.0.0/24', '10.0.0.0/24')],
    '0 10.0.0.1-10.0.0.254 overlaps 10.0.0.1-10.0.0.254',
  ],
  ['a part of another', [set('10.0.0.0/16', '10.0.7.0/24')], '0 10.0.7.1-10.0.7.254 overlaps 10.0.0.1-10.0.255.254'],
  [
    'ends that touch, in two sets',
    [set('10.0.0.0/24 10.0.0.2 10.0.0.9'), set('10.0.0.0/24 10.0.0.9 10.0.0.19')],
    '1 10.0.0.9-10.0.0.19 overlaps 0, 10.0.0.2-10.0.0.9',
  ],
])('sets together: %s', (_, sets, expected) => {
  const problem = problemOfSets(sets.map((ranges, position) => [`${position}`, ranges]));
  if (expected === undefined) expect(problem).toBeUndefined();
  else expect(problem).toContain(expected);
});
