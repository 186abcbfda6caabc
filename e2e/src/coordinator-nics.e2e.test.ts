/** A pod with a second interface: replies leave by the interface of their address, and the default route is where it is wanted. */
import { type Probe, reach, type Server } from '@cni/testkit';
import { expect } from 'vitest';
import { makeNetns, type Netns } from './netns.ts';
import { expectNothingLeft, runtimeOf } from './network.ts';
import type { Conflist, PluginConfig, Result } from './runtime.ts';
import type { State } from './state.ts';
import { type Attached, attach, chain, coordinator, makeNode, stateOfAll } from './underlay.ts';
import { test as base, type Pod, type World } from './world.ts';

/** Beyond each of the two networks, and of those that ask from there. */
const FAR = ['198.18.0.1', 'fd18::1'];
const ASKING = { first: ['198.18.1.1', 'fd18:1::1'], second: ['198.18.2.1', 'fd18:2::1'] } as const;
const SECOND = ['10.2.0.1/24', 'fd00:2::1/64'];
const PORT = 8080;

/** The world with a second network, `storage`, on a link of its own. */
interface Two {
  readonly world: World;
  readonly storage: Netns;
}

const test = base.extend<{ two: Two }>({
  two: async ({ world }, use) => {
    makeNode(world, 'l2');
    const storage = makeNetns('storage');
    const addresses = (list: readonly string[], link: string) =>
      list.map((one) => `address add ${one} dev ${link}${one.includes(':') ? ' nodad' : ''}`);
    world.host.batch(`link add name second type veth peer name uplink netns ${storage.name}`, 'link set second up');
    storage.batch(...addresses(SECOND, 'uplink'), 'link set uplink up', ...addresses([...FAR, ...ASKING.second], 'lo'));
    world.outside.batch(...addresses([...FAR, ...ASKING.first], 'lo'));
    await use({ world, storage });
    storage.delete();
  },
});

function secondList(world: World, master = 'second'): Conflist {
  const ranges = [[{ subnet: '10.2.0.0/24' }], [{ subnet: 'fd00:2::/64' }]];
  const ipam = { type: 'host-local', dataDir: world.dataDir, ranges, routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }] };
  const plugins: PluginConfig[] = [{ type: 'ipvlan', master, dad: 'off', ipam }, coordinator];
  return { cniVersion: '1.0.0', name: 'storage', plugins };
}

const second = ({ attachment, ...pod }: Pod): Pod => ({ ...pod, attachment: { ...attachment, ifName: 'net1' } });

/** Who answers from far, and whether each interface's address answers those who ask by it. */
function ways({ world, storage }: Two, pod: Attached, more?: Attached): string[] {
  const place = ({ path }: Netns, name: string): Server => ({ netns: path, port: PORT, name });
  const servers = [
    place(world.outside, 'first'),
    place(storage, 'second'),
    place(world.host, 'node'),
    place(pod.pod, 'pod'),
  ];
  const probe = ({ path }: Netns, address: string, source?: string): Probe => ({
    ...{ protocol: 'tcp' as const, netns: path, address, port: PORT, patience: 2000 },
    ...(source !== undefined && { source }),
  });
  const asked: [string, Probe][] = [
    ...FAR.map((address): [string, Probe] => [`far ${address}`, probe(pod.pod, address)]),
    ...['10.1.0.230', 'fd00:1::230', '192.0.2.2'].map((ip): [string, Probe] => [`node ${ip}`, probe(pod.pod, ip)]),
    ...[pod, ...(more === undefined ? [] : [more])].flatMap(({ addresses }, at) =>
      addresses.flatMap((address, family): [string, Probe][] => [
        at === 0
          ? [`first → ${address}`, probe(world.outside, address, ASKING.first[family])]
          : [`second → ${address}`, probe(storage, address, ASKING.second[family])],
        [`node → ${address}`, probe(world.host, address)],
      ]),
    ),
  ];
  const reached = reach(
    servers,
    asked.map(([, one]) => one),
  );
  return asked.map(([name], at) => {
    const one = reached[at];
    return `${name}: ${one !== undefined && 'name' in one ? one.name : 'nobody'}`;
  });
}

const alone = [
  ...FAR.map((far) => `far ${far}: first`),
  'node 10.1.0.230: node',
  'node fd00:1::230: node',
  'node 192.0.2.2: node',
  ...['10.1.0.2', 'fd00:1::2'].flatMap((ip) => [`first → ${ip}: pod`, `node → ${ip}: pod`]),
];
const both = (owner: 'first' | 'second') => [
  ...FAR.map((far) => `far ${far}: ${owner}`),
  ...alone.slice(FAR.length),
  ...['10.2.0.2', 'fd00:2::2'].flatMap((ip) => [`second → ${ip}: pod`, `node → ${ip}: pod`]),
];

const net1 = { podDefaultRouteNic: 'net1' };
const inArgs = { args: { cni: net1 } };

test('a second interface joins and leaves; the default route is where it is wanted', ({ two }) => {
  const { world } = two;
  const runtime = runtimeOf(world);
  const first = attach(runtime, chain(world, 'l2', 'dual stack', coordinator), world.pod());
  const before = stateOf(world, first);
  expect(ways(two, first)).toEqual(alone);
  const list = secondList(world);
  const [main, tuning] = list.plugins as [PluginConfig, PluginConfig];
  const pod = second(first.pod);
  const bare = attach(runtime, { ...list, plugins: [main] }, pod);
  expect(ways(two, first, bare).filter((way) => way.endsWith('nobody'))).not.toEqual([]);

  expectOwner('first', 'as it was');
  expectOwner('second', 'as the network says', net1);
  expectOwner('second', 'as the pod says, whatever the network does', { podDefaultRouteNic: 'eth0', ...inArgs });
  runtime.call('ADD', first.list, { ...coordinator, ...inArgs }, first.pod.attachment, first.result);
  expectOwner('second', 'as the pod said before that interface was there');
  runtime.call('ADD', first.list, coordinator, first.pod.attachment, first.result);
  expectOwner('first', 'nobody wishes anything any more');

  runtime.del(list, pod.attachment, bare.result);
  expect(ways(two, first)).toEqual(alone);
  expect(stateOf(world, first)).toEqual(before);

  function expectOwner(owner: 'first' | 'second', why: string, keys: object = {}): void {
    const result = runtime.call('ADD', list, { ...tuning, ...keys }, pod.attachment, bare.result) as Result;
    expect(ways(two, first, bare), why).toEqual(both(owner));
    runtime.call('CHECK', list, tuning, pod.attachment, result);
    runtime.check(first.list, first.pod.attachment, first.result);
  }
});

/** But for addresses that are on their way, and for who says that he made a default route. */
function stateOf(world: World, { pod }: Attached): State[] {
  const steady = (line: string) => !line.startsWith('local fe80::');
  return stateOfAll(world, pod).map((state) => ({
    ...state,
    routes: state.routes.filter(steady).map((line) => line.replace(/^(default via \S+ dev eth0 )proto 196 /, '$1')),
  }));
}

test('on the same master too, each address has its way', ({ world }) => {
  makeNode(world, 'l2');
  const runtime = runtimeOf(world);
  const first = attach(runtime, chain(world, 'l2', 'dual stack', coordinator), world.pod());
  const list = secondList(world, 'uplink');
  const pod = second(first.pod);
  const { result } = attach(runtime, list, pod);
  const way = (from: string, to: string) =>
    (JSON.parse(first.pod.run('ip', '-j', 'route', 'get', to, 'from', from)) as { dev: string }[])[0]?.dev;
  expect(['10.1.0.2', '10.2.0.2'].map((from) => way(from, '198.18.0.1'))).toEqual(['eth0', 'net1']);
  expect(['fd00:1::2', 'fd00:2::2'].map((from) => way(from, 'fd18::1'))).toEqual(['eth0', 'net1']);
  expect(['10.1.0.2', '10.2.0.2'].map((from) => way(from, '192.0.2.2'))).toEqual(['veth0', 'veth0']);
  // Whatever order they leave in.
  runtime.del(first.list, first.pod.attachment, first.result);
  runtime.check({ ...list, plugins: list.plugins.slice(0, 1) }, pod.attachment, result);
  runtime.del(list, pod.attachment, result);
  world.host.ip('link', 'del', 'mgmt');
  expectNothingLeft(world, first.pod);
  expect(stateOfAll(world, first.pod)[0]?.files).toEqual([]);
});
