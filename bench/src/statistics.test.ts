import { expect, test } from 'vitest';
import { compare, quantileOf, summarise } from './statistics.ts';

test.each([
  { samples: [7], expected: { min: 7, median: 7, p90: 7 } },
  { samples: [3, 1], expected: { min: 1, median: 2, p90: 2.8 } },
  { samples: [5, 1, 4, 2, 3], expected: { min: 1, median: 3, p90: 4.6 } },
  { samples: [11, 9, 100], expected: { min: 9, median: 11, p90: 82.2 } },
])('a summary of $samples', ({ samples, expected }) => {
  const summary = summarise(samples);
  expect(summary.min).toBe(expected.min);
  expect(summary.median).toBe(expected.median);
  expect(summary.p90).toBeCloseTo(expected.p90);
});

test('what never came is longer than all else', () => {
  const samples = [1, 2, 3, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  expect([0.5, 0.6, 1].map((share) => quantileOf(samples, share))).toEqual([
    3,
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ]);
});

test('no samples have no summary', () => {
  expect(() => summarise([])).toThrow(RangeError);
});

test('a ratio is taken round by round, so that a slow phase of the machine cancels out', () => {
  const reference = [2, 2, 20, 20, 20, 2];
  expect(compare([1, 1, 10, 10, 10, 1], reference)).toEqual({ median: 0.5, low: 0.5, high: 0.5 });
});

test('the interval leaves out what happens in few rounds', () => {
  const ours = Array.from({ length: 100 }, (_, round) => (round < 10 ? 50 : 1 + round / 1000));
  const { median, low, high } = compare(
    ours,
    ours.map(() => 1),
  );
  expect(low).toBeLessThan(median);
  expect(median).toBeLessThan(high);
  expect(high).toBeLessThan(1.1);
});

test('with few rounds the interval is all of them', () => {
  expect(compare([1, 2, 3], [1, 1, 1])).toEqual({ median: 2, low: 1, high: 3 });
});

test('rounds that are not the same cannot be compared', () => {
  expect(() => compare([1, 2], [1])).toThrow(RangeError);
});
