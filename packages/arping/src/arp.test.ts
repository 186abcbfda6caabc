import { formatMac, parseIp, parseMac } from '@cni/ip';
import { goldens, hex, rows } from '@cni/testkit';
import { expect, test } from 'vitest';
import { arpAnnouncement, arpProbe, arpRequest } from './arp.ts';
import { FRAMES } from './frames.golden.ts';

const KERNEL = goldens(FRAMES);
const ours = parseMac('02:00:00:00:00:0a');
const ip = parseIp('10.1.0.5');
const heard = (mac: Uint8Array | undefined) => mac && formatMac(mac);

/** What 02:00:00:00:00:0b says of itself: operation, its address, the address it is about. */
function said(operation: 1 | 2, sender: string, target: string, mac = '0200 0000 000b'): Uint8Array {
  return hex(`ffff ffff ffff ${mac} 0806 0001 0800 0604 000${operation} ${mac} ${sender} 0000 0000 0000 ${target}`);
}

test('a request and an announcement are the kernel’s', () => {
  expect(rows(arpRequest(ours, parseIp('10.1.0.1'), ip).frame)).toBe(rows(KERNEL.arpRequest));
  expect(rows(arpAnnouncement(ours, ip))).toBe(rows(KERNEL.arpAnnouncement));
});

test('a probe is a request of nobody, and so is a request without a sender', () => {
  const frame = hex(
    'ffff ffff ffff 0200 0000 000a 0806 0001 0800 0604 0001 0200 0000 000a 00000000 000000000000 0a010005',
  );
  expect(rows(arpProbe(ours, ip).frame)).toBe(rows(frame));
  expect(rows(arpRequest(ours, ip, undefined).frame)).toBe(rows(frame));
});

test.each([
  ['a reply', said(2, '0a010005', '00000000'), true, true],
  ['a request of the address’s user', said(1, '0a010005', '0a010001'), true, true],
  ['another host’s probe', said(1, '00000000', '0a010005'), true, false],
  ['a reply of somebody else', said(2, '0a010006', '0a010005'), false, false],
  ['a request for the address', said(1, '0a010006', '0a010005'), false, false],
  ['a reply of the own MAC address', said(2, '0a010005', '00000000', '0200 0000 000a'), false, false],
  ['half of a reply', said(2, '0a010005', '00000000').subarray(0, 40), false, false],
  ['a reply for another hardware', said(2, '0a010005', '00000000').with(15, 6), false, false],
  ['another operation', said(2, '0a010005', '00000000').with(21, 8), false, false],
])('%s', (_, frame, answersProbe, answersRequest) => {
  const other = '02:00:00:00:00:0b';
  expect(heard(arpProbe(ours, ip).answeredBy(frame))).toBe(answersProbe ? other : undefined);
  expect(heard(arpRequest(ours, ip, undefined).answeredBy(frame))).toBe(answersRequest ? other : undefined);
});
