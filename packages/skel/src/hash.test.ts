import { expect, test } from 'vitest';
import { fnv1a } from './hash.ts';

test.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('the test vectors of its authors: "%s"', (text, expected) => {
  expect(fnv1a(text)).toBe(expected);
});

test('it is of UTF-8, and of the basis', () => {
  expect(fnv1a('é')).not.toBe(fnv1a('e'));
  expect(fnv1a('a', 1)).not.toBe(fnv1a('a'));
});
