import { formatIp, parseIp } from '@cni/ip';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressNameTest, addressOfName, formatRecord, isAddressName, nameOf, ownerOf, recordIn } from './record.ts';

const digits = '0123456789abcdef'.repeat(4);

test('a record is the container id, CR LF, the interface', () => {
  expect(formatRecord({ containerId: 'id1', ifName: 'eth0' })).toBe('id1\r\neth0');
});

test.each([
  ['as written', 'id1\r\neth0', { containerId: 'id1', ifName: 'eth0' }],
  ['white space around it', ' id1\r\neth0\n', { containerId: 'id1', ifName: 'eth0' }],
  ['the container alone', 'id1', { containerId: 'id1', ifName: undefined }],
  ['cut short after the container', 'id1\r\n', { containerId: 'id1', ifName: undefined }],
  ['empty', '', undefined],
  ['words', 'do not touch', undefined],
  ['a plain line feed', 'id1\neth0', undefined],
  ['three lines', 'id1\r\neth0\r\nx', undefined],
  ['64 digits', `${digits}\r\neth0`, { containerId: digits, ifName: 'eth0' }],
  ['64 characters', `${digits.slice(1)}_\r\neth0`, { containerId: `${digits.slice(1)}_`, ifName: 'eth0' }],
  ['63 digits and a blank', `${digits.slice(1)} \r\neth0`, undefined],
  ['64 that are no digits', `${'%'.repeat(64)}\r\neth0`, undefined],
  ['a blank before 63 digits', ` ${digits.slice(1)}\r\neth0`, { containerId: digits.slice(1), ifName: 'eth0' }],
  ['an interface name that is too long', 'id1\r\nabcdefghijklmnop', undefined],
])('read: %s', (_, text, expected) => {
  const record = recordIn(text);
  expect(record && ownerOf(record)).toEqual(expected);
});

test.each(['10.1.0.2', '0.0.0.0', '255.249.199.99', 'fd00:1::2', '::1'])('%s names an address', (name) => {
  expect(addressOfName(name)).toBeDefined();
  expect(isAddressName(name)).toBe(true);
  expect(nameOf(parseIp(name))).toBe(name);
});

test.each([
  'lock',
  'last_reserved_ip.0',
  '10.1.0.02',
  '10.1.0.256',
  '10.1.0.2.3',
  'FD00::1',
  'fd00:0:0::1',
  '10.1.0',
  '10.1.0.2.tmp',
  '.probe',
  'face',
])('%s does not', (name) => {
  expect(addressOfName(name)).toBeUndefined();
  expect(isAddressName(name)).toBe(false);
});

test('names of IPv4 addresses are told from others after one another', () => {
  const isName = addressNameTest();
  const octet = fc.constantFrom('0', '1', '01', '9', '10', '255', '256', '', '1e1');
  const name = fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join('.'));
  fc.assert(
    fc.property(name, (one) => isName(one) === isAddressName(one)),
    { numRuns: 3000 },
  );
});

test('names of IPv6 addresses are told without arithmetic as with it', () => {
  const group: fc.Arbitrary<bigint> = fc.constantFrom(0n, 0n, 1n, 0xdn, 0xdb8n, 0xffffn);
  const value = fc
    .array(group, { minLength: 8, maxLength: 8 })
    .map((groups) => groups.reduce((all, one) => (all << 16n) | one, 0n));
  const text = fc
    .array(fc.constantFrom(':', '::', '0', '1', 'db8', '00'), { maxLength: 12 })
    .map((parts) => parts.join(''));
  fc.assert(fc.property(value, (one) => isAddressName(formatIp({ family: 6, value: one }))));
  const isName = addressNameTest();
  fc.assert(fc.property(value, (one) => isName(formatIp({ family: 6, value: one }))));
  fc.assert(
    fc.property(text, (name) => isName(name) === isAddressName(name)),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(text, (name) => isAddressName(name) === (addressOfName(name) !== undefined)),
    { numRuns: 2000 },
  );
});
