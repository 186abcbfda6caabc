import { syscalls } from '@cni/sys/syscalls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { syncAttachments } from './sync.ts';
import { addInterface, addNode, addPod, ask, json, must, run, type TestNode, type TestPod } from './testing/pods.ts';

let node: TestNode;
let pod: TestPod;

beforeEach(() => {
  node = addNode();
  pod = addPod();
  addInterface(pod, node, 'eth0', 10);
});

afterEach(() => {
  for (const { name } of pod.interfaces) must(pod, 'DEL', {}, { CNI_IFNAME: name });
  pod.remove();
  node.remove();
});

const NET1 = { CNI_IFNAME: 'net1' };

/** Destinations and links of a table of the pod, as iproute2 tells them. */
function routes(table: string | number, family: '-4' | '-6' = '-4'): string[] {
  const list = pod.exec('sh', '-c', `ip ${family} -j route show table ${table} 2>/dev/null || echo '[]'`);
  return JSON.parse(list || '[]').map(({ dst, dev }: { dst: string; dev: string }) => `${dst} ${dev}`);
}

function rules(): string[] {
  return pod.ipJson('rule').map(({ priority, src, table }) => `${priority} ${src} ${table}`);
}

/** By which link the pod sends from one of its addresses. */
function wayFrom(source: string, to: string): string {
  return pod.ipJson('route', 'get', to, 'from', source)[0].dev;
}

test('the result tells of both ends, so that plugins after it find them', () => {
  const { interfaces, ips } = must(pod, 'ADD');
  expect(interfaces).toEqual([
    { name: 'eth0', sandbox: pod.path },
    { name: expect.stringMatching(/^veth[0-9a-f]{11}$/), mac: expect.any(String), mtu: 1500 },
    { name: 'veth0', mac: expect.any(String), mtu: 1500, sandbox: pod.path },
  ]);
  expect(ips).toEqual(pod.ips);
});

test('ADD may be repeated: the same links, nothing twice', () => {
  const first = must(pod, 'ADD');
  const before = [pod.ip('-o', 'link'), rules(), routes('main'), run('ip', 'rule')];
  expect(must(pod, 'ADD')).toEqual(first);
  expect([pod.ip('-o', 'link'), rules(), routes('main'), run('ip', 'rule')]).toEqual(before);
});

test('ADD with other keys takes back what it does not want any more', () => {
  must(pod, 'ADD', { serviceCIDR: ['10.96.0.0/12'], podRPFilter: 2, txQueueLen: 500 });
  must(pod, 'ADD', { hijackCIDR: [], replyViaVeth: false, podRPFilter: -1 });
  expect(routes('main')).toEqual(['default eth0', '10.9.0.0/24 eth0', '10.9.0.2 veth0']);
  expect(rules().filter((line) => line.startsWith('1000'))).toEqual([]);
  expect(pod.exec('nft', 'list', 'tables')).toBe('');
  expect(pod.ipJson('link', 'show', 'eth0')[0].txqlen).toBe(1000);
  expect(pod.exec('sysctl', '-n', 'net.ipv4.conf.all.rp_filter').trim()).toBe('0');
  must(pod, 'CHECK');
});

test('disabled, nothing is touched', () => {
  const { interfaces } = must(pod, 'ADD', { mode: 'disabled' });
  expect(interfaces).toHaveLength(1);
  expect(pod.ipJson('link', 'show', 'type', 'veth')).toEqual([]);
  must(pod, 'CHECK', { mode: 'disabled' });
  must(pod, 'DEL', { mode: 'disabled' });
});

test('a MAC address of prefix and IP, told to the network; as before after DEL', () => {
  const [{ address: before }] = pod.ipJson('link', 'show', 'eth0');
  const { interfaces } = must(pod, 'ADD', { podMACPrefix: '0A:1b' });
  expect(interfaces[0]).toMatchObject({ name: 'eth0', mac: '0a:1b:0a:09:00:0a' });
  expect(pod.ipJson('link', 'show', 'eth0')[0].address).toBe('0a:1b:0a:09:00:0a');
  node.router.exec('ping', '-c1', '-W2', '10.9.0.10');
  must(pod, 'DEL');
  expect(pod.ipJson('link', 'show', 'eth0')[0].address).toBe(before);
});

test('an address for veth0', () => {
  must(pod, 'ADD', { vethLinkAddress: 'auto' });
  const [{ addr_info }] = pod.ipJson('-4', 'address', 'show', 'veth0');
  expect(addr_info).toMatchObject([{ local: expect.stringMatching(/^169\.254\./), prefixlen: 32 }]);
  must(pod, 'CHECK');
});

/** The highest of a link's and of all. */
function rpFilter(link: string): number {
  return Math.max(...['all', link].map((one) => Number(pod.exec('sysctl', '-n', `net.ipv4.conf.${one}.rp_filter`))));
}

test.each([
  [0, 0, 0],
  [1, 1, 2],
  [2, 2, 2],
  [-1, 1, 2],
])(
  'podRPFilter %i: that of eth0 is %i, and of veth0 %i, where what the node passes on gets in',
  (podRPFilter, eth0, veth0) => {
    for (const link of ['all', 'eth0']) pod.exec('sysctl', '-qw', `net.ipv4.conf.${link}.rp_filter=1`);
    must(pod, 'ADD', { podRPFilter });
    expect([rpFilter('eth0'), rpFilter('veth0')]).toEqual([eth0, veth0]);
    run('ip', 'address', 'add', '192.0.2.9/32', 'dev', 'lo');
    try {
      expect(run('ping', '-c1', '-W2', '-I', '192.0.2.9', '10.9.0.10')).toContain('1 received');
    } finally {
      run('ip', 'address', 'del', '192.0.2.9/32', 'dev', 'lo');
    }
  },
);

test('a node with an address on lo: pods answer, since it asks with one that they know', () => {
  run('ip', 'address', 'add', '192.0.2.9/32', 'dev', 'lo');
  try {
    must(pod, 'ADD', { replyViaVeth: false });
    expect(run('ping', '-c1', '-W2', '10.9.0.10')).toContain('1 received');
  } finally {
    run('ip', 'address', 'del', '192.0.2.9/32', 'dev', 'lo');
  }
});

test('somebody else has the address: nothing is made', () => {
  node.router.ip('link', 'add', 'link', 'uplink', 'name', 'other', 'type', 'macvlan');
  node.router.ip('link', 'set', 'other', 'up');
  node.router.ip('address', 'add', '10.9.0.10/32', 'dev', 'other');
  const { document } = ask(pod, 'ADD', { detectIPConflict: true });
  expect([document.code, document.msg]).toEqual([
    105,
    expect.stringMatching(/^address 10\.9\.0\.10 on eth0: ([0-9a-f]{2}:?){6} answers for it too$/),
  ]);
  expect(pod.ipJson('link', 'show', 'type', 'veth')).toEqual([]);
});

test('a gateway that answers, and one that does not', () => {
  must(pod, 'ADD', { detectGateway: true, detectIPConflict: true });
  node.router.ip('address', 'del', '10.9.0.1/24', 'dev', 'uplink');
  pod.ip('neigh', 'flush', 'dev', 'eth0');
  const { document } = ask(pod, 'ADD', { detectGateway: true, detectOptions: { retries: 2, interval: '20ms' } });
  expect([document.code, document.msg]).toEqual([113, 'gateway 10.9.0.1 of eth0: nobody answers for it on eth0']);
});

test('STATUS: the node has to pass on what goes to services', () => {
  must(pod, 'STATUS', { serviceCIDR: ['10.96.0.0/12'] });
  run('sysctl', '-qw', 'net.ipv4.ip_forward=0');
  expect(ask(pod, 'STATUS', { serviceCIDR: ['10.96.0.0/12'] }).document).toMatchObject({
    code: 50,
    msg: 'net/ipv4/ip_forward is 0: what pods send to 10.96.0.0/12 by the node would end there',
  });
});

test('two interfaces: what has the address of one leaves by it, and the default route stays', () => {
  must(pod, 'ADD');
  addInterface(pod, node, 'net1', 11, '8');
  must(pod, 'ADD', {}, NET1);
  expect(routes('main').filter((line) => line.startsWith('default'))).toEqual(['default eth0']);
  expect(routes('main', '-6').filter((line) => line.startsWith('default'))).toEqual(['default eth0']);
  expect(routes(101)).toEqual(['default net1', '10.8.0.0/24 net1', '10.9.0.2 veth0', '169.254.0.0/16 veth0']);
  expect(rules()).toContain('1010 10.8.0.11 101');
  expect(wayFrom('10.8.0.11', '198.51.100.1')).toBe('net1');
  expect(wayFrom('10.9.0.10', '198.51.100.1')).toBe('eth0');
  expect(wayFrom('10.8.0.11', '10.9.0.2')).toBe('veth0');
  must(pod, 'CHECK');
  must(pod, 'CHECK', {}, NET1);
  must(pod, 'DEL', {}, NET1);
  expect(rules().filter((line) => line.startsWith('101'))).toEqual([]);
  expect(routes(101)).toEqual([]);
  must(pod, 'CHECK');
  expect(pod.exec('ping', '-c1', '-W2', '10.9.0.2')).toContain('1 received');
});

test.each([
  ['args.cni', { args: { cni: { podDefaultRouteNic: 'net1' } }, podDefaultRouteNIC: 'eth0' }],
  ['the configuration', { podDefaultRouteNIC: 'net1' }],
])('the default route moves to the later interface, asked by %s, and back when it leaves', (_, keys) => {
  must(pod, 'ADD');
  const before = [routes('main'), routes('main', '-6')];
  addInterface(pod, node, 'net1', 11, '8');
  must(pod, 'ADD', keys, NET1);
  expect(wayFrom('10.9.0.10', '198.51.100.1')).toBe('eth0');
  expect(routes('main')).toContain('default net1');
  expect(routes('main')).not.toContain('default eth0');
  expect(routes('main', '-6')).toContain('default net1');
  must(pod, 'CHECK', keys, NET1);
  must(pod, 'DEL', keys, NET1);
  pod.ip('link', 'del', 'net1');
  expect([routes('main'), routes('main', '-6')]).toEqual(before);
  expect(pod.ip('-N', 'route', 'show', 'default')).not.toContain('proto 196');
  expect(pod.exec('ping', '-c1', '-W2', '10.9.0.1')).toContain('1 received');
});

test('an interface that is named before it is there', () => {
  must(pod, 'ADD', { podDefaultRouteNic: 'net1' });
  must(pod, 'CHECK', { podDefaultRouteNic: 'net1' });
  addInterface(pod, node, 'net1', 11, '8');
  must(pod, 'ADD', {}, NET1);
  expect(routes('main').filter((line) => line.startsWith('default'))).toEqual(['default net1']);
});

test('three interfaces, and the second leaves: every table is one’s own', () => {
  must(pod, 'ADD');
  for (const [name, host, subnet] of [
    ['net1', 11, '8'],
    ['net2', 12, '7'],
  ] as const) {
    addInterface(pod, node, name, host, subnet);
    must(pod, 'ADD', {}, { CNI_IFNAME: name });
  }
  expect(rules()).toEqual(expect.arrayContaining(['1010 10.8.0.11 101', '1011 10.7.0.12 102']));
  must(pod, 'DEL', {}, NET1);
  pod.ip('link', 'del', 'net1');
  must(pod, 'CHECK', {}, { CNI_IFNAME: 'net2' });
  expect(wayFrom('10.7.0.12', '198.51.100.1')).toBe('net2');
  addInterface(pod, node, 'net3', 13, '8');
  must(pod, 'ADD', {}, { CNI_IFNAME: 'net3' });
  expect(rules()).toContain('1010 10.8.0.13 101');
});

test('attributes of moved routes are kept', () => {
  must(pod, 'ADD');
  addInterface(pod, node, 'net1', 11, '8');
  pod.ip(
    'route',
    'replace',
    'default',
    'via',
    '10.8.0.1',
    'dev',
    'net1',
    'metric',
    '7',
    'mtu',
    '1400',
    'src',
    '10.8.0.11',
  );
  pod.ip('route', 'del', 'default', 'dev', 'net1', 'metric', '0');
  must(pod, 'ADD', {}, NET1);
  expect(pod.ip('route', 'show', 'table', '101', 'default')).toMatch(
    /via 10\.8\.0\.1 .*src 10\.8\.0\.11 metric 7 mtu 1400/,
  );
});

test('without tunePodRoutes routes stay', () => {
  must(pod, 'ADD');
  addInterface(pod, node, 'net1', 11, '8');
  const before = routes('main');
  must(pod, 'ADD', { tunePodRoutes: false, policyRoutes: [{ dst: '10.77.0.0/16', gw: '10.8.0.1' }] }, NET1);
  expect(new Set(routes('main'))).toEqual(new Set([...before, '10.77.0.0/16 net1']));
});

test('in any order of DEL, with and without the namespace, nothing is left on the node', () => {
  must(pod, 'ADD');
  addInterface(pod, node, 'net1', 11, '8');
  must(pod, 'ADD', {}, NET1);
  must(pod, 'DEL');
  must(pod, 'DEL', { prevResult: undefined }, { ...NET1, CNI_NETNS: '' });
  expect(run('ip', 'rule')).not.toContain('500');
  expect(run('ip', '-o', 'link')).not.toContain('veth');
});

test('a foreign link of that name is refused, and stays', () => {
  pod.ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'other');
  expect(ask(pod, 'ADD').document).toMatchObject({ code: 100, msg: 'veth0 is there already in the pod, and not ours' });
  expect(pod.ipJson('link', 'show', 'veth0')).toHaveLength(1);
});

test('a link that is not ours any more stays, without what was made for it', () => {
  const { interfaces } = must(pod, 'ADD');
  const [, { name }] = interfaces;
  run('ip', 'link', 'set', name, 'alias', 'of somebody else');
  must(pod, 'DEL');
  expect(json('link', 'show', name)).toHaveLength(1);
  for (const family of ['-4', '-6']) {
    expect(run('ip', family, 'route', 'show', 'table', 'all', 'proto', '196')).toBe('');
    expect(pod.exec('ip', family, 'route', 'show', 'table', 'all', 'proto', '196')).toBe('');
  }
  run('ip', 'link', 'del', name);
});

test('a kernel that has no nfnetlink any more: CHECK says what is gone, DEL goes on', () => {
  must(pod, 'ADD');
  const { socket } = syscalls;
  const NETLINK_NETFILTER = 12;
  const refusing: typeof socket = (domain, type, protocol) =>
    protocol === NETLINK_NETFILTER ? -93 : socket(domain, type, protocol);
  Object.assign(syscalls, { socket: refusing });
  try {
    expect(ask(pod, 'CHECK').document).toMatchObject({ code: 110, msg: expect.stringContaining('the marking of') });
    must(pod, 'DEL');
  } finally {
    Object.assign(syscalls, { socket });
  }
  expect(pod.ip('-o', 'link')).not.toContain('veth0');
  expect(ask(pod, 'CHECK').document).toMatchObject({ msg: expect.stringContaining('there is no record') });
});

test('no address, no link, no prevResult', () => {
  expect(ask(pod, 'ADD', { prevResult: undefined }).document).toMatchObject({ code: 7, msg: 'prevResult: required' });
  expect(ask(pod, 'ADD', {}, { CNI_IFNAME: 'net7' }).document).toMatchObject({ code: 101 });
  pod.ip('address', 'flush', 'dev', 'eth0');
  expect(ask(pod, 'ADD').document.msg).toMatch(/^eth0 in .* has no address that others can reach$/);
});

test('the node gets another address, and loses one: pods are told', () => {
  must(pod, 'ADD');
  addInterface(pod, node, 'net1', 11, '8');
  must(pod, 'ADD', {}, NET1);
  run('ip', 'address', 'add', '10.9.0.77/24', 'dev', node.uplink);
  run('ip', '-6', 'address', 'del', 'fd09::2/64', 'dev', node.uplink);
  const mine = { network: 'net', containerId: pod.name, added: ['10.9.0.77'], removed: ['fd09::2'], gone: false };
  const synced = () => syncAttachments('net').filter(({ containerId }) => containerId === pod.name);
  expect(synced()).toEqual(
    expect.arrayContaining([
      { ...mine, ifName: 'eth0' },
      { ...mine, ifName: 'net1' },
    ]),
  );
  expect(pod.exec('ping', '-c1', '-W2', '10.9.0.77')).toContain('1 received');
  expect(pod.exec('ping', '-c1', '-W2', '-I', '10.8.0.11', '10.9.0.77')).toContain('1 received');
  expect(routes('main', '-6')).not.toContain('fd09::2 veth0');
  must(pod, 'CHECK');
  must(pod, 'CHECK', {}, NET1);
  expect(synced().flatMap(({ added, removed }) => [...added, ...removed])).toEqual([]);
});

test('what somebody removed is put back', () => {
  must(pod, 'ADD');
  pod.ip('route', 'del', '10.9.0.2');
  run('ip', 'rule', 'del', 'pref', '1000');
  expect(ask(pod, 'CHECK').status).toBe(1);
  syncAttachments('net');
  must(pod, 'CHECK');
});
