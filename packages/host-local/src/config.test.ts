import { expect, test } from 'vitest';
import { Node } from './testing/plugin.ts';

const range = { subnet: '10.1.0.0/24', rangeStart: '10.1.0.5', rangeEnd: '10.1.0.9', gateway: '10.1.0.254' };
const other = { subnet: '10.2.0.0/24' };
const six = { subnet: 'fd00:1::/64' };

test.each<[string, object, object, string[]]>([
  ['one range', range, {}, ['10.1.0.5/24']],
  ['one range, in a set', { ranges: [[range]] }, {}, ['10.1.0.5/24']],
  ['the old keys come before the sets', { ...range, ranges: [[six]] }, {}, ['10.1.0.5/24', 'fd00:1::2/64']],
  [
    'ranges of the runtime come first',
    { ...range, ranges: [[six]] },
    { runtimeConfig: { ipRanges: [[other]] } },
    ['10.2.0.2/24', '10.1.0.5/24', 'fd00:1::2/64'],
  ],
  ['ranges of the runtime alone', {}, { runtimeConfig: { ipranges: [[other]] } }, ['10.2.0.2/24']],
  [
    'null and empty are absent',
    { ...range, gateway: '', ranges: null, routes: null, resolvConf: '' },
    {},
    ['10.1.0.5/24'],
  ],
  ['a range without a subnet is none', { rangeStart: '10.1.0.5', ranges: [[other]] }, {}, ['10.2.0.2/24']],
  [
    'a set in two families, before 0.3.0',
    { ranges: [[range], [six]] },
    { cniVersion: '0.3.0' },
    ['10.1.0.5/24', 'fd00:1::2/64'],
  ],
])('accepted: %s', (_, ipam, config, expected) => {
  using node = new Node(ipam);
  expect(node.add({ config })).toEqual(expected);
});

test.each<[string, object, object, string]>([
  ['no addresses', {}, {}, '7 ipam: no addresses given, by subnet, ranges, ipv4 or ipv6'],
  ['an empty list of sets', { ranges: [] }, {}, '7 ipam: no addresses given'],
  [
    'probe without a link',
    { ...other, probe: true },
    {},
    '7 ipam.probeMaster: expected the name of a link, since probe',
  ],
  [
    'probe on no link',
    { ...other, probe: true, probeMaster: '../up0' },
    { master: 'up0' },
    '7 ipam.probeMaster: expected',
  ],
  ['sticky for ever', { ...other, sticky: 1e9 }, {}, '7 ipam.sticky: '],
  ['an empty set', { ranges: [[]] }, {}, '7 ipam: range set 0 has no range'],
  ['no subnet', { ranges: [[{ rangeStart: '10.1.0.5' }]] }, {}, '7 ipam.ranges[0][0].subnet: required'],
  ['no CIDR', { subnet: '10.1.0.0' }, {}, '7 ipam.subnet: "10.1.0.0" is not an address with a prefix length'],
  [
    'host bits',
    { subnet: '10.1.0.1/24' },
    {},
    '7 ipam.subnet: has host bits set; the network is 10.1.0.0/24 (got "10.1.0.1/24")',
  ],
  ['too small', { subnet: '10.1.0.0/31' }, {}, '7 ipam.subnet: too small'],
  [
    'a start after the default end',
    { ranges: [[other], [{ subnet: '10.1.0.0/24', rangeStart: '10.1.0.255' }]] },
    {},
    '7 ipam.ranges[1][0].rangeStart: after the end of the range, 10.1.0.254 (got "10.1.0.255")',
  ],
  [
    'a gateway elsewhere',
    { ...range, gateway: '10.2.0.1' },
    {},
    '7 ipam.gateway: not in the subnet 10.1.0.0/24 (got "10.2.0.1")',
  ],
  ['no address', { ...range, rangeEnd: 'ten' }, {}, '7 ipam.rangeEnd: "ten" is not an IP address'],
  [
    'overlap between sets',
    { ...range, ranges: [[range]] },
    {},
    '7 ipam: range set 1 10.1.0.5-10.1.0.9 overlaps range set 0',
  ],
  [
    'overlap with the runtime',
    range,
    { runtimeConfig: { ipRanges: [[range]] } },
    '7 ipam: range set 1 10.1.0.5-10.1.0.9 overlaps',
  ],
  ['families in one set', { ranges: [[range, six]] }, {}, '7 ipam: range set 0 mixes families'],
  [
    'two sets of a family, before 0.3.0',
    { ranges: [[range], [other]] },
    { cniVersion: '0.2.0' },
    '7 ipam: 2 addresses of IPv4; CNI version 0.2.0 has room for one',
  ],
  ['a route without a destination', { ...range, routes: [{ gw: '10.1.0.1' }] }, {}, '7 ipam.routes[0].dst: required'],
  ['a directory that is no text', { ...range, dataDir: 7 }, {}, '7 ipam.dataDir: expected string (got 7)'],
  ['no ipam', {}, { ipam: undefined }, '7 ipam: required'],
  [
    'a resolv.conf that is not there',
    { ...range, resolvConf: '/none/resolv.conf' },
    {},
    '5 open /none/resolv.conf: ENOENT',
  ],
])('refused before anything is touched: %s', (_, ipam, config, expected) => {
  using node = new Node(ipam);
  expect(node.add({ config })).toContain(expected);
  expect(node.isUntouched()).toBe(true);
});

test('routes and dns of the result', () => {
  using node = new Node({
    ...range,
    routes: [
      { dst: '0.0.0.0/0' },
      { dst: '10.9.0.0/16', gw: '10.1.0.7', mtu: 1400, priority: 5, table: 100, scope: 0 },
    ],
    resolvConf: '/dev/null',
  });
  expect(JSON.parse(node.run('ADD').stdout)).toEqual({
    cniVersion: '1.1.0',
    ips: [{ address: '10.1.0.5/24', gateway: '10.1.0.254' }],
    routes: [
      { dst: '0.0.0.0/0' },
      { dst: '10.9.0.0/16', gw: '10.1.0.7', mtu: 1400, priority: 5, table: 100, scope: 0 },
    ],
  });
});

const wishing = {
  argument: { args: 'IP=10.1.0.7' },
  'argument with a prefix': { args: 'IgnoreUnknown=1;K8S_POD_NAME=x;IP=10.1.0.7/16' },
  'args.cni': { config: { args: { cni: { ips: ['10.1.0.7'] } } } },
  'args.cni with a prefix': { config: { args: { cni: { ips: ['10.1.0.7/24'] } } } },
  capability: { config: { runtimeConfig: { ips: ['10.1.0.7/24'] } } },
  'capability in capitals': { config: { runtimeConfig: { IPs: ['10.1.0.7'] } } },
  'the same twice': { config: { runtimeConfig: { ips: ['10.1.0.7'] }, args: { cni: { ips: ['10.1.0.7'] } } } },
  'args.cni over argument': { args: 'IP=10.1.0.6', config: { args: { cni: { ips: ['10.1.0.7'] } } } },
  'capability over argument': { args: 'IP=10.1.0.6', config: { runtimeConfig: { ips: ['10.1.0.7'] } } },
  'mapped IPv4': { args: 'IP=::ffff:10.1.0.7' },
};

test.each(Object.entries(wishing))('an address asked for by %s', (_, request) => {
  using node = new Node(range);
  expect(node.add(request)).toEqual(['10.1.0.7/24']);
});

test('addresses asked for of several sets; a set without a wish gets the next', () => {
  using node = new Node({ ranges: [[range], [other], [six]] });
  const config = { args: { cni: { ips: ['fd00:1::99'] } }, runtimeConfig: { ips: ['10.1.0.8'] } };
  expect(node.add({ config })).toEqual(['10.1.0.8/24', '10.2.0.2/24', 'fd00:1::99/64']);
});

test.each<[string, object, string]>([
  ['outside', { args: 'IP=10.1.0.10' }, '7 CNI_ARGS IP 10.1.0.10: no range left to take it from, of 10.1.0.5-10.1.0.9'],
  ['before', { args: 'IP=10.1.0.4' }, '7 CNI_ARGS IP 10.1.0.4: no range left'],
  [
    'two of one set',
    { config: { runtimeConfig: { ips: ['10.1.0.7', '10.1.0.8'] } } },
    '7 runtimeConfig.ips 10.1.0.8: no range left',
  ],
  ['no address', { args: 'IP=seven' }, '4 CNI_ARGS IP: "seven" is not an IP address'],
  [
    'no address by capability',
    { config: { runtimeConfig: { ips: ['seven'] } } },
    '7 runtimeConfig.ips[0]: "seven" is not',
  ],
  ['an unknown argument', { args: 'IP=10.1.0.7;FOO=1' }, '4 CNI_ARGS: unknown "FOO"'],
])('a wish that cannot be granted: %s', (_, request, expected) => {
  using node = new Node(range);
  expect(node.add(request)).toContain(expected);
  expect(node.isUntouched() || Object.keys(node.held()).length === 0).toBe(true);
});

test('the gateway cannot be had', () => {
  using node = new Node({ subnet: '10.1.0.0/24' });
  expect(node.add({ args: 'IP=10.1.0.1' })).toBe('7 CNI_ARGS IP: 10.1.0.1 is the gateway');
});
