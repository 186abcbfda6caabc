import { formatMac, parseIp, parseMac } from '@cni/ip';
import { goldens, hex, rows } from '@cni/testkit';
import { expect, test } from 'vitest';
import { FRAMES } from './frames.golden.ts';
import { ndpAnnouncement, ndpProbe, ndpRequest } from './ndp.ts';

const KERNEL = goldens(FRAMES);
const kernels = parseMac('02:00:00:00:00:0a');
const ours = parseMac('02:00:00:00:00:0b');
const heard = (mac: Uint8Array | undefined) => mac && formatMac(mac);

test('a solicitation and an unsolicited advertisement are the kernel’s', () => {
  const from = parseIp('fd00:1::5');
  expect(rows(ndpRequest(kernels, parseIp('fd00:1::1'), from).frame)).toBe(rows(KERNEL.ndpRequest));
  expect(rows(ndpAnnouncement(kernels, from))).toBe(rows(KERNEL.ndpAnnouncement));
});

test('a probe is the kernel’s without the nonce, so with another length and checksum', () => {
  const withoutNonce = KERNEL.dad.slice(0, -8).with(19, 24);
  withoutNonce.set(hex('7d9a'), 56);
  expect(rows(ndpProbe(kernels, parseIp('fd00:1::6')).frame)).toBe(rows(withoutNonce));
  expect(rows(ndpRequest(kernels, parseIp('fd00:1::6'), undefined).frame)).toBe(rows(withoutNonce));
});

test('answers go to all nodes, other probes to the group of the address', () => {
  expect(ndpProbe(ours, parseIp('fd00:1::a:b0c:d0e')).groups.map(formatMac)).toEqual([
    '33:33:00:00:00:01',
    '33:33:ff:0c:0d:0e',
  ]);
});

const OPTION = KERNEL.ndpAnnouncement.length - 8;

test.each([
  ['an advertisement', 'fd00:1::5', KERNEL.ndpAnnouncement, true, true],
  ['one that names no MAC address', 'fd00:1::5', KERNEL.ndpAnnouncement.slice(0, OPTION), true, true],
  [
    'one with an option of no length',
    'fd00:1::5',
    KERNEL.ndpAnnouncement.with(OPTION, 14).with(OPTION + 1, 0),
    true,
    true,
  ],
  ['duplicate address detection of another host', 'fd00:1::6', KERNEL.dad, true, false],
  ['an advertisement of another address', 'fd00:1::6', KERNEL.ndpAnnouncement, false, false],
  ['an ordinary solicitation', 'fd00:1::1', KERNEL.ndpRequest, false, false],
  ['one that came through a router', 'fd00:1::5', KERNEL.ndpAnnouncement.with(21, 254), false, false],
  ['half of an advertisement', 'fd00:1::5', KERNEL.ndpAnnouncement.subarray(0, 70), false, false],
])('%s', (_, ip, frame, answersProbe, answersRequest) => {
  const other = '02:00:00:00:00:0a';
  expect(heard(ndpProbe(ours, parseIp(ip)).answeredBy(frame))).toBe(answersProbe ? other : undefined);
  expect(heard(ndpRequest(ours, parseIp(ip), undefined).answeredBy(frame))).toBe(answersRequest ? other : undefined);
  expect(ndpProbe(kernels, parseIp(ip)).answeredBy(frame)).toBeUndefined();
});

test('the MAC address that an advertisement names goes before that of its frame', () => {
  const virtual = KERNEL.ndpAnnouncement.with(OPTION + 7, 0x77);
  expect(heard(ndpProbe(ours, parseIp('fd00:1::5')).answeredBy(virtual))).toBe('02:00:00:00:00:77');
});
