import { parseCidr } from '@cni/ip';
import type { Link, Route, Rtnl } from '@cni/rtnetlink';
import type { Result } from '@cni/skel';
import { expect, test } from 'vitest';
import type { Config } from './config.ts';
import { resolveMaster } from './master.ts';

const attachment = { containerId: 'c1', ifName: 'eth0', sandbox: '/run/netns/pod' };
const config: Config = { mode: 'l2', flag: 'bridge', linkInContainer: false, dad: 'wait' };
const link = (index: number, name: string) => ({ index, name, mtu: 1500 }) as Link;
const route = (destination: string, onLink: number, priority = 0, type: Route['type'] = 'unicast') =>
  ({ destination: parseCidr(destination), link: onLink, priority, type }) as Route;

/** A namespace with these links and routes. */
function namespace(links: Link[], routes: Route[] = []): Rtnl {
  return {
    links: {
      find: (key: { name?: string; index?: number }) =>
        links.find(({ name, index }) => name === key.name || index === key.index),
    },
    routes: {
      list: ({ family }: { family: 4 | 6 }) => routes.filter(({ destination }) => destination.ip.family === family),
    },
  } as unknown as Rtnl;
}

const two = [link(2, 'ens192'), link(3, 'ens224')];
const nameOf = (home: Rtnl, more: Partial<Config> = {}, prevResult?: Result) =>
  resolveMaster(home, { ...config, ...more }, attachment, prevResult).name;

test('the one that is named', () => {
  expect(nameOf(namespace(two, [route('0.0.0.0/0', 2)]), { master: 'ens224' })).toBe('ens224');
});

test('the device of the default route with the lowest metric, whatever the order', () => {
  const routes = [route('10.0.0.0/8', 3), route('0.0.0.0/0', 2, 200), route('0.0.0.0/0', 3, 100)];
  expect(nameOf(namespace(two, routes))).toBe('ens224');
});

test('the IPv6 default route where IPv4 has none', () => {
  expect(nameOf(namespace(two, [route('::/0', 3), route('0.0.0.0/0', 2, 0, 'unreachable')]))).toBe('ens224');
});

test('the one link of prevResult', () => {
  const prevResult = { interfaces: [{ name: 'ens224' }, { name: 'eth1', sandbox: attachment.sandbox }] };
  expect(nameOf(namespace(two, [route('0.0.0.0/0', 2)]), {}, prevResult)).toBe('ens224');
});

test('the one link of prevResult in the pod, where the master is in the pod', () => {
  const prevResult = { interfaces: [{ name: 'ens192' }, { name: 'ens224', sandbox: attachment.sandbox }] };
  expect(nameOf(namespace(two), { linkInContainer: true }, prevResult)).toBe('ens224');
});

test.each([
  ['a name that no link has', { master: 'eth7' }, undefined, 'master "eth7": no such link on the node'],
  [
    'the same in the pod',
    { master: 'eth7', linkInContainer: true },
    undefined,
    'master "eth7": no such link in /run/netns/pod',
  ],
  ['no default route', {}, undefined, 'master is not set, and there is no default route on the node'],
  [
    'two links to choose from',
    {},
    { interfaces: [{ name: 'a' }, { name: 'b' }] },
    'master is not set, and prevResult has 2 links to choose from',
  ],
  ['none to choose from', {}, {}, 'master is not set, and prevResult has 0 links to choose from'],
  [
    'a larger mtu',
    { master: 'ens192', mtu: 9000 },
    undefined,
    'mtu 9000 is larger than 1500, the mtu of master ens192',
  ],
])('%s is refused', (_, more, prevResult, message) => {
  expect(() => nameOf(namespace(two), more, prevResult)).toThrow(message);
});
