import { writeFile } from '@cni/sys';
import { expect, test } from 'vitest';
import { Node } from './testing/plugin.ts';

/** What a network of one pool hands out until it is full. */
function drain(ipam: object): string[] {
  using node = new Node(ipam);
  const addresses: string[] = [];
  for (let n = 0; n < 100; n++) {
    const added = node.add({ id: `c${n}` });
    if (typeof added === 'string') {
      expect(added).toMatch(/^107 no address is left in /);
      return addresses;
    }
    addresses.push(...added.map((address) => address.split('/')[0] ?? ''));
  }
  throw new Error('there is no end to it');
}

const network = { subnet: '172.51.0.0/16' };
const seven = ['100', '101', '102', '104', '105', '106', '107'].map((last) => `172.51.0.${last}`);

test.each<[string, object, string[]]>([
  ['a range', { ...network, ips: ['172.51.0.100-172.51.0.102'] }, ['172.51.0.100', '172.51.0.101', '172.51.0.102']],
  ['a hole', { ...network, ips: ['172.51.0.100-172.51.0.107'], exclude: ['172.51.0.103'] }, seven],
  [
    'items in their order',
    { ...network, ips: ['172.51.0.9', '172.51.0.5-172.51.0.6'] },
    ['172.51.0.9', '172.51.0.5', '172.51.0.6'],
  ],
  [
    'items that overlap',
    { ...network, ips: ['172.51.0.6', '172.51.0.5-172.51.0.7'] },
    ['172.51.0.6', '172.51.0.5', '172.51.0.7'],
  ],
  [
    'a CIDR inside the subnet',
    { ...network, ips: ['172.51.9.0/30'] },
    ['172.51.9.0', '172.51.9.1', '172.51.9.2', '172.51.9.3'],
  ],
  [
    'the whole subnet as a CIDR',
    { subnet: '172.51.0.0/29', ips: ['172.51.0.0/29'] },
    ['2', '3', '4', '5', '6'].map((l) => `172.51.0.${l}`),
  ],
  [
    'network and broadcast, spelled out',
    { subnet: '172.51.0.0/30', ips: ['172.51.0.0-172.51.0.3'] },
    ['0', '2', '3'].map((l) => `172.51.0.${l}`),
  ],
  ['a /31', { subnet: '172.51.0.0/31', ips: ['172.51.0.0/31'] }, ['172.51.0.0', '172.51.0.1']],
  ['a /32', { subnet: '172.51.0.7/32', ips: ['172.51.0.7'] }, ['172.51.0.7']],
  ['IPv6', { subnet: 'fd51::/64', ips: ['fd51::a-fd51::b', 'fd51::1'] }, ['fd51::a', 'fd51::b']],
  [
    'excluded from the default range',
    { subnet: '172.51.0.0/29', exclude: ['172.51.0.3-172.51.0.5'] },
    ['172.51.0.2', '172.51.0.6'],
  ],
])('addresses as listed: %s', (_, range, expected) => {
  expect(drain({ ranges: [[range]] })).toEqual(expected);
  const family = expected[0]?.includes(':') ? 'ipv6' : 'ipv4';
  expect(drain({ pools: { one: range }, [family]: ['one'] })).toEqual(expected);
});

test('reserved addresses are handed out from nowhere', () => {
  const reserved = ['172.51.0.101', '172.51.1.0/24', 'fd51::/120'];
  expect(drain({ ranges: [[{ ...network, ips: ['172.51.0.100-172.51.0.102'] }]], reserved })).toHaveLength(2);
  expect(
    drain({ pools: { a: { ...network, ips: ['172.51.0.250-172.51.1.9'] } }, ipv4: ['a'], reserved }),
  ).not.toContain('172.51.1.1');
});

const pools = {
  small: { ...network, ips: ['172.51.0.100-172.51.0.101'], routes: [{ dst: '10.0.0.0/8', gw: '172.51.0.7' }] },
  large: { subnet: '172.52.0.0/16', ips: ['172.52.0.0/24'], gateway: '172.52.0.254' },
  six: { subnet: 'fd51::/64' },
};

test('the next pool of the list when one is full, and back again', () => {
  using node = new Node({ pools, ipv4: ['small', 'large'], ipv6: ['six'] });
  const first = (id: string) => node.add({ id })[0];
  expect(['a', 'b', 'c', 'd'].map(first)).toEqual([
    '172.51.0.100/16',
    '172.51.0.101/16',
    '172.52.0.1/16',
    '172.52.0.2/16',
  ]);
  expect(node.say('DEL', { id: 'a' })).toBe('');
  expect(first('e')).toBe('172.51.0.100/16');
  expect(Object.keys(node.files())).toEqual(
    expect.arrayContaining(['last_reserved_ip.small', 'last_reserved_ip.large']),
  );
  expect(node.say('CHECK', { id: 'd' })).toBe('');
});

test('the result has the routes of the network and of the pool, and the pool’s gateway', () => {
  using node = new Node({ pools, ipv4: ['small', 'large'], routes: [{ dst: '0.0.0.0/0' }] });
  expect(JSON.parse(node.run('ADD').stdout)).toEqual({
    cniVersion: '1.1.0',
    ips: [{ address: '172.51.0.100/16', gateway: '172.51.0.1' }],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '10.0.0.0/8', gw: '172.51.0.7' }],
  });
});

test('both families or neither', () => {
  using node = new Node({
    pools: { ...pools, six: { subnet: 'fd51::/64', ips: ['fd51::5'] } },
    ipv4: ['large'],
    ipv6: ['six'],
  });
  node.add({ id: 'a' });
  const before = node.files();
  expect(node.add({ id: 'b' })).toBe('107 no address is left in pool six (fd51::5)');
  expect(node.files()).toEqual(before);
  expect(node.say('STATUS')).toBe('51 no address is left in pool six (fd51::5)');
});

test('two interfaces of a container have an address each', () => {
  using node = new Node({ pools, ipv4: ['small'] });
  expect([node.add({ ifName: 'eth0' }), node.add({ ifName: 'net1' })]).toEqual([
    ['172.51.0.100/16'],
    ['172.51.0.101/16'],
  ]);
});

test('an address that was asked for, of any pool of the list', () => {
  using node = new Node({ pools, ipv4: ['small', 'large'] });
  expect(node.add({ id: 'a', args: 'IP=172.52.0.77' })).toEqual(['172.52.0.77/16']);
  expect(node.add({ id: 'b', args: 'IP=172.52.0.254' })).toBe('7 CNI_ARGS IP: 172.52.0.254 is the gateway');
});

test('pools beside range sets', () => {
  using node = new Node({ ranges: [[{ subnet: '10.1.0.0/24' }]], pools, ipv6: ['six'] });
  expect(node.add()).toEqual(['10.1.0.2/24', 'fd51::2/64']);
});

test('pools of the node, from a file; the configuration’s go first', () => {
  using node = new Node();
  const poolsFile = `${node.dataDir}/pools.json`;
  writeFile(poolsFile, JSON.stringify({ pools: { ...pools, large: { ...network, ips: ['172.51.7.7'] } } }));
  const ipam = { ...{ subnet: undefined, poolsFile, pools: { large: pools.large } }, ipv4: ['large'], ipv6: ['six'] };
  expect(node.add({ ipam })).toEqual(['172.52.0.1/16', 'fd51::2/64']);
  writeFile(poolsFile, '{"pools": {"six": {"subnet": 7}}}');
  expect(node.add({ id: 'b', ipam })).toContain(`7 ${poolsFile}: pools.six.subnet: `);
  writeFile(poolsFile, 'six');
  expect(node.add({ id: 'b', ipam })).toBe(`7 ${poolsFile}: not JSON`);
  expect(node.say('DEL', { ipam })).toBe('');
});

test.each<[string, object, string]>([
  ['an unknown name', { pools, ipv4: ['small', 'medium'] }, '7 ipam.ipv4[1]: no pool of that name (got "medium")'],
  ['a name of every object', { pools, ipv4: ['toString'] }, '7 ipam.ipv4[0]: no pool of that name'],
  ['a name twice', { pools, ipv4: ['small', 'small'] }, '7 ipam.ipv4: names a pool twice'],
  ['the other family', { pools, ipv4: ['six'] }, '7 ipam.ipv4[0]: pool six is not of IPv4'],
  ['a name that is no file’s', { pools: { '0': network }, ipv4: ['0'] }, '7 ipam.pools'],
  [
    'pools that overlap',
    { pools: { ...pools, more: network }, ipv4: ['small', 'more'] },
    '7 ipam: ipv4 172.51.0.1-172.51.255.254 overlaps 172.51.0.100-172.51.0.101',
  ],
  [
    'an address outside',
    { ranges: [[{ ...network, ips: ['172.52.0.1'] }]] },
    '7 ipam.ranges[0][0].ips: not in the subnet 172.51.0.0/16 (got "172.52.0.1")',
  ],
  [
    'a hole outside',
    { ranges: [[{ ...network, exclude: ['172.52.0.1'] }]] },
    '7 ipam.ranges[0][0].exclude: not in the subnet',
  ],
  [
    'nothing left',
    { ranges: [[{ ...network, ips: ['172.51.0.5'], exclude: ['172.51.0.0/24'] }]] },
    '7 ipam.ranges[0][0].ips: leaves no address',
  ],
  [
    'nothing left by reservation',
    { subnet: '172.51.0.0/24', reserved: ['172.51.0.0/16'] },
    '7 ipam.reserved: leaves no address in range set 0',
  ],
  [
    'a list and ends',
    { ...network, ips: ['172.51.0.5'], rangeEnd: '172.51.0.9' },
    '7 ipam.ips: not together with rangeStart or rangeEnd',
  ],
  ['no range', { ...network, ips: ['172.51.0.9-172.51.0.5'] }, '7 ipam.ips[0]: 172.51.0.9-172.51.0.5 is not a range'],
  [
    'a small subnet without a list',
    { pools: { p: { subnet: '172.51.0.0/31' } }, ipv4: ['p'] },
    '7 ipam.pools.p.subnet: too small',
  ],
])('refused: %s', (_, ipam, expected) => {
  using node = new Node(ipam);
  expect(node.add()).toContain(expected);
  expect(node.isUntouched()).toBe(true);
});
