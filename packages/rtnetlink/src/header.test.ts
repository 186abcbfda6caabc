import { hex, rows } from '@cni/testkit';
import { expect, test } from 'vitest';
import { header } from './header.ts';

test('a header at a position, and back', () => {
  const value = { length: 32, type: 16, flags: 5, seq: 7, port: 9 };
  expect(header.decode(hex`ffffffff 20000000 10000500 07000000 09000000`, 4, 20)).toEqual(value);
  expect(rows(header.encode(value))).toBe('20000000\n10000500\n07000000\n09000000');
});
