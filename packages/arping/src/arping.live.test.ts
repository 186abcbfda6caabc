import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { formatIp, formatMac, parseIp, parseMac } from '@cni/ip';
import { netnsTest as base, rows, type TestNetns } from '@cni/testkit';
import { expect } from 'vitest';
import { arpAnnouncement, arpProbe } from './arp.ts';
import { announce, findAnswered, findNeighbour, type Link, type Neighbour } from './index.ts';
import { ndpProbe } from './ndp.ts';

const [OURS, WIRE, OTHER] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c'];

/** `up0` of `host` and `up0` of `pod` are one wire; on the pod's side `other`, a macvlan link, is another host of it. */
const test = base.extend('wire', { auto: true }, ({ host, pod }) => {
  host.ip('link', 'add', 'up0', 'address', OURS, 'type', 'veth', 'peer', 'name', 'up0', 'netns', pod.name);
  pod.ip('link', 'set', 'up0', 'address', WIRE);
  pod.ip('link', 'add', 'link', 'up0', 'name', 'other', 'address', OTHER, 'type', 'macvlan', 'mode', 'bridge');
  for (const link of ['up0', 'other']) pod.ip('link', 'set', link, 'up');
  host.ip('link', 'set', 'up0', 'up');
  // Else each link of the namespace answers for the other's addresses.
  pod.exec('sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1');
});

function linkIn(netns: TestNetns, name = 'up0'): Link {
  const [{ ifindex, address }] = netns.ipJson('link', 'show', name);
  return { name, index: ifindex, mac: parseMac(address), netns: netns.netns };
}

function give(netns: TestNetns, link: string, ...addresses: string[]): void {
  for (const address of addresses)
    netns.ip('address', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : []));
}

/** While `use` runs, a host of the wire sends a frame without end. */
async function amid(frame: Uint8Array, pod: TestNetns, use: () => void): Promise<void> {
  const program = fileURLToPath(new URL('./testing/flood.ts', import.meta.url));
  const { index } = linkIn(pod);
  const args = ['--conditions=@cni/source', program, pod.path, `${index}`, rows(frame).replaceAll('\n', '')];
  const flood = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await Promise.race([once(flood.stdout, 'data'), once(flood, 'exit')]);
    expect(flood.exitCode).toBeNull();
    use();
  } finally {
    if (flood.kill()) await once(flood, 'exit');
  }
}

const told = (neighbours: readonly Neighbour[]) =>
  Object.fromEntries(neighbours.map(({ ip, mac }) => [formatIp(ip), formatMac(mac)]));

test('who has addresses, in both families, and who nobody is', ({ host, pod }) => {
  give(pod, 'other', '10.1.0.2/24', 'fd00:1::2/64');
  const ips = ['10.1.0.2', '10.1.0.3', 'fd00:1::2', 'fd00:1::3'].map(parseIp);
  expect(told(findAnswered(linkIn(host), ips))).toEqual({ '10.1.0.2': OTHER, 'fd00:1::2': OTHER });
  expect(
    findAnswered(
      linkIn(host),
      ips.filter((_, at) => at % 2 === 1),
    ),
  ).toEqual([]);
});

test('asking teaches nobody a false neighbour', ({ host, pod }) => {
  give(pod, 'other', '10.1.0.2/24', 'fd00:1::2/64');
  findAnswered(linkIn(host), ['10.1.0.2', 'fd00:1::2'].map(parseIp));
  const known = pod.ipJson('neighbour', 'show').filter(({ lladdr }) => lladdr === OURS);
  expect(known).toEqual([]);
});

test.for([
  ['10.1.0.1', '10.1.0.9'],
  ['fd00:1::1', 'fd00:1::9'],
] as const)('the gateway %s answers nobody and an address of one’s own', ([gateway, own], { host, pod }) => {
  give(pod, 'up0', gateway.includes(':') ? `${gateway}/64` : `${gateway}/24`);
  give(host, 'up0', own.includes(':') ? `${own}/64` : `${own}/24`);
  const link = linkIn(host);
  const neighbour = { ip: parseIp(gateway), mac: parseMac(WIRE) };
  expect(findNeighbour(link, parseIp(gateway))).toEqual(neighbour);
  expect(findNeighbour(link, parseIp(gateway), { from: parseIp(own) })).toEqual(neighbour);
  // The kernel's opinion, and that it was told ours by the question that had a sender.
  host.exec('ping', '-c', '1', '-W', '2', gateway);
  expect(host.ipJson('neighbour', 'show', gateway)).toEqual([expect.objectContaining({ lladdr: WIRE })]);
  expect(pod.ipJson('neighbour', 'show', own, 'dev', 'up0')).toEqual([expect.objectContaining({ lladdr: OURS })]);
});

test('a gateway that is not there, or that others ask for as well', ({ host, pod }) => {
  give(pod, 'other', '10.1.0.7/24');
  expect(findNeighbour(linkIn(host), parseIp('10.1.0.1'), { retries: 2, interval: 5 })).toBeUndefined();
  expect(findNeighbour(linkIn(host), parseIp('fd00:1::1'), { retries: 1, interval: 5 })).toBeUndefined();
});

test.for([
  ['10.1.0.5', '10.1.0.1/24'],
  ['fd00:1::5', 'fd00:1::1/64'],
] as const)('an announcement of %s corrects what others believe', ([ip, theirs], { host, pod }) => {
  give(pod, 'other', theirs);
  pod.ip('neighbour', 'add', ip, 'lladdr', '02:00:00:00:00:99', 'nud', 'stale', 'dev', 'other');
  announce(linkIn(host), [parseIp(ip)]);
  expect(pod.ipJson('neighbour', 'show', ip)).toEqual([expect.objectContaining({ lladdr: OURS })]);
});

test('a link of another namespace, one that is down, and one that is gone', ({ host, pod }) => {
  give(host, 'up0', '10.1.0.9/24');
  expect(told(findAnswered(linkIn(pod, 'other'), [parseIp('10.1.0.9')]))).toEqual({ '10.1.0.9': OURS });
  const link = linkIn(pod, 'other');
  pod.ip('link', 'set', 'other', 'down');
  expect(() => announce(link, [parseIp('10.1.0.5')])).toThrow('send on other packet socket: ENETDOWN');
  pod.ip('link', 'del', 'other');
  expect(() => findAnswered(link, [parseIp('fd00:1::5')])).toThrow(
    /on? other packet socket: ENODEV|of other packet socket: ENODEV/,
  );
});

test('a wire that is never silent does not keep the asker', async ({ host, pod }) => {
  give(pod, 'other', '10.1.0.2/24');
  await amid(arpAnnouncement(parseMac(WIRE), parseIp('10.1.0.99')), pod, () => {
    expect(findAnswered(linkIn(host), [parseIp('10.1.0.3')])).toEqual([]);
    const patience = { interval: 1000 };
    expect(told(findAnswered(linkIn(host), [parseIp('10.1.0.2')], patience))).toEqual({ '10.1.0.2': OTHER });
  });
});

test.for([
  ['10.1.0.7', arpProbe],
  ['fd00:1::7', ndpProbe],
] as const)('%s, which another host asks for at the same time', async ([ip, probe], { host, pod }) => {
  await amid(probe(parseMac(WIRE), parseIp(ip)).frame, pod, () => {
    expect(told(findAnswered(linkIn(host), [parseIp(ip)]))).toEqual({ [ip]: WIRE });
    expect(findNeighbour(linkIn(host), parseIp(ip))).toBeUndefined();
  });
});
