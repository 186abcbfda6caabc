import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findText } from '@cni/sys';
import { netnsTest as base, type TestNetns } from '@cni/testkit';
import { expect } from 'vitest';
import { Node, type Request } from './testing/plugin.ts';

const OURS = fileURLToPath(new URL('./testing/main.ts', import.meta.url));
const dual = { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]], probe: true };

/** Two nodes on one wire; the other one has a macvlan link `other`. */
const test = base.extend('wire', { auto: true }, ({ host, pod }) => {
  host.ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up0', 'netns', pod.name);
  pod.ip('link', 'add', 'link', 'up0', 'name', 'other', 'type', 'macvlan', 'mode', 'bridge');
  for (const link of ['up0', 'other']) pod.ip('link', 'set', link, 'up');
  host.ip('link', 'set', 'up0', 'up');
  // Else each link of the namespace answers for the other's addresses.
  pod.exec('sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1');
});

function has(netns: TestNetns, ...addresses: string[]): void {
  for (const address of addresses) {
    const nodad = address.includes(':') ? ['nodad'] : [];
    netns.ip('address', 'add', address, 'dev', 'other', ...nodad);
  }
}

/** What the plugin answers as a process of the host. */
function ask(host: TestNetns, node: Node, command: string, request: Request = {}) {
  const { env, stdin } = node.request(command, { config: { master: 'up0' }, ...request });
  // Without `ip netns exec`, which mounts a sysfs of the namespace.
  const program = [`--net=${host.path}`, process.execPath, '--conditions=@cni/source', OURS];
  const { stdout } = spawnSync('nsenter', program, { env: { ...env, PATH: process.env['PATH'] }, input: stdin });
  return JSON.parse(stdout.toString() || '{}');
}

function addressesIn(result: { ips?: { address: string }[] }): string[] | undefined {
  return result.ips?.map(({ address }) => address);
}

test('what nobody answers for is handed out', ({ host }) => {
  using node = new Node(dual);
  expect(addressesIn(ask(host, node, 'ADD'))).toEqual(['10.1.0.2/24', 'fd00:1::2/64']);
});

test('what another host has is passed over, in both families, and set aside', ({ host, pod }) => {
  has(pod, '10.1.0.2/24', '10.1.0.3/24', 'fd00:1::3/64');
  using node = new Node(dual);
  expect(addressesIn(ask(host, node, 'ADD'))).toEqual(['10.1.0.4/24', expect.stringMatching(/^fd00:1::[^3]\/64$/)]);
  expect(Object.keys(node.held())).toHaveLength(2);
  const aside = findText(`${node.dataDir}/.host-local/pods/answered`);
  expect(aside).toMatch(/^\d+ 10\.1\.0\.2$/m);
  expect(aside).toMatch(/^\d+ 10\.1\.0\.3$/m);
  expect(node.say('DEL')).toBe('');
  expect(node.held()).toEqual({});
});

test('an address of IPv6 alone is passed over as well', ({ host, pod }) => {
  has(pod, 'fd00:1::2/64', 'fd00:1::3/64');
  using node = new Node({ subnet: 'fd00:1::/64', probe: true });
  expect(addressesIn(ask(host, node, 'ADD'))).toEqual(['fd00:1::4/64']);
});

test('one that was asked for is refused', ({ host, pod }) => {
  has(pod, '10.1.0.9/24');
  using node = new Node({ subnet: '10.1.0.0/24', probe: true });
  const { code, msg } = ask(host, node, 'ADD', { args: 'IP=10.1.0.9' });
  const [{ address }] = pod.ipJson('link', 'show', 'other');
  expect([code, msg]).toEqual([105, `10.1.0.9: another host answers for it on up0: ${address}`]);
  expect(node.held()).toEqual({});
  expect(ask(host, node, 'ADD', { args: 'IP=10.1.0.9' }).code).toBe(104);
});

test('a range that is another node’s ends in an error, with nothing reserved', ({ host, pod }) => {
  has(pod, '10.1.0.2/29', '10.1.0.3/29', '10.1.0.4/29', '10.1.0.5/29', '10.1.0.6/29');
  using node = new Node({ subnet: '10.1.0.0/29', probe: true });
  expect(ask(host, node, 'ADD').code).toBe(107);
  expect(node.held()).toEqual({});
});

test('not on a link that is not Ethernet', ({ host }) => {
  using node = new Node({ subnet: '10.1.0.0/24', probe: true });
  expect(ask(host, node, 'ADD', { config: { master: 'lo' } }).msg).toBe('probe: master "lo" is no Ethernet link');
  expect(node.held()).toEqual({});
});

test('on a link of another name, that is down, or that is not there', ({ host }) => {
  using node = new Node({ subnet: '10.1.0.0/24', probe: true, probeMaster: 'down0' });
  expect(ask(host, node, 'ADD').msg).toBe('probe: master "down0": no such link on the node');
  host.ip('link', 'add', 'link', 'up0', 'name', 'down0', 'type', 'macvlan');
  expect(ask(host, node, 'ADD').msg).toBe('send on down0 packet socket: ENETDOWN');
  expect(node.held()).toEqual({});
  host.ip('link', 'set', 'down0', 'up');
  expect(addressesIn(ask(host, node, 'ADD'))).toEqual(['10.1.0.3/24']);
});
