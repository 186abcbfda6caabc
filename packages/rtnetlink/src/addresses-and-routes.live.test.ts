import { defaultDestination, formatCidr, formatIp, parseCidr, parseIp } from '@cni/ip';
import { type TestNetns, netnsTest as test } from '@cni/testkit';
import { describe, expect } from 'vitest';
import { openRtnl, type Rtnl } from './index.ts';

/** A namespace with a veth that is up at both ends. */
function withLink(host: TestNetns): Rtnl & { readonly index: number } {
  host.ip('link', 'add', 'v0', 'up', 'type', 'veth', 'peer', 'name', 'v1');
  host.ip('link', 'set', 'v1', 'up');
  const rtnl = openRtnl(host.netns);
  return { ...rtnl, index: rtnl.links.get({ name: 'v0' }).index };
}

// biome-ignore lint/suspicious/noExplicitAny: iproute2's object
const theirAddresses = (host: TestNetns): any[] => host.ipJson('address', 'show', 'dev', 'v0')[0].addr_info;

describe('addresses', () => {
  test('what iproute2 says of what we add', ({ host }) => {
    const { addresses, index } = withLink(host);
    addresses.add(index, { address: parseCidr('10.1.0.5/24'), broadcast: parseIp('10.1.0.255') });
    addresses.add(index, { address: parseCidr('fd00::5/64'), noDad: true, noPrefixRoute: true });
    const theirs = theirAddresses(host);
    expect(theirs).toContainEqual(
      expect.objectContaining({ local: '10.1.0.5', prefixlen: 24, broadcast: '10.1.0.255' }),
    );
    expect(theirs).toContainEqual(
      expect.objectContaining({ local: 'fd00::5', prefixlen: 64, nodad: true, noprefixroute: true }),
    );
    const ours = addresses.list({ link: index });
    expect(ours.map(({ address }) => formatCidr(address)).sort()).toEqual(
      theirs.map(({ local, prefixlen }) => `${local}/${prefixlen}`).sort(),
    );
    expect(addresses.list({ link: index, family: 4 })).toMatchObject([
      { permanent: true, noDad: false, scope: 'universe' },
    ]);
  });

  test('one that is tentative until nobody objects, and one that never is', ({ host }) => {
    const { addresses, index } = withLink(host);
    const state = (text: string) =>
      addresses.list({ link: index, family: 6 }).find(({ address }) => formatCidr(address) === text);
    addresses.add(index, { address: parseCidr('fd00::5/64') });
    addresses.add(index, { address: parseCidr('fd00::6/64'), noDad: true });
    expect(state('fd00::5/64')).toMatchObject({ tentative: true, noDad: false });
    expect(state('fd00::6/64')).toMatchObject({ tentative: false, noDad: true });
  });

  test('one that is there already', ({ host }) => {
    const { addresses, index } = withLink(host);
    const address = parseCidr('fd00::5/64');
    addresses.add(index, { address, noDad: true });
    expect(() => addresses.add(index, { address })).toThrow(/^add address fd00::5\/64 on v0: EEXIST/);
    addresses.replace(index, { address, noDad: true });
  });

  test('deletion, with the prefix length it was added with', ({ host }) => {
    const { addresses, index } = withLink(host);
    for (const text of ['10.1.0.5/24', 'fd00::5/64']) {
      const address = parseCidr(text);
      addresses.add(index, { address });
      expect(addresses.deleteIfPresent(index, { ...address, prefixLength: 20 })).toBe(false);
      expect([addresses.deleteIfPresent(index, address), addresses.deleteIfPresent(index, address)]).toEqual([
        true,
        false,
      ]);
    }
    expect(addresses.deleteIfPresent(999, parseCidr('10.1.0.5/24'))).toBe(false);
  });

  test('of a link that is not there', ({ host }) => {
    expect(() => openRtnl(host.netns).addresses.list({ link: 999 })).toThrow(/^list addresses of link 999: ENODEV/);
  });
});

describe('routes', () => {
  test('what iproute2 says of what we add', ({ host }) => {
    const { addresses, routes, index } = withLink(host);
    addresses.add(index, { address: parseCidr('10.1.0.5/24') });
    addresses.add(index, { address: parseCidr('fd00::5/64'), noDad: true });
    routes.add({
      destination: defaultDestination(4),
      gateway: parseIp('10.1.0.1'),
      link: index,
      mtu: 1300,
      advmss: 1260,
    });
    routes.add({ destination: defaultDestination(6), gateway: parseIp('fd00::1'), link: index, priority: 5 });
    routes.add({ destination: parseCidr('10.2.0.0/16'), link: index, source: parseIp('10.1.0.5'), table: 500 });
    routes.add({ destination: parseCidr('10.3.0.0/16'), gateway: parseIp('192.0.2.1'), link: index, onlink: true });
    routes.add({ destination: parseCidr('10.4.0.0/16'), gateway: parseIp('fd00::1'), link: index });
    const theirs = host.ipJson('-N', 'route', 'show', 'table', 'all');
    expect(theirs).toContainEqual(
      expect.objectContaining({
        dst: 'default',
        gateway: '10.1.0.1',
        dev: 'v0',
        metrics: [{ mtu: 1300, advmss: 1260 }],
      }),
    );
    expect(theirs).toContainEqual(
      expect.objectContaining({ dst: '10.2.0.0/16', prefsrc: '10.1.0.5', table: '500', scope: '253' }),
    );
    expect(theirs).toContainEqual(
      expect.objectContaining({ dst: '10.3.0.0/16', gateway: '192.0.2.1', flags: ['onlink'] }),
    );
    expect(theirs).toContainEqual(
      expect.objectContaining({ dst: '10.4.0.0/16', via: { family: 'inet6', host: 'fd00::1' } }),
    );
    expect(host.ipJson('-6', 'route')).toContainEqual(
      expect.objectContaining({ dst: 'default', gateway: 'fd00::1', dev: 'v0', metric: 5 }),
    );
  });

  test('of the main table, of another, of all, and of a link', ({ host }) => {
    const { addresses, routes, index } = withLink(host);
    addresses.add(index, { address: parseCidr('10.1.0.5/24') });
    routes.add({ destination: parseCidr('10.2.0.0/16'), link: index, table: 500 });
    host.ip('route', 'add', 'blackhole', '10.9.0.0/16');
    const texts = (filter: Parameters<typeof routes.list>[0]) =>
      routes.list(filter).map(({ destination }) => formatCidr(destination));
    expect(texts({ family: 4 })).toEqual(['10.1.0.0/24', '10.9.0.0/16']);
    expect(texts({ family: 4, link: index })).toEqual(['10.1.0.0/24']);
    expect(texts({ table: 500 })).toEqual(['10.2.0.0/16']);
    expect(texts({ table: 501 })).toEqual([]);
    const all = host.ipJson('-4', 'route', 'show', 'table', 'all').length;
    expect(texts({ family: 4, table: 'all' })).toHaveLength(all);
  });

  test('one that is there already: refused, replaced, put before', ({ host }) => {
    const { addresses, routes, index } = withLink(host);
    addresses.add(index, { address: parseCidr('10.1.0.5/24') });
    const destination = parseCidr('10.2.0.0/16');
    const by = (gateway: string) => ({ destination, gateway: parseIp(gateway), link: index });
    const gateways = () =>
      routes
        .list({ family: 4 })
        .filter((route) => formatCidr(route.destination) === '10.2.0.0/16')
        .map(({ gateway }) => gateway && formatIp(gateway));
    routes.add(by('10.1.0.1'));
    expect(() => routes.add(by('10.1.0.2'))).toThrow('add route 10.2.0.0/16 via 10.1.0.2 on v0: EEXIST');
    routes.replace(by('10.1.0.3'));
    expect(gateways()).toEqual(['10.1.0.3']);
    routes.prepend(by('10.1.0.4'));
    expect(gateways()).toEqual(['10.1.0.4', '10.1.0.3']);
    expect(routes.deleteIfPresent(by('10.1.0.3'))).toBe(true);
    expect(routes.deleteIfPresent(by('10.1.0.3'))).toBe(false);
    expect(gateways()).toEqual(['10.1.0.4']);
  });

  test('copied to another table: what iproute2 shows is the same, but for the table', ({ host }) => {
    const { routes } = withLink(host);
    host.ip('address', 'add', '10.1.0.5/24', 'dev', 'v0');
    host.ip('address', 'add', 'fd00::5/64', 'dev', 'v0', 'nodad');
    const details = ['mtu', 'lock', '1300', 'advmss', '1260', 'initcwnd', '20', 'congctl', 'cubic', 'realm', '5'];
    host.ip('nexthop', 'add', 'id', '7', 'via', '10.1.0.1', 'dev', 'v0');
    for (const route of [
      ['default', 'via', '10.1.0.1', 'dev', 'v0', 'metric', '7', 'proto', 'dhcp', ...details],
      ['10.2.0.0/16', 'dev', 'v0', 'src', '10.1.0.5', 'tos', '0x10', 'proto', '172', 'scope', 'link'],
      ['10.3.0.0/16', 'via', '192.0.2.1', 'dev', 'v0', 'onlink'],
      ['10.4.0.0/16', 'via', 'inet6', 'fd00::1', 'dev', 'v0'],
      ['unreachable', '10.5.0.0/16', 'metric', '9'],
      ['local', '10.5.1.0/24', 'dev', 'v0'],
      ['10.6.0.0/16', 'src', '10.1.0.5', 'nexthop', 'via', '10.1.0.1', 'dev', 'v0', 'weight', '3']
        .concat(['nexthop', 'via', 'inet6', 'fd00::2', 'dev', 'v0'])
        .concat(['nexthop', 'via', '192.0.2.1', 'dev', 'v0', 'onlink']),
      ['10.7.0.0/16', 'nhid', '7'],
      ['10.8.0.0/16', 'encap', 'ip', 'id', '7', 'dst', '10.1.0.77', 'via', '10.1.0.1', 'dev', 'v0'],
    ])
      host.ip('route', 'add', 'table', '500', ...route);
    for (const route of [
      ['default', 'via', 'fd00::1', 'dev', 'v0', 'metric', '5', 'pref', 'high', 'mtu', '1400', 'hoplimit', '9'],
      ['fd01::/64', 'dev', 'v0', 'proto', 'static', 'src', 'fd00::5'],
      ['fd02::/64', 'nexthop', 'via', 'fd00::1', 'dev', 'v0', 'nexthop', 'via', 'fd00::2', 'dev', 'v0', 'weight', '2'],
      ['fd03::/64', 'via', 'fd00::1', 'dev', 'v0', 'expires', '600'],
    ])
      host.ip('-6', 'route', 'add', 'table', '500', ...route);

    const originals = routes.list({ table: 500 });
    for (const route of originals) routes.add({ ...route, table: 501 });
    const theirs = (table: string) =>
      ['-4', '-6'].map((family) => host.ipJson(family, 'route', 'show', 'table', table));
    expect(theirs('500').map((list) => list.length)).toEqual([9, 4]);
    // The lifetime is counted in seconds, which pass.
    const withoutTime = (lists: { expires?: number }[][]) =>
      lists.map((list) => list.map((route) => ({ ...route, ...(route.expires && { expires: 'soon' }) })));
    expect(withoutTime(theirs('501'))).toEqual(withoutTime(theirs('500')));

    expect(routes.list({ family: 4, table: 501, protocol: 172 })).toHaveLength(1);
    for (const route of routes.list({ table: 501 })) routes.delete(route);
    expect(routes.list({ table: 501 })).toEqual([]);
    expect(routes.list({ table: 500 })).toHaveLength(originals.length);
  });

  test('deleted by who made them', ({ host }) => {
    const { routes, index } = withLink(host);
    const destination = parseCidr('10.2.0.0/16');
    routes.add({ destination, link: index, table: 500, protocol: 172 });
    expect(routes.deleteIfPresent({ destination, table: 500, protocol: 'static' })).toBe(false);
    expect(routes.list({ table: 500 })).toMatchObject([{ protocol: 172 }]);
    expect(routes.deleteIfPresent({ destination, table: 500, protocol: 172 })).toBe(true);
  });

  test('a gateway that nobody can reach, in the kernel’s words', ({ host }) => {
    const { routes, index } = withLink(host);
    const add = () => routes.add({ destination: defaultDestination(4), gateway: parseIp('192.0.2.1'), link: index });
    expect(add).toThrow(
      'add route 0.0.0.0/0 via 192.0.2.1 on v0: ENETUNREACH, kernel says "Nexthop has invalid gateway"',
    );
  });
});

test('rules', ({ host }) => {
  const { rules } = openRtnl(host.netns);
  const rule = { family: 4 as const, priority: 1000, source: parseCidr('10.1.0.0/24'), iif: 'lo', table: 500 };
  rules.add(rule);
  rules.add({ family: 6, priority: 1001, fwmark: 1, fwmask: 0xff, table: 100, invert: true });
  expect(() => rules.add(rule)).toThrow('add IPv4 rule 1000 from 10.1.0.0/24 iif lo lookup 500: EEXIST');
  expect(host.ipJson('rule')).toContainEqual(
    expect.objectContaining({ priority: 1000, src: '10.1.0.0', srclen: 24, iif: 'lo', table: '500' }),
  );
  expect(host.ipJson('-6', 'rule')).toContainEqual(
    expect.objectContaining({ priority: 1001, fwmark: '0x1', fwmask: '0xff', table: '100', not: null }),
  );
  expect(rules.list({ family: 4 }).map(({ priority }) => priority)).toEqual([0, 1000, 32766, 32767]);
  expect(rules.list().filter(({ priority }) => priority === 1001)).toMatchObject([
    { family: 6, fwmask: 0xff, invert: true },
  ]);
  expect([rules.deleteIfPresent(rule), rules.deleteIfPresent(rule)]).toEqual([true, false]);
  const ours = { family: 4 as const, priority: 1002, fwmark: 1, table: 100, protocol: 172 };
  rules.add(ours);
  rules.add({ ...ours, protocol: 173 });
  expect(() => rules.add(ours)).toThrow('add IPv4 rule 1002 fwmark 1 lookup 100 protocol 172: EEXIST');
  expect(rules.deleteIfPresent({ family: 4, priority: 1002, protocol: 173 })).toBe(true);
  expect(rules.deleteIfPresent({ family: 4, priority: 1002, protocol: 173 })).toBe(false);
  expect(rules.list({ family: 4 }).filter(({ protocol }) => protocol === 172)).toMatchObject([ours]);
});

test('neighbours', ({ host }) => {
  const { neighbours, index } = withLink(host);
  const mac = '02:00:00:00:00:09';
  for (const text of ['10.1.0.9', 'fd00::9']) neighbours.replace({ link: index, ip: parseIp(text), mac });
  expect(host.ipJson('neighbour', 'show', 'nud', 'permanent')).toContainEqual(
    expect.objectContaining({ dst: '10.1.0.9', dev: 'v0', lladdr: mac, state: ['PERMANENT'] }),
  );
  expect(neighbours.list({ link: index, family: 6 }).filter(({ state }) => state === 'permanent')).toMatchObject([
    { link: index, ip: parseIp('fd00::9'), mac },
  ]);
  expect(neighbours.list({ link: 1, family: 4 })).toEqual([]);
  const ip = parseIp('10.1.0.9');
  expect([neighbours.deleteIfPresent(index, ip), neighbours.deleteIfPresent(index, ip)]).toEqual([true, false]);
});
