import { parseCidr } from '@cni/ip';
import { micros } from '@cni/rtnetlink';
import { describe, expect, test } from 'vitest';
import type { Facts } from './facts.ts';
import { type Feed, plan, type Shaper, type Wanted } from './plan.ts';
import { bits } from './quantity.ts';

const limit = { rate: bits(10e6), notes: [] };
const both: Wanted = {
  limits: { ingress: limit, egress: limit },
  latency: micros(8_000),
  sameNode: 'shaped',
  where: 'pod',
};
const v4 = parseCidr('10.1.0.5/32');
const v6 = parseCidr('fd00::5/128');
const eth0 = { index: 2, name: 'eth0', mtu: 1500 };

const veth: Facts = { links: [{ ...eth0, hostEnd: 12 }], l3s: false, addresses: [v4, v6] };
const slave: Facts = { links: [eth0], master: 5, l3s: false, addresses: [v4, v6] };
const l3s: Facts = { ...slave, l3s: true };
const plain: Facts = { links: [eth0], l3s: false, addresses: [v4] };
const coordinated: Facts = { ...slave, links: [eth0, { index: 3, name: 'veth0', mtu: 1500, hostEnd: 13 }] };

/** `ingress@host root 12`, `egress@pod 2.egress*1`: what feeds each bucket, and by how many matches. */
function show(shaper: Shaper): string {
  const name = `${shaper.direction}@${shaper.side}`;
  if ('root' in shaper) return `${name} root ${shaper.root}`;
  const feed = ({ link, hook, redirect, pass }: Feed) =>
    `${link}.${hook}*${redirect.length}${pass.length > 0 ? `-${pass.length}` : ''}`;
  return `${name} ${shaper.feeds.map(feed).join(' ')}`;
}
const shown = (facts: Facts, more: Partial<Wanted> = {}) => plan({ ...both, ...more }, facts).map(show);

describe('where the buckets are', () => {
  test.each<[string, Facts, Partial<Wanted>, string[]]>([
    ['a veth', veth, {}, ['ingress@host root 12', 'egress@host 12.ingress*1']],
    ['a veth, wherever it is asked for', veth, { where: 'host' }, ['ingress@host root 12', 'egress@host 12.ingress*1']],
    ['one direction of a veth', veth, { limits: { ingress: limit } }, ['ingress@host root 12']],
    ['a slave', slave, {}, ['ingress@pod 2.ingress*1', 'egress@pod root 2']],
    ['a plain device', plain, {}, ['ingress@pod 2.ingress*1', 'egress@pod root 2']],
    ['l3s', l3s, {}, ['ingress@pod 2.ingress*1', 'ingress@host 5.ingress*2', 'egress@pod root 2']],
    ['a slave, on the node', slave, { where: 'host' }, ['ingress@host 5.ingress*2', 'egress@host 5.egress*2']],
    [
      'a slave, in both',
      slave,
      { where: 'both' },
      ['ingress@pod 2.ingress*1', 'ingress@host 5.ingress*2', 'egress@pod root 2', 'egress@host 5.egress*2'],
    ],
    ['l3s, on the node', l3s, { where: 'host' }, ['ingress@host 5.ingress*2', 'egress@host 5.egress*2']],
    ['free within the node', slave, { sameNode: 'free' }, ['ingress@host 5.ingress*2', 'egress@host 5.egress*2']],
    [
      'two links of a pod share one bucket',
      coordinated,
      {},
      ['ingress@pod 2.ingress*1 3.ingress*1', 'egress@pod 2.egress*1 3.egress*1'],
    ],
    [
      'two links, on the node',
      coordinated,
      { where: 'host' },
      ['ingress@host 5.ingress*2 13.egress*1', 'egress@host 5.egress*2 13.ingress*1'],
    ],
    [
      'two links, free within the node',
      coordinated,
      { sameNode: 'free' },
      ['ingress@host 5.ingress*2', 'egress@host 5.egress*2'],
    ],
    [
      'subnets that are not limited',
      slave,
      { unshapedSubnets: [parseCidr('10.0.0.0/8'), parseCidr('fd00::/8')] },
      ['ingress@pod 2.ingress*1-2', 'egress@pod 2.egress*1-2'],
    ],
    [
      'only subnets',
      veth,
      { shapedSubnets: [parseCidr('0.0.0.0/0')] },
      ['ingress@host 12.egress*1', 'egress@host 12.ingress*1'],
    ],
    [
      'subnets, by the addresses of the same family',
      slave,
      { where: 'host', shapedSubnets: [parseCidr('0.0.0.0/0')] },
      ['ingress@host 5.ingress*1', 'egress@host 5.egress*1'],
    ],
  ])('%s', (_, facts, more, expected) => expect(shown(facts, more)).toEqual(expected));
});

test('the others are the source of what goes into the pod, and the destination of what leaves it', () => {
  const subnet = parseCidr('192.0.2.0/24');
  const feeds = plan({ ...both, where: 'host', shapedSubnets: [subnet] }, slave).flatMap((one) =>
    'feeds' in one ? one.feeds : [],
  );
  expect(feeds.map(({ redirect }) => redirect)).toEqual([
    [{ destination: v4, source: subnet }],
    [{ source: v4, destination: subnet }],
  ]);
});

test('the bucket is for the largest of the links', () => {
  const facts: Facts = { ...coordinated, links: [eth0, { index: 3, name: 'veth0', mtu: 65_000 }] };
  expect(plan(both, facts)[0]?.bucket.burst).toBe(65_018);
});

test.each<[string, Facts, Partial<Wanted>, string]>([
  ['on the node without a master', plain, { where: 'host' }, 'where: "host" needs a master'],
  ['free within the node without a master', plain, { sameNode: 'free' }, 'sameNode: "free" needs a master'],
  ['in l3s without addresses', { ...l3s, addresses: [] }, {}, 'mode l3s needs addresses'],
  ['on the node without addresses', { ...slave, addresses: [] }, { where: 'both' }, 'where: "both" needs addresses'],
  ['free within the node for a veth', veth, { sameNode: 'free' }, 'sameNode "free"'],
])('%s: refused', (_, facts, more, message) => {
  expect(() => shown(facts, more)).toThrow(message);
});
