import { expect, test } from 'vitest';
import { formatMegabytes, formatMilliseconds, formatRatio, judged } from './format.ts';

test.each([
  [0.654, '0.65'],
  [9.99, '9.99'],
  [12.34, '12.3'],
  [382.4, '382'],
  [1370.2, '1370'],
])('%d ms', (value, text) => {
  expect(formatMilliseconds(value)).toBe(text);
});

test('a ratio with its interval', () => {
  expect(formatRatio({ median: 0.412, low: 0.389, high: 0.44 })).toBe('0.41 (0.39–0.44)');
});

test('megabytes are 10⁶ bytes', () => {
  expect(formatMegabytes(3_487_708)).toBe('3.49');
});

test.each([
  [4, '4.00 ✓'],
  [4.0001, '4.00 ✗'],
])('a goal of 4 and %d measured', (value, text) => {
  expect(judged(value.toFixed(2), value, 4)).toBe(text);
});
