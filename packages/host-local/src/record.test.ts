import { parseIp } from '@cni/ip';
import { expect, test } from 'vitest';
import { addressOfName, formatRecord, isAddressName, nameOf, parseRecord } from './record.ts';

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
  ['an interface name that is too long', 'id1\r\nabcdefghijklmnop', undefined],
])('read: %s', (_, text, expected) => {
  expect(parseRecord(text)).toEqual(expected);
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
