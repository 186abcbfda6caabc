import { expect, test } from 'vitest';
import {
  contains,
  equalCidrs,
  formatCidr,
  formatIp,
  formatMac,
  formatRange,
  inRange,
  lastOf,
  networkOf,
  overlap,
  parseCidr,
  parseIp,
  parseMac,
  parseRange,
  sizeOf,
  subnetOf,
} from './index.ts';

test('host bits are kept, and dropped on request', () => {
  const address = parseCidr('172.51.3.230/16');
  expect(formatCidr(address)).toBe('172.51.3.230/16');
  expect(formatCidr(subnetOf(address))).toBe('172.51.0.0/16');
  expect(formatIp(networkOf(address))).toBe('172.51.0.0');
  expect(formatIp(lastOf(address))).toBe('172.51.255.255');
  expect(equalCidrs(address, subnetOf(address))).toBe(false);
});

test.each(['0.0.0.0/0', '::/0', '10.0.0.1/32', 'fd00::1/128'])('%s, an end of the scale', (text) => {
  expect(formatCidr(parseCidr(text))).toBe(text);
  expect(contains(parseCidr(text), parseCidr(text).ip)).toBe(true);
});

test.each(['10.0.0.1', '10.0.0.1/', '10.0.0.1/33', '10.0.0.1/08', 'fd00::/129', '/8'])(
  '%s is refused by name',
  (text) => {
    expect(() => parseCidr(text)).toThrow(`"${text}"`);
  },
);

test('a subnet holds its own family only', () => {
  expect(contains(parseCidr('10.1.0.0/16'), parseIp('10.1.255.255'))).toBe(true);
  expect(contains(parseCidr('10.1.0.0/16'), parseIp('10.2.0.0'))).toBe(false);
  expect(contains(parseCidr('0.0.0.0/0'), parseIp('::1'))).toBe(false);
});

test.each([
  ['172.51.0.100-172.51.0.108', '172.51.0.100-172.51.0.108', 9n],
  ['172.51.0.7', '172.51.0.7', 1n],
  ['172.51.0.0/30', '172.51.0.0-172.51.0.3', 4n],
  ['fd00::1 - fd00::ff', 'fd00::1-fd00::ff', 255n],
])('range %s', (text, printed, size) => {
  expect(formatRange(parseRange(text))).toBe(printed);
  expect(sizeOf(parseRange(text))).toBe(size);
});

test.each(['10.0.0.9-10.0.0.1', '10.0.0.1-fd00::1', '10.0.0.1-10.0.0.2-10.0.0.3', 'x-y'])(
  'range %s is refused',
  (text) => {
    expect(() => parseRange(text)).toThrow();
  },
);

test('ranges overlap when they share an address', () => {
  const a = parseRange('10.0.0.1-10.0.0.5');
  expect(overlap(a, parseRange('10.0.0.5-10.0.0.9'))).toBe(true);
  expect(overlap(a, parseRange('10.0.0.6'))).toBe(false);
  expect(overlap(a, parseRange('::/0'))).toBe(false);
  expect(inRange(a, parseIp('10.0.0.5'))).toBe(true);
  expect(inRange(a, parseIp('10.0.0.6'))).toBe(false);
});

test('MAC addresses both ways', () => {
  expect(formatMac(parseMac('0A:58:0a:01:00:05'))).toBe('0a:58:0a:01:00:05');
  expect(() => parseMac('0a:58')).toThrow('"0a:58" is not a MAC address');
});
