import { defaultDestination, formatCidr, formatIp, ip, parseCidr, parseIp, subnetOf } from '@cni/ip';
import { answerTo, done, goldens, payloadsOf, refuse, replay, rows, scriptedKernel, sentBy } from '@cni/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetlinkError } from '../error.ts';
import { decodeBody } from '../message.ts';
import { type Rtnl, rtnlOver } from '../rtnl.ts';
import { RTM_NEWROUTE, routeShape } from './codec.ts';
import { answers as answersText } from './reply.golden.ts';
import { addBody } from './request.ts';
import { sent as sentText } from './route.golden.ts';
import type { NewRoute, Route, RouteFilter, RouteKey } from './route.ts';

const answers = goldens(answersText);
const sent = goldens(sentText);

const sentFor = (act: (routes: Rtnl['routes']) => void) => sentBy((kernel) => act(rtnlOver(kernel).routes))[0];

describe('as iproute2 sends it', () => {
  const subnet = parseCidr('10.2.0.0/16');
  const other = parseCidr('10.3.0.0/16');
  const rowsOf: [keyof typeof sent, NewRoute][] = [
    [
      'v4Default',
      { destination: defaultDestination(4), gateway: parseIp('10.1.0.1'), link: 3, mtu: 1300, advmss: 1260 },
    ],
    [
      'v4Link',
      { destination: subnet, link: 3, source: parseIp('10.1.0.5'), table: 500, priority: 10, protocol: 'static' },
    ],
    ['v4Onlink', { destination: other, gateway: parseIp('192.0.2.1'), link: 3, onlink: true }],
    ['v4Via6', { destination: other, gateway: parseIp('fd00::1'), link: 3 }],
    ['v4Blackhole', { destination: parseCidr('10.4.0.0/16'), type: 'blackhole' }],
    ['v6Default', { destination: defaultDestination(6), gateway: parseIp('fd00::1'), link: 3, priority: 5 }],
    [
      'v4Multipath',
      {
        destination: parseCidr('10.6.0.0/16'),
        tos: 0x10,
        source: parseIp('10.1.0.5'),
        table: 500,
        priority: 7,
        protocol: 172,
        nexthops: [
          { gateway: parseIp('10.1.0.1'), link: 3, weight: 3 },
          { gateway: parseIp('192.0.2.1'), link: 3, onlink: true },
          { gateway: parseIp('fd00::2'), link: 3 },
        ],
      },
    ],
    [
      'v6Multipath',
      {
        destination: parseCidr('fd02::/64'),
        preference: 'high',
        nexthops: [
          { gateway: parseIp('fd00::1'), link: 3 },
          { gateway: parseIp('fd00::2'), link: 3, weight: 2 },
        ],
      },
    ],
    [
      'v6Details',
      {
        destination: parseCidr('fd02::/64'),
        gateway: parseIp('fd00::1'),
        link: 3,
        preference: 'low',
        expires: 60,
        mtu: 1300,
        otherMetrics: [{ type: 10, payload: Uint8Array.of(7, 0, 0, 0) }],
      },
    ],
    ['v4NexthopId', { destination: parseCidr('10.6.0.0/16'), nexthopId: 7 }],
  ];
  test.each(rowsOf)('add: %s', (name, route) => {
    expect(sentFor((routes) => routes.add(route))).toBe(rows(sent[name]));
  });

  test('replace and prepend', () => {
    const v6 = { destination: parseCidr('fd01::/64'), link: 3, table: 100 };
    expect(sentFor((routes) => routes.replace(v6))).toBe(rows(sent.v6Replace));
    const v4 = { destination: subnet, gateway: parseIp('10.1.0.2'), link: 3 };
    expect(sentFor((routes) => routes.prepend(v4))).toBe(rows(sent.v4Prepend));
  });

  const deletions: [keyof typeof sent, RouteKey][] = [
    ['v4Delete', { destination: subnet, gateway: parseIp('10.1.0.1'), link: 3 }],
    ['v4DeleteInTable', { destination: subnet, table: 500 }],
    ['v4DeleteOfProtocol', { destination: parseCidr('10.6.0.0/16'), tos: 0x10, table: 500, protocol: 172 }],
  ];
  test.each(deletions)('delete: %s', (name, route) => {
    expect(sentFor((routes) => routes.delete(route))).toBe(rows(sent[name]));
  });
});

/** The routes a kernel lists in this datagram. */
function read(captured: Uint8Array, filter: RouteFilter): Route[] {
  return rtnlOver(scriptedKernel((request) => [replay(captured, request), done(request)])).routes.list(filter);
}

const words = ({ destination, gateway, source, nexthops, ...rest }: Route) => ({
  ...rest,
  destination: formatCidr(destination),
  ...(gateway && { gateway: formatIp(gateway) }),
  ...(source && { source: formatIp(source) }),
  ...(nexthops && { nexthops: nexthops.map((hop) => ({ ...hop, gateway: hop.gateway && formatIp(hop.gateway) })) }),
});

describe('what the kernel lists', () => {
  const common = {
    link: 3,
    priority: 0,
    table: 254,
    scope: 'universe',
    onlink: false,
    type: 'unicast',
    protocol: 'boot',
    tos: 0,
  };

  test('IPv4: onlink, by an IPv6 gateway, multipath, none', () => {
    const { link, ...noLink } = common;
    const hop = { link, onlink: false };
    expect(read(answers.v4, { family: 4 }).map(words)).toEqual([
      { ...common, destination: '0.0.0.0/0', gateway: '10.1.0.1', mtu: 1300, priority: 7 },
      { ...common, destination: '10.1.0.0/24', scope: 'link', source: '10.1.0.5', protocol: 'kernel' },
      { ...common, destination: '10.3.0.0/16', gateway: '192.0.2.1', source: '10.1.0.5', onlink: true },
      { ...noLink, destination: '10.4.0.0/16', type: 'blackhole' },
      { ...common, destination: '10.5.0.0/16', gateway: 'fd00::1' },
      {
        ...noLink,
        destination: '10.6.0.0/16',
        nexthops: [
          { ...hop, weight: 3, gateway: '10.1.0.1' },
          { ...hop, weight: 1, gateway: 'fd00::2' },
        ],
      },
    ]);
  });

  test('IPv6', () => {
    expect(read(answers.v6, { family: 6 }).map(words)).toContainEqual({
      ...common,
      destination: '::/0',
      gateway: 'fd00::1',
      advmss: 1200,
      priority: 1024,
      preference: 'medium',
    });
  });

  test('what only few routes have, as much as a copy needs', () => {
    const number = (type: number, value: number) => ({ type, payload: Uint8Array.of(value, 0, 0, 0) });
    const [v4, byId, encapsulated] = read(answers.v4Details, { family: 4, table: 500 });
    const congestionControl = { type: 16, payload: new TextEncoder().encode('cubic\0') };
    expect(v4).toMatchObject({ tos: 0x10, priority: 7, mtu: 1300, protocol: 172, other: [number(11, 5)] });
    expect(v4?.otherMetrics).toEqual([number(1, 4), number(11, 20), congestionControl]);
    expect(byId).toMatchObject({ nexthopId: 7, gateway: parseIp('10.1.0.1') });
    expect(encapsulated?.other?.map(({ type, payload }) => [type, payload.length])).toEqual([
      [21, 2],
      [22, 52],
    ]);
    const [timed, multipath] = read(answers.v6Details, { family: 6, table: 500 });
    expect(timed).toMatchObject({ preference: 'high', expires: 60, mtu: 1300, otherMetrics: [number(10, 7)] });
    expect(multipath?.nexthops).toMatchObject([{ weight: 1 }, { weight: 2, gateway: parseIp('fd00::2') }]);
  });

  test.each(['v4', 'v4Details', 'v6', 'v6Details'] as const)('each route of %s, sent back and read again', (name) => {
    const family = name.startsWith('v4') ? 4 : 6;
    for (const route of read(answers[name], { family, table: 'all' })) {
      const again = answerTo({ sequence: 0, port: 0 }, { type: RTM_NEWROUTE, body: addBody(route) });
      const { expires, ...rest } = route;
      const { gateway, link, ...other } = rest;
      // A nexthop object stands for its ways; and how long a route lasts is told in another attribute than it is asked in.
      expect(read(again, { family, table: 'all' })).toEqual([route.nexthopId === undefined ? rest : other]);
    }
  });

  test('only what was asked for, from a kernel that does not filter', () => {
    expect(read(answers.v4, { family: 6 })).toEqual([]);
    expect(read(answers.v4, { family: 4, table: 500 })).toEqual([]);
    expect(read(answers.v4, { family: 4, link: 4 })).toEqual([]);
    const ofKernel = read(answers.v4, { family: 4, protocol: 'kernel' });
    expect(ofKernel.map(({ destination }) => formatCidr(destination))).toEqual(['10.1.0.0/24']);
    const ofLink = read(answers.v4, { family: 4, link: 3 }).map(({ destination }) => formatCidr(destination));
    expect(ofLink).toEqual(['0.0.0.0/0', '10.1.0.0/24', '10.3.0.0/16', '10.5.0.0/16', '10.6.0.0/16']);
  });

  test('nothing, of a table that is not there', () => {
    const ENOENT = 2;
    const kernel = scriptedKernel((request) => [
      refuse(request, ENOENT, { message: 'ipv4: FIB table does not exist' }),
    ]);
    expect(rtnlOver(kernel).routes.list({ table: 500 })).toEqual([]);
  });

  test.each(['v4', 'v4Details', 'v6', 'v6Details'] as const)('every beginning of %s: a route, or an error', (name) => {
    for (const { body } of payloadsOf(answers[name])) {
      for (let length = 0; length < body.length; length++) {
        const short = { type: RTM_NEWROUTE, body: body.subarray(0, length) };
        const kernel = scriptedKernel((request) => [answerTo(request, short), done(request)]);
        try {
          expect(rtnlOver(kernel).routes.list({ table: 'all' }).length).toBeLessThan(2);
        } catch (error) {
          expect(error).toBeInstanceOf(NetlinkError);
          expect((error as NetlinkError).errno).toBe('EBADMSG');
        }
      }
    }
  });
});

describe('a scope that is not given', () => {
  const v4 = parseCidr('10.0.0.0/8');
  const rowsOf: [string, NewRoute, string][] = [
    ['without a gateway', { destination: v4 }, 'LINK'],
    ['by a gateway', { destination: v4, gateway: parseIp('10.0.0.1') }, 'UNIVERSE'],
    ['local', { destination: v4, type: 'local' }, 'HOST'],
    ['broadcast', { destination: v4, type: 'broadcast' }, 'LINK'],
    ['unreachable', { destination: v4, type: 'unreachable' }, 'UNIVERSE'],
    ['IPv6', { destination: parseCidr('fd00::/8') }, 'UNIVERSE'],
    ['by number 0', { destination: v4, scope: 0 }, 'UNIVERSE'],
  ];
  test.each(rowsOf)('%s', (_, route, scope) => {
    const body = addBody(route);
    expect(decodeBody(routeShape, body, 0, body.length).header.scope).toBe(scope);
  });
});

test('what is sent, read by our own codec', () => {
  const cidr = fc
    .record({
      ip: fc.bigInt(0n, 2n ** 32n - 1n).map((value) => ip(4, value)),
      prefixLength: fc.integer({ min: 1, max: 32 }),
    })
    .map(subnetOf);
  const gateway = fc.oneof(
    fc.bigInt(0n, 2n ** 32n - 1n).map((value) => ip(4, value)),
    fc.bigInt(0n, 2n ** 128n - 1n).map((value) => ip(6, value)),
  );
  const nat32 = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(cidr, gateway, nat32, nat32, nat32, (destination, by, table, priority, mtu) => {
      const body = addBody({ destination, gateway: by, table, priority, mtu, link: 7 });
      const { header, attributes } = decodeBody(routeShape, body, 0, body.length);
      expect(attributes.destination).toEqual(destination.ip);
      expect(attributes.gateway ?? attributes.via).toEqual(by);
      expect([
        attributes.table ?? header.table ?? 0,
        attributes.priority,
        attributes.metrics?.mtu,
        attributes.link,
      ]).toEqual([table, priority, mtu, 7]);
    }),
  );
});
