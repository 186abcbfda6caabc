import type { Link } from '@cni/rtnetlink';
import { describe, expect, test } from 'vitest';
import { aliasOf, groupOf, ifbName, isOfNetwork, isOwn, sourcesOf } from './ifb.ts';

const owner = { network: 'underlay', containerId: 'c1', ifName: 'eth0' };
const link: Link = {
  index: 9,
  name: ifbName(owner, 'ingress'),
  up: true,
  running: true,
  loopback: false,
  arp: true,
  operState: 'unknown',
  mtu: 1500,
  address: '02:00:00:00:00:01',
  txQueueLength: 32,
  group: 0,
  info: { kind: 'ifb' },
};

test('a name for each network, container, interface and direction, of the length that there may be', () => {
  const names = [
    owner,
    { ...owner, ifName: 'net1' },
    { ...owner, containerId: 'c2' },
    { ...owner, network: 'n' },
  ].flatMap((one) => [ifbName(one, 'ingress'), ifbName(one, 'egress')]);
  expect(new Set(names).size).toBe(8);
  for (const name of names) expect(name).toMatch(/^bw[io][0-9a-f]{12}$/);
});

test('an alias tells where packets come from, however long the names', () => {
  const sources = [
    { link: 12, made: true },
    { link: 5, made: false },
  ];
  for (const network of ['underlay', 'n'.repeat(300)]) {
    const alias = aliasOf({ ...owner, network }, sources);
    expect(alias.length).toBeLessThanOrEqual(255);
    expect(sourcesOf(alias)).toEqual(sources);
  }
  expect(sourcesOf('somebody else’s')).toEqual([]);
});

describe('proof', () => {
  const own = { ...link, alias: aliasOf(owner, [{ link: 7, made: true }]) };
  test('by the alias', () => expect(isOwn(own, owner)).toBe(true));
  test('by the group until there is an alias', () =>
    expect(isOwn({ ...link, group: groupOf('underlay') }, owner)).toBe(true));
  test('not of another attachment', () => expect(isOwn(own, { ...owner, containerId: 'c2' })).toBe(false));
  test('not without any mark', () => expect(isOwn(link, owner)).toBe(false));
  test('not of another kind', () => expect(isOwn({ ...own, info: { kind: 'dummy' } }, owner)).toBe(false));
  test('of a network', () => {
    expect(isOfNetwork(own, 'underlay')).toBe(true);
    expect(isOfNetwork(own, 'under')).toBe(false);
    expect(isOfNetwork({ ...own, name: 'ifb0' }, 'underlay')).toBe(false);
    expect(isOfNetwork({ ...link, group: groupOf('underlay') }, 'underlay')).toBe(true);
  });
});
