import { parseCidr } from '@cni/ip';
import type { Link, LinkAddress } from '@cni/rtnetlink';
import { expect, test } from 'vitest';
import { nodeAddresses } from './node-addresses.ts';

const links = ['lo', 'ens192', 'docker0', 'ens224', 'vethabc', 'kube-ipvs0', 'br0', 'br-0123456789ab'].map(
  (name, at) => ({ name, index: at + 1, loopback: name === 'lo' }) as Link,
);

const at = (name: string, address: string, more: Partial<LinkAddress> = {}) =>
  ({
    link: links.find((one) => one.name === name)?.index,
    address: parseCidr(address),
    scope: 'universe',
    ...more,
  }) as LinkAddress;

const addresses = [
  at('lo', '127.0.0.1/8', { scope: 'host' }),
  at('ens192', '192.0.2.5/24'),
  at('ens192', 'fe80::1/64', { scope: 'link' }),
  at('ens192', '169.254.1.1/16'),
  at('docker0', '172.17.0.1/16'),
  at('ens224', '10.1.0.5/24'),
  at('ens224', 'fd00::5/64'),
  at('ens224', 'fd00::6/64', { dadFailed: true }),
  at('kube-ipvs0', '10.96.0.1/32'),
  at('br0', '198.51.100.7/24'),
  at('br-0123456789ab', '172.18.0.1/16'),
];
const view = { links, addresses };
const none = { hostInterfaces: [], addresses: [] };

test('those of the node itself, in the order of its links', () => {
  expect(nodeAddresses(view, none)).toEqual(['192.0.2.5', '10.1.0.5', 'fd00::5', '198.51.100.7']);
});

test("the one in the pod's subnet is first, then those of the master", () => {
  expect(nodeAddresses(view, { ...none, addresses: ['10.1.0.9'] })[0]).toBe('10.1.0.5');
  expect(nodeAddresses(view, { ...none, addresses: ['10.5.0.9'], master: 7 })[0]).toBe('198.51.100.7');
});

test('on given links alone, whatever their names', () => {
  expect(nodeAddresses(view, { ...none, hostInterfaces: ['docker0', 'ens224'] })).toEqual([
    '172.17.0.1',
    '10.1.0.5',
    'fd00::5',
  ]);
});
