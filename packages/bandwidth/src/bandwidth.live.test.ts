import { afterEach, describe, expect, test } from 'vitest';
import { addPod, ask, json, made, must, type PodKind, run, type TestPod } from './testing/pods.ts';

const pods: TestPod[] = [];
const podOf = (kind: PodKind, number?: number): TestPod => {
  const pod = addPod(kind, number);
  pods.push(pod);
  return pod;
};
afterEach(() => {
  for (const pod of pods.splice(0)) pod.remove();
  for (const ifb of ifbOf()) run('ip', 'link', 'del', ifb);
});

const limits = { ingressRate: '20M', egressRate: '10M' };
const kinds = ['veth', 'macvlan'] as const;
// biome-ignore lint/suspicious/noExplicitAny: iproute2's objects, of which a test looks at a few fields
const inPod = (pod: TestPod, program: string, ...args: string[]): any[] =>
  JSON.parse(pod.exec(program, '-j', ...args) || '[]');
const ifbOf = (pod?: TestPod) =>
  made(pod)
    .filter((name) => name.startsWith('bw'))
    .sort();

describe('what iproute2 says of it', () => {
  test('a veth: all of it on the node', () => {
    const pod = podOf('veth');
    expect(must(pod, 'ADD', limits)).toEqual({ cniVersion: '1.1.0', ...pod.prevResult });
    expect(made(pod)).toEqual([]);
    const [ifb, ...none] = ifbOf();
    expect(none).toEqual([]);
    expect(json('tc', 'qdisc', 'show', 'dev', pod.hostEnd)).toMatchObject([
      { kind: 'tbf', handle: 'cb1:', root: true, options: { rate: 2_500_000 } },
      { kind: 'clsact' },
    ]);
    expect(json('tc', 'qdisc', 'show', 'dev', ifb ?? '')).toMatchObject([
      { kind: 'tbf', options: { rate: 1_250_000 } },
    ]);
    expect(json('tc', 'filter', 'show', 'dev', pod.hostEnd, 'ingress').at(-1)).toMatchObject({
      protocol: 'all',
      options: { actions: [{ kind: 'mirred', mirred_action: 'redirect', to_dev: ifb }] },
    });
    const [link] = json('ip', 'link', 'show', 'dev', ifb ?? '');
    expect(link).toMatchObject({
      ifalias: expect.stringMatching(new RegExp(`^cni bandwidth \\d+\\+ net ${pod.name} eth0$`)),
    });
    expect(json('ip', '-6', 'address', 'show', 'dev', ifb ?? '')).toEqual([]);
  });

  test('a macvlan: all of it in the pod', () => {
    const pod = podOf('macvlan');
    must(pod, 'ADD', limits);
    expect(made()).toEqual([]);
    const [ifb] = ifbOf(pod);
    expect(inPod(pod, 'tc', 'qdisc', 'show', 'dev', 'eth0')).toMatchObject([
      { kind: 'tbf', root: true, options: { rate: 1_250_000 } },
      { kind: 'clsact' },
    ]);
    expect(inPod(pod, 'tc', 'qdisc', 'show', 'dev', ifb ?? '')).toMatchObject([{ options: { rate: 2_500_000 } }]);
  });

  test('a macvlan on the node: by its addresses at the master, whose root is not touched', () => {
    const pod = podOf('macvlan');
    const root = () => json('tc', 'qdisc', 'show', 'dev', pod.hostEnd).filter((one) => one.root);
    const before = root();
    must(pod, 'ADD', { ...limits, where: 'host' });
    expect(made(pod)).toEqual([]);
    expect(root()).toEqual(before);
    expect(ifbOf()).toHaveLength(2);
    for (const hook of ['ingress', 'egress']) {
      const filter = json('tc', 'filter', 'show', 'dev', pod.hostEnd, hook).at(-1);
      expect(filter).toMatchObject({ protocol: 'ip', options: { actions: [{ mirred_action: 'redirect' }] } });
    }
    must(pod, 'CHECK', { ...limits, where: 'host' });
    must(pod, 'DEL', {});
    expect(made()).toEqual([]);
  });
});

describe.each(kinds)('%s', (kind) => {
  test('no limits: nothing is touched', () => {
    const pod = podOf(kind);
    const runtimeConfig = { bandwidth: { IngressRate: 0, IngressBurst: 0, EgressRate: 0, EgressBurst: 0 } };
    expect(must(pod, 'ADD', { runtimeConfig })).toEqual({ cniVersion: '1.1.0', ...pod.prevResult });
    expect([...made(), ...made(pod)]).toEqual([]);
    must(pod, 'CHECK', { runtimeConfig });
  });

  test('ADD again, with other limits: changed in place, what is not wanted any more is gone', () => {
    const pod = podOf(kind);
    must(pod, 'ADD', limits);
    const before = [...made(), ...made(pod)];
    must(pod, 'ADD', { ...limits, egressRate: '30M' });
    expect([...made(), ...made(pod)]).toEqual(before);
    expect(ask(pod, 'CHECK', limits).document).toMatchObject({ code: 110 });
    must(pod, 'CHECK', { ...limits, egressRate: '30M' });
    must(pod, 'ADD', { [kind === 'veth' ? 'ingressRate' : 'egressRate']: '5M' });
    expect([...made(), ...made(pod)]).toHaveLength(1);
    must(pod, 'DEL', {});
    expect([...made(), ...made(pod)]).toEqual([]);
  });

  test.each<[string, object, object]>([
    ['one direction, then the other', { ingressRate: '20M' }, { egressRate: '10M' }],
    ['the other direction, then one', { egressRate: '10M' }, { ingressRate: '20M' }],
    ['both, then in alone', limits, { ingressRate: '20M' }],
    ['both, then out alone', limits, { egressRate: '10M' }],
    ['all, then not some subnets', limits, { ...limits, unshapedSubnets: ['10.8.0.0/16'] }],
    ['not some subnets, then all', { ...limits, unshapedSubnets: ['10.8.0.0/16'] }, limits],
    ['in the pod, then on the node', limits, { ...limits, where: 'host' }],
    ['on the node, then in the pod', { ...limits, where: 'host' }, limits],
    ['in both places, then in the pod', { ...limits, where: 'both' }, limits],
    // Of a veth's nothing is recorded, and nothing is touched.
    ...(kind === 'veth' ? [] : [['limits, then none', limits, {}] satisfies [string, object, object]]),
  ])('%s: what is there is what a first ADD makes, and CHECK knows what is too much', (_, first, second) => {
    const [pod, fresh] = [podOf(kind, 0), podOf(kind, 1)];
    const places = (one: TestPod) =>
      [...made(), ...made(one)].filter((name) => name.includes('tbf at root') || name.includes('clsact')).length;
    must(fresh, 'ADD', second);
    const expected = places(fresh);
    must(fresh, 'DEL', {});
    must(pod, 'ADD', first);
    const { status } = ask(pod, 'CHECK', second);
    expect(status).toBe(kind === 'veth' && 'where' in { ...first, ...second } ? 0 : 1);
    must(pod, 'ADD', second);
    must(pod, 'CHECK', second);
    expect(places(pod)).toBe(expected);
    must(pod, 'CHECK', second);
    must(pod, 'DEL', {});
    expect([...made(), ...made(pod)]).toEqual([]);
  });

  test('CHECK finds limits of ours that nobody asks for', () => {
    const pod = podOf(kind);
    must(pod, 'ADD', limits);
    for (const keys of [{}, { ingressRate: '20M' }, { egressRate: '10M' }])
      expect(ask(pod, 'CHECK', keys).document).toMatchObject({
        code: 110,
        msg: expect.stringContaining('not asked for'),
      });
  });

  test('subnets that pass by: filters before the redirection, and CHECK knows them', () => {
    const pod = podOf(kind);
    const keys = { ...limits, unshapedSubnets: ['10.9.0.0/24', 'fd00::/8'] };
    must(pod, 'ADD', keys);
    must(pod, 'CHECK', keys);
    expect(ask(pod, 'CHECK', { ...limits, unshapedSubnets: ['10.9.0.0/24'] }).document).toMatchObject({ code: 110 });
    must(pod, 'ADD', { ...limits, shapedSubnets: ['10.9.0.0/24'] });
    must(pod, 'CHECK', { ...limits, shapedSubnets: ['10.9.0.0/24'] });
    must(pod, 'DEL', {});
    expect([...made(), ...made(pod)]).toEqual([]);
  });

  test('a foreign root qdisc is refused, and nothing is left', () => {
    const pod = podOf(kind);
    const [at, key] = kind === 'veth' ? [run, 'ingressRate'] : [pod.exec, 'egressRate'];
    at('tc', 'qdisc', 'add', 'dev', kind === 'veth' ? pod.hostEnd : 'eth0', 'root', 'pfifo');
    const { document } = ask(pod, 'ADD', { ...limits, [key]: '5M' });
    expect(document).toMatchObject({ code: 102, msg: expect.stringContaining('pfifo') });
    expect([...made(), ...made(pod)]).toEqual([expect.stringContaining('pfifo at root')]);
  });

  test('a clsact of somebody else, and their filter, are used and outlive us', () => {
    const pod = podOf(kind);
    const at = kind === 'veth' ? run : pod.exec;
    const dev = kind === 'veth' ? pod.hostEnd : 'eth0';
    at('tc', 'qdisc', 'add', 'dev', dev, 'clsact');
    must(pod, 'ADD', limits);
    must(pod, 'CHECK', limits);
    must(pod, 'DEL', {});
    expect([...made(), ...made(pod)]).toEqual([`clsact at ingress of ${dev}`]);
    at(
      'tc',
      'filter',
      'add',
      'dev',
      dev,
      'ingress',
      'protocol',
      'all',
      'u32',
      'match',
      'u32',
      '0',
      '0',
      'flowid',
      '1:1',
    );
    must(pod, 'ADD', limits);
    must(pod, 'DEL', {});
    expect(JSON.parse(at('tc', '-j', 'filter', 'show', 'dev', dev, 'ingress')).at(-1)).toMatchObject({ pref: 49152 });
  });

  test('an ingress qdisc of somebody else is used', () => {
    const pod = podOf(kind);
    const at = kind === 'veth' ? run : pod.exec;
    const dev = kind === 'veth' ? pod.hostEnd : 'eth0';
    at('tc', 'qdisc', 'add', 'dev', dev, 'ingress');
    must(pod, 'ADD', limits);
    must(pod, 'CHECK', limits);
    must(pod, 'DEL', {});
    expect([...made(), ...made(pod)]).toEqual([`ingress at ingress of ${dev}`]);
  });

  test('DEL does not cut a living pod off', () => {
    const pod = podOf(kind);
    must(pod, 'ADD', limits);
    const ping = () => pod.exec('ping', '-n', '-c', '1', '-W', '2', '10.9.0.1');
    if (kind === 'macvlan') run('ip', 'address', 'add', '10.9.0.1/24', 'dev', `${pod.hostEnd}x`);
    ping();
    must(pod, 'DEL', {}, { CNI_NETNS: '' });
    ping();
    must(pod, 'DEL', {});
    ping();
  });
});

test('two interfaces of one container have an IFB each, and DEL of one spares the other', () => {
  const pod = podOf('macvlan');
  pod.ip('link', 'add', 'link', 'eth0', 'name', 'net1', 'type', 'macvlan');
  const prevResult = { cniVersion: '1.1.0', interfaces: [{ name: 'net1', sandbox: pod.path }] };
  must(pod, 'ADD', limits);
  must(pod, 'ADD', { ...limits, prevResult }, { CNI_IFNAME: 'net1' });
  expect(ifbOf(pod)).toHaveLength(2);
  must(pod, 'DEL', { prevResult }, { CNI_IFNAME: 'net1' });
  must(pod, 'CHECK', limits);
  expect(ifbOf(pod)).toHaveLength(1);
});

test('links that other plugins gave the pod share the budget', () => {
  const pod = podOf('macvlan');
  const veth0 = `${pod.hostEnd}v`;
  run('ip', 'link', 'add', 'name', veth0, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', pod.name);
  const own = pod.prevResult as { interfaces: object[] };
  const interfaces = [...own.interfaces, { name: veth0 }, { name: 'veth0', sandbox: pod.path }];
  const prevResult = { ...own, cniVersion: '1.1.0', interfaces };
  must(pod, 'ADD', { ...limits, prevResult });
  must(pod, 'CHECK', { ...limits, prevResult });
  expect(made(pod).sort()).toEqual(
    [...ifbOf(pod), 'clsact at ingress of eth0', 'clsact at ingress of veth0', ...tbfs(pod)].sort(),
  );
  must(pod, 'DEL', { prevResult });
  expect(made(pod)).toEqual([]);
  // A plugin that comes after this one: CHECK is told of its link, and ADD was not.
  must(pod, 'ADD', limits);
  must(pod, 'CHECK', { ...limits, prevResult });
  run('ip', 'link', 'del', veth0);
});

const tbfs = (pod: TestPod) => ifbOf(pod).map((name) => `tbf at root of ${name}`);

test('GC removes what has no pod any more, and no more than that', () => {
  const [living, dead] = [podOf('veth', 0), podOf('veth', 1)];
  for (const pod of [living, dead]) must(pod, 'ADD', limits);
  const foreign = `bwo${'0'.repeat(12)}`;
  run('ip', 'link', 'add', foreign, 'type', 'ifb');
  expect(ifbOf()).toHaveLength(3);
  const valid = { containerID: living.name, ifname: 'eth0' };
  must(living, 'GC', { 'cni.dev/valid-attachments': [valid] });
  expect(ifbOf()).toHaveLength(2);
  expect(ifbOf()).toContain(foreign);
  must(living, 'CHECK', limits);
  dead.exec('ping', '-n', '-c', '1', '-W', '2', '10.9.1.1');
  must(living, 'GC', { name: 'another', 'cni.dev/valid-attachments': [] });
  expect(ifbOf()).toHaveLength(2);
  run('ip', 'link', 'del', foreign);
});

test('GC takes the filters of the dead from the master, and spares those of the living', () => {
  const [living, dead] = [podOf('macvlan'), podOf('veth', 1)];
  const master = living.hostEnd;
  run('ip', 'link', 'add', 'link', master, 'name', 'net1', 'netns', dead.name, 'type', 'macvlan', 'mode', 'bridge');
  const interfaces = [{ name: 'net1', sandbox: dead.path }];
  const prevResult = { cniVersion: '1.1.0', interfaces, ips: [{ address: '10.9.0.3/24', interface: 0 }] };
  must(living, 'ADD', { ...limits, where: 'host' });
  must(dead, 'ADD', { ...limits, where: 'host', prevResult }, { CNI_IFNAME: 'net1' });
  const filters = () =>
    ['ingress', 'egress'].flatMap((hook) =>
      json('tc', 'filter', 'show', 'dev', master, hook).filter((one) => one.options?.flowid),
    );
  expect(filters()).toHaveLength(4);
  must(living, 'GC', { 'cni.dev/valid-attachments': [{ containerID: living.name, ifname: 'eth0' }] });
  expect(filters()).toHaveLength(2);
  must(living, 'CHECK', { ...limits, where: 'host' });
  must(living, 'GC', { 'cni.dev/valid-attachments': [] });
  expect(filters()).toEqual([]);
  expect(made()).toEqual([]);
});

test('an IFB that was taken away is a black hole until ADD comes again', () => {
  const pod = podOf('veth');
  must(pod, 'ADD', limits);
  for (const ifb of ifbOf()) run('ip', 'link', 'del', ifb);
  const ping = () => pod.exec('ping', '-n', '-c', '5', '-i', '0.3', '-W', '3', '10.9.0.1');
  expect(ping).toThrow();
  must(pod, 'ADD', limits);
  ping();
  must(pod, 'CHECK', limits);
});
