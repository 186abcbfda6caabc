import { formatCidr, formatIp, parseCidr } from '@cni/ip';
import { expect, test } from 'vitest';
import { addressRanges, parsePlainIp, parseSubnet, problemOf, type RangeKeys } from './range.ts';

interface Written {
  subnet: string;
  rangeStart?: string;
  rangeEnd?: string;
  gateway?: string;
}

function read({ subnet, rangeStart, rangeEnd, gateway }: Written): RangeKeys {
  const address = (text: string | undefined) => (text === undefined ? undefined : parsePlainIp(text));
  return {
    subnet: parseCidr(subnet),
    rangeStart: address(rangeStart),
    rangeEnd: address(rangeEnd),
    gateway: address(gateway),
  };
}

test.each<[string, Written, string]>([
  ['IPv4', { subnet: '192.0.2.0/24' }, '192.0.2.1-192.0.2.254 via 192.0.2.1'],
  ['a small IPv4 subnet', { subnet: '192.0.2.0/25' }, '192.0.2.1-192.0.2.126 via 192.0.2.1'],
  ['the smallest', { subnet: '192.0.2.4/30' }, '192.0.2.5-192.0.2.6 via 192.0.2.5'],
  ['IPv6', { subnet: '2001:db8:1::/64' }, '2001:db8:1::1-2001:db8:1:0:ffff:ffff:ffff:ffff via 2001:db8:1::1'],
  [
    'every key',
    { subnet: '192.0.2.0/24', rangeStart: '192.0.2.40', rangeEnd: '192.0.2.50', gateway: '192.0.2.254' },
    '192.0.2.40-192.0.2.50 via 192.0.2.254',
  ],
  [
    'the network and broadcast address, when asked for',
    { subnet: '192.0.2.0/24', rangeStart: '192.0.2.0', rangeEnd: '192.0.2.255' },
    '192.0.2.0-192.0.2.255 via 192.0.2.1',
  ],
  [
    'one address',
    { subnet: '192.0.2.0/24', rangeStart: '192.0.2.9', rangeEnd: '192.0.2.9' },
    '192.0.2.9-192.0.2.9 via 192.0.2.1',
  ],
  ['a link-local router', { subnet: 'fd00::/64', gateway: 'fe80::1' }, 'fd00::1-fd00::ffff:ffff:ffff:ffff via fe80::1'],
  ['mapped IPv4', { subnet: '192.0.2.0/24', gateway: '::ffff:192.0.2.7' }, '192.0.2.1-192.0.2.254 via 192.0.2.7'],
])('the range of %s', (_, keys, expected) => {
  expect(problemOf(read(keys))).toBeUndefined();
  const ranges = addressRanges(read(keys)).map((range) => `${formatIp(range.first)}-${formatIp(range.last)}`);
  const [first] = addressRanges(read(keys));
  const router = first?.gateway === undefined ? '' : ` via ${formatIp(first.gateway)}`;
  expect(`${ranges.join(' ')}${router}`).toBe(expected);
});

test.each<[string, Written, string]>([
  ['/31', { subnet: '192.0.2.0/31' }, 'subnet 192.0.2.0/31: too small to allocate from'],
  ['/32', { subnet: '192.0.2.0/32' }, 'subnet 192.0.2.0/32: too small to allocate from'],
  ['/127', { subnet: 'fd00::/127' }, 'subnet fd00::/127: too small to allocate from'],
  ['host bits', { subnet: '192.0.2.12/24' }, 'subnet 192.0.2.12/24: has host bits set; the network is 192.0.2.0/24'],
  ['IPv6 host bits', { subnet: 'fd00:1::3/64' }, 'subnet fd00:1::3/64: has host bits set; the network is fd00:1::/64'],
  [
    'a start outside',
    { subnet: '192.0.2.0/24', rangeStart: '192.0.3.0' },
    'rangeStart 192.0.3.0: not in the subnet 192.0.2.0/24',
  ],
  [
    'an end outside',
    { subnet: '192.0.2.0/24', rangeEnd: '192.0.4.0' },
    'rangeEnd 192.0.4.0: not in the subnet 192.0.2.0/24',
  ],
  [
    'an end before the start',
    { subnet: '192.0.2.0/24', rangeStart: '192.0.2.50', rangeEnd: '192.0.2.40' },
    'rangeStart 192.0.2.50: after the end of the range, 192.0.2.40',
  ],
  [
    'a start after the default end',
    { subnet: '192.0.2.0/24', rangeStart: '192.0.2.255' },
    'rangeStart 192.0.2.255: after the end of the range, 192.0.2.254',
  ],
  [
    'an end before the default start',
    { subnet: '192.0.2.0/24', rangeEnd: '192.0.2.0' },
    'rangeEnd 192.0.2.0: before 192.0.2.1',
  ],
  [
    'a gateway outside',
    { subnet: '192.0.2.0/24', gateway: '192.0.3.1' },
    'gateway 192.0.3.1: not in the subnet 192.0.2.0/24',
  ],
  [
    'a gateway of the other family',
    { subnet: '192.0.2.0/24', gateway: 'fd00::1' },
    'gateway fd00::1: of another family than the subnet 192.0.2.0/24',
  ],
])('refused: %s', (_, keys, expected) => {
  const problem = problemOf(read(keys));
  expect(`${problem?.key} ${problem?.value}: ${problem?.message}`).toBe(expected);
});

test('an IPv4 subnet in IPv6 clothes', () => {
  expect(() => parseSubnet('::ffff:192.0.2.0/120')).toThrow('IPv4 subnet written as IPv6');
  expect(formatCidr(parseSubnet('::/64'))).toBe('::/64');
});
