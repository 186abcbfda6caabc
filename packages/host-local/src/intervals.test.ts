import { formatRange, parseIp, parseRange } from '@cni/ip';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { disjoint, without } from './intervals.ts';

const ranges = (text: string) => (text === '' ? [] : text.split(' ').map(parseRange));

test.each([
  ['10.0.0.1-10.0.0.9', '', '10.0.0.1-10.0.0.9'],
  ['10.0.0.1-10.0.0.9', '10.0.0.5', '10.0.0.1-10.0.0.4 10.0.0.6-10.0.0.9'],
  ['10.0.0.1-10.0.0.9', '10.0.0.1 10.0.0.9', '10.0.0.2-10.0.0.8'],
  ['10.0.0.1-10.0.0.9', '10.0.0.8/29 10.0.0.3', '10.0.0.1-10.0.0.2 10.0.0.4-10.0.0.7'],
  ['10.0.0.1-10.0.0.9', '10.0.0.0/24', ''],
  ['10.0.0.1-10.0.0.9', 'fd00::/64 10.0.1.1', '10.0.0.1-10.0.0.9'],
  ['0.0.0.0-255.255.255.255', '0.0.0.0 255.255.255.255', '0.0.0.1-255.255.255.254'],
])('%s without %s', (range, holes, expected) => {
  expect(without(parseRange(range), ranges(holes)).map(formatRange).join(' ')).toBe(expected);
});

test('overlapping ranges keep their order, and each address is in one of them', () => {
  const parts = disjoint(ranges('10.0.0.5-10.0.0.7 10.0.0.1-10.0.0.9 10.0.0.6'));
  expect(parts.map(formatRange)).toEqual(['10.0.0.5-10.0.0.7', '10.0.0.1-10.0.0.4', '10.0.0.8-10.0.0.9']);
});

test('an address is in what is left if it is in the range and in no hole', () => {
  const ends = fc
    .tuple(fc.nat(30), fc.nat(30))
    .map(([a, b]) => parseRange(`10.0.0.${Math.min(a, b)}-10.0.0.${Math.max(a, b)}`));
  const has = (list: ReturnType<typeof ranges>, value: bigint) =>
    list.filter(({ first, last }) => first.value <= value && value <= last.value).length;
  fc.assert(
    fc.property(ends, fc.array(ends, { maxLength: 5 }), (range, holes) => {
      const left = without(range, holes);
      for (let last = 0; last <= 30; last++) {
        const { value } = parseIp(`10.0.0.${last}`);
        expect(has(left, value)).toBe(has([range], value) === 1 && has(holes, value) === 0 ? 1 : 0);
      }
    }),
  );
});
