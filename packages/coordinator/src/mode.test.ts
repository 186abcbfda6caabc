import { expect, test } from 'vitest';
import { decide } from './mode.ts';

test.each([
  ['auto', 'eth0', false, 'underlay'],
  ['auto', 'eth0', true, 'underlay'],
  ['auto', 'net1', true, 'underlay'],
  ['auto', 'net1', false, 'overlay'],
  ['underlay', 'eth0', false, 'underlay'],
  ['underlay', 'net1', true, 'underlay'],
  ['overlay', 'net1', false, 'overlay'],
] as const)('%s for %s, veth0 there: %s', (mode, ifName, hasVeth, expected) => {
  expect(decide({ mode, ifName, first: 'eth0', hasVeth })).toBe(expected);
});

test('the first interface may have another name', () => {
  expect(decide({ mode: 'auto', ifName: 'net1', first: 'net1', hasVeth: false })).toBe('underlay');
});

test.each([
  [
    'underlay',
    'net1',
    false,
    'mode "underlay": the pod has no veth0: coordinator has to be in the network of eth0 too',
  ],
  [
    'overlay',
    'eth0',
    false,
    'mode "overlay": eth0 is the pod\'s first interface (podDefaultCniNic), and leads to no node',
  ],
  ['overlay', 'net1', true, 'mode "overlay": the pod has veth0: eth0 is an underlay interface'],
] as const)('refuses %s for %s, veth0 there: %s', (mode, ifName, hasVeth, message) => {
  expect(() => decide({ mode, ifName, first: 'eth0', hasVeth })).toThrow(message);
});
