import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { IPv4, IPv6 } from 'ip-num';
import { expect, test } from 'vitest';
import { compareIps, formatIp, ip, ipFromBytes, ipToBytes, parseIp, stepIp } from './index.ts';

const anyIp = fc.oneof(
  fc.bigInt(0n, 2n ** 32n - 1n).map((value) => ip(4, value)),
  fc.bigInt(0n, 2n ** 128n - 1n).map((value) => ip(6, value)),
);

test.each([
  ['10.1.0.5', '10.1.0.5'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['FD00:0:0:0:0:0:0:1', 'fd00::1'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::ffff:1.2.3.4', '::ffff:102:304'],
])('%s prints as %s', (text, printed) => {
  expect(formatIp(parseIp(text))).toBe(printed);
});

test.each([
  '',
  '10.0.0',
  '010.0.0.1',
  '10.0.0.256',
  ' 10.0.0.1',
  '10.0.0.1\n',
  '1::2::3',
  '12345::',
  'fe80::1%eth0',
  '::g',
  'eth0',
])('%j is refused by name', (text) => {
  expect(() => parseIp(text)).toThrow(`"${text}" is not an IP address`);
});

test('text and bytes keep every address', () => {
  fc.assert(
    fc.property(anyIp, (address) => {
      expect(parseIp(formatIp(address))).toEqual(address);
      expect(ipFromBytes(ipToBytes(address))).toEqual(address);
      if (address.family === 6) expect(isIPv6(formatIp(address))).toBe(true);
    }),
  );
});

test('steps stop at the ends of the family', () => {
  expect(formatIp(stepIp(parseIp('10.0.0.255'), 1n))).toBe('10.0.1.0');
  expect(() => stepIp(parseIp('255.255.255.255'), 1n)).toThrow('4294967296 is not an IPv4 address');
  expect(() => stepIp(parseIp('::'), -1n)).toThrow('-1 is not an IPv6 address');
});

test('IPv4 before IPv6, then by value', () => {
  const sorted = ['10.0.0.2', '10.0.0.10', '::1', 'fd00::'].map(parseIp);
  expect(sorted.toReversed().sort(compareIps)).toEqual(sorted);
});

/** What ip-num makes of a text; `undefined` when it refuses. */
function byIpNum(text: string): bigint | undefined {
  try {
    return text.includes(':') ? IPv6.fromString(text).value : IPv4.fromString(text).value;
  } catch {
    return undefined;
  }
}

function byOurs(text: string): bigint | undefined {
  try {
    return parseIp(text).value;
  } catch {
    return undefined;
  }
}

test('ip-num says the same of everything that looks like an address', () => {
  const piece = fc.constantFrom(
    '0',
    '1',
    '00',
    '01',
    '9',
    '255',
    '256',
    'a',
    'ff',
    'FFFF',
    '12345',
    '',
    ' ',
    '-1',
    '1e1',
    'g',
  );
  const dotted = fc.array(piece, { minLength: 3, maxLength: 5 }).map((pieces) => pieces.join('.'));
  const colons = fc.array(piece, { minLength: 1, maxLength: 10 }).map((pieces) => pieces.join(':'));
  fc.assert(
    fc.property(fc.oneof(dotted, colons), (text) => {
      expect(byOurs(text)).toBe(byIpNum(text));
    }),
    { numRuns: 5000 },
  );
});
