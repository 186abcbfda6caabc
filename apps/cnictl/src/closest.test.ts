import { expect, test } from 'vitest';
import { closest } from './closest.ts';

test.each<[string, string | undefined, string]>([
  ['matser', 'master', 'two letters swapped'],
  ['mastr', 'master', 'one left out'],
  ['masterr', 'master', 'one too many'],
  ['Master', 'master', 'upper case'],
  ['mtv', 'mtu', 'one wrong'],
  ['maastr', 'master', 'two things wrong'],
  ['inkInContaner', 'linkInContainer', 'two left out'],
  ['minister', undefined, 'three things wrong'],
  ['m', undefined, 'too short to tell'],
  ['mode2', undefined, 'near to nothing here'],
])('%s is taken for %s: %s', (word, meant, _) => {
  expect(closest(word, ['mtu', 'master', 'linkInContainer'])).toBe(meant);
});

test('the nearest of several', () => {
  expect(closest('adl', ['del', 'add', 'ads'])).toBe('add');
  expect(closest('de', ['add', 'del'])).toBe('del');
});
