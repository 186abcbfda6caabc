import { parseCidr } from '@cni/ip';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { parsed, parseWith } from './schema.ts';

const Config = z.object({
  mode: z._default(z.enum(['l2', 'l3']), 'l2'),
  mtu: z.optional(z.int().check(z.gte(68), z.lte(65535))),
  subnet: z.optional(parsed(parseCidr)),
  ranges: z.optional(z.array(z.object({ start: z.string().check(z.minLength(1)), end: z.optional(z.string()) }))),
  master: z.optional(z.string().check(z.regex(/^e/))),
  either: z.optional(z.union([z.string(), z.object({ deep: z.number() })])),
  keyed: z.optional(z.record(z.string().check(z.regex(/^net\./, 'expected a name below net')), z.string())),
  odd: z.optional(z.number().check(z.refine((value) => value % 2 === 1, 'expected an odd number'))),
  name: z.string(),
});

test.each([
  [{ mode: 'l4' }, 'mode: expected one of "l2", "l3" (got "l4")'],
  [{ mtu: 10 }, 'mtu: expected a number of at least 68 (got 10)'],
  [{ mtu: 1e6 }, 'mtu: expected a number of at most 65535 (got 1000000)'],
  [{ mtu: '1500' }, 'mtu: expected number (got "1500")'],
  [{ mtu: 1.5 }, 'mtu: expected int (got 1.5)'],
  [{ mtu: null }, 'mtu: expected number (got null)'],
  [
    { subnet: '10.0.0.0' },
    'subnet: "10.0.0.0" is not an address with a prefix length, such as 10.1.0.0/16 (got "10.0.0.0")',
  ],
  [{ subnet: 5 }, 'subnet: expected string (got 5)'],
  [{ ranges: {} }, 'ranges: expected array (got {})'],
  [{ ranges: [{ start: 'a' }, {}] }, 'ranges[1].start: required'],
  [{ ranges: [{ start: '' }] }, 'ranges[0].start: expected at least 1 characters (got "")'],
  [{ master: 'x' }, 'master: expected text like /^e/ (got "x")'],
  [{ either: 5 }, 'either: expected string or object (got 5)'],
  [{ either: { deep: 'x' } }, 'either.deep: expected number (got "x")'],
  [{ keyed: { 'net.a': 1 } }, 'keyed.net.a: expected string (got 1)'],
  [{ keyed: { 'kernel.a': '1' } }, 'keyed.kernel.a: expected a name below net (got "kernel.a")'],
  [{ odd: 2 }, 'odd: expected an odd number (got 2)'],
  [{ name: undefined }, 'name: required'],
  [{ name: ['x'.repeat(200)] }, `name: expected string (got ["${'x'.repeat(78)}…)`],
])('%j', (change, message) => {
  const refused = expect.objectContaining({ name: 'CniError', code: 7, message, details: undefined });
  expect(() => parseWith(Config, { name: 'n', ...change })).toThrow(refused);
});

test('every issue is told of once, the first in the message', () => {
  const refused = expect.objectContaining({
    message: 'at.mtu: expected number (got "x")',
    details: 'at.name: required',
  });
  expect(() => parseWith(Config, { mtu: 'x' }, 'at')).toThrow(refused);
});

test('defaults are filled in, unknown keys pass', () => {
  expect(parseWith(Config, { name: 'n', 'cni.dev/x': 1, subnet: '10.0.0.0/8' })).toEqual({
    name: 'n',
    mode: 'l2',
    subnet: parseCidr('10.0.0.0/8'),
  });
});

test('what is no object', () => {
  expect(() => parseWith(Config, [], 'runtimeConfig')).toThrow('runtimeConfig: expected object (got [])');
});

test('no code is made at run time', () => {
  expect(z.config().jitless).toBe(true);
});
