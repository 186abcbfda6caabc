import { parseCidr } from '@cni/ip';
import { withUndo } from '@cni/skel';
import { findText, openNetns } from '@cni/sys';
import { afterEach, describe, expect, test } from 'vitest';
import type { Asked } from './config.ts';
import { extendLimits } from './extend.ts';
import { type Limits, openLimits } from './limits.ts';
import { bits } from './quantity.ts';
import { addPod, ask, made, must, run, type TestPod } from './testing/pods.ts';

const pods: TestPod[] = [];
afterEach(() => {
  for (const pod of pods.splice(0)) {
    must(pod, 'DEL', {});
    pod.remove();
  }
});

const limits = { ingressRate: '20M', egressRate: '10M' };
const record = (pod: TestPod) => findText(`/run/cni/bandwidth/net:${pod.name}:eth0`);

/** A pod that gets a second link after ADD of this plugin, and what a result says of both. */
function podWithSecondLink(keys: object): { pod: TestPod; both: TestPod; end: string } {
  const pod = addPod('macvlan');
  pods.push(pod);
  must(pod, 'ADD', keys);
  const end = `${pod.hostEnd}v`;
  run('ip', 'link', 'add', 'name', end, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', pod.name);
  run('ip', 'link', 'set', end, 'up');
  pod.ip('link', 'set', 'veth0', 'up');
  const { interfaces, ...others } = pod.prevResult as { interfaces: object[] };
  const prevResult = { ...others, interfaces: [...interfaces, { name: end }, { name: 'veth0', sandbox: pod.path }] };
  return { pod, both: { ...pod, prevResult }, end };
}

function extend({ name, path, prevResult }: TestPod, fail = false): void {
  const netns = openNetns(path);
  const attachment = { containerId: name, ifName: 'eth0', sandbox: path };
  const { interfaces } = prevResult as { interfaces: { name: string; sandbox?: string }[] };
  const ips = [{ address: parseCidr('10.9.0.2/24'), interface: 0 }];
  try {
    withUndo((undo) => {
      extendLimits({ attachment, network: { name: 'net' }, netns, result: { interfaces, ips }, undo });
      if (fail) throw new Error('what comes after it fails');
    });
  } finally {
    netns.close();
  }
}

function ofPod<T>({ name, path, prevResult }: TestPod, keys: object, use: (limits: Limits) => T): T {
  const netns = openNetns(path);
  const request = { cniVersion: '1.1.0', name: 'net', prevResult: { cniVersion: '1.1.0', ...prevResult }, ...keys };
  const opened = openLimits({ request, attachment: { containerId: name, ifName: 'eth0', sandbox: path }, netns });
  try {
    return use(opened);
  } finally {
    opened.close();
    netns.close();
  }
}

const setLimits = (pod: TestPod, change: Asked) => ofPod(pod, limits, (opened) => opened.set(change));
/** What `cnictl bandwidth show` says is wrong. */
const faults = (pod: TestPod, keys: object) => ofPod(pod, keys, (opened) => opened.faults());

const kinds = (pod: TestPod, dev: string) =>
  JSON.parse(pod.exec('tc', '-j', 'qdisc', 'show', 'dev', dev)).map(({ kind }: { kind: string }) => kind);

describe.each([
  ['both directions', limits],
  ['out alone', { egressRate: '10M' }],
  ['in alone', { ingressRate: '10M' }],
  ['some subnets', { ...limits, unshapedSubnets: ['10.9.0.0/24', 'fd00::/8'] }],
  ['an explicit burst', { ...limits, ingressBurst: '4M', latency: '25ms' }],
  ['in both places', { ...limits, where: 'both' }],
  ['on the node', { ...limits, where: 'host' }],
])('%s', (_, keys) => {
  test('CHECK agrees that the limits are those of both links, ADD and DEL go on as ever', () => {
    const { pod, both, end } = podWithSecondLink(keys);
    must(both, 'CHECK', keys);
    expect(faults(both, keys)).toEqual([]);
    extend(both);
    must(both, 'CHECK', keys);
    expect(kinds(pod, 'eth0')).not.toContain('tbf');
    expect(faults(both, keys)).toEqual([]);
    // On the node's end in one of the cases.
    run('sh', '-c', `tc qdisc del dev ${end} clsact 2>/dev/null || true`);
    pod.exec('sh', '-c', 'tc qdisc del dev veth0 clsact 2>/dev/null || true');
    expect(ask(both, 'CHECK', keys).document).toMatchObject({ code: 110 });
    expect(faults(both, keys)).not.toEqual([]);
    extend(both);
    must(both, 'CHECK', keys);
    must(both, 'ADD', keys);
    must(both, 'CHECK', keys);
    must(pod, 'ADD', keys);
    extend(both);
    must(both, 'CHECK', keys);
    expect(record(pod)).toBeDefined();
    must(both, 'DEL', {});
    expect([...made(), ...made(pod)]).toEqual([]);
    expect(record(pod)).toBeUndefined();
  });

  test('DEL when the second link has gone before', () => {
    const { pod, both, end } = podWithSecondLink(keys);
    extend(both);
    run('ip', 'link', 'del', end);
    must(both, 'DEL', {});
    expect([...made(), ...made(pod)]).toEqual([]);
  });

  test('what comes after it fails: as before', () => {
    const { pod, both } = podWithSecondLink(keys);
    const before = [...made(), ...made(pod)].sort();
    expect(() => extend(both, true)).toThrow('what comes after it fails');
    expect([...made(), ...made(pod)].sort()).toEqual(before);
    must(pod, 'CHECK', keys);
  });
});

test('a link that is not to be limited any more is let go of, and nothing leads it to what is gone', () => {
  const { pod, both, end } = podWithSecondLink({ ...limits, where: 'host' });
  extend(both);
  const leads = () => JSON.parse(run('tc', '-j', 'filter', 'show', 'dev', end, 'ingress')) as object[];
  expect(leads()).not.toEqual([]);
  const free = { ...limits, sameNode: 'free' };
  expect(ask(both, 'CHECK', free).document).toMatchObject({ code: 110, msg: expect.stringContaining(end) });
  expect(faults(both, free)).toEqual([expect.stringContaining(end), expect.stringContaining(end)]);
  ofPod(both, free, (opened) => opened.reset());
  must(both, 'CHECK', free);
  expect(leads()).toEqual([]);
  ofPod(both, free, (opened) => opened.set({ egressRate: bits(0), ingressRate: bits(0) }));
  expect([...made(), ...made(pod)]).toEqual([]);
});

test('a second ADD that fails leads nothing to what it has taken back', () => {
  const { pod, both } = podWithSecondLink(limits);
  extend(both);
  pod.exec('tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'pfifo');
  expect(ask(pod, 'ADD', limits).document).toMatchObject({ code: 102 });
  const dead = pod.exec('sh', '-c', 'tc filter show dev veth0 ingress; tc filter show dev veth0 egress');
  const ifbs = made(pod).filter((name) => name.startsWith('bw'));
  for (const [, name] of dead.matchAll(/Redirect to device (\S+)\)/g)) expect(ifbs).toContain(name);
  expect(dead).not.toContain('device *');
  pod.exec('tc', 'qdisc', 'del', 'dev', 'eth0', 'root');
});

test('no limits: nothing is touched', () => {
  const { pod, both } = podWithSecondLink({});
  extend(both);
  expect([...made(), ...made(pod)]).toEqual([]);
  expect(record(pod)).toBeUndefined();
});

test('what an operator has set is what is brought there', () => {
  const { pod, both } = podWithSecondLink(limits);
  setLimits(pod, { egressRate: bits(30e6) });
  extend(both);
  must(both, 'CHECK', limits);
  const [rate] = JSON.parse(
    pod.exec('tc', '-j', 'qdisc', 'show', 'dev', made(pod).find((one) => one.startsWith('bwo')) ?? ''),
  );
  expect(rate).toMatchObject({ kind: 'tbf', options: { rate: 3_750_000 } });
});

test('an ADD that fails keeps no record', () => {
  const pod = addPod('macvlan');
  pods.push(pod);
  pod.exec('tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'pfifo');
  expect(ask(pod, 'ADD', limits).document).toMatchObject({ code: 102 });
  expect(record(pod)).toBeUndefined();
});

test('a pod with an end on the node has no record, its limits are where they are seen', () => {
  const pod = addPod('veth');
  pods.push(pod);
  must(pod, 'ADD', limits);
  expect(record(pod)).toBeUndefined();
  must(pod, 'DEL', {});
});

test('names that are longer than a file’s may be', () => {
  const pod = addPod('macvlan');
  pods.push(pod);
  const [name, containerId] = ['n'.repeat(300), 'c'.repeat(300)];
  const asked = [{ ...limits, name }, { CNI_CONTAINERID: containerId }] as const;
  must(pod, 'ADD', ...asked);
  must(pod, 'CHECK', ...asked);
  const files = () =>
    run('ls', '/run/cni/bandwidth')
      .split('\n')
      .filter((one) => one.startsWith('nnn'));
  expect(files()).toHaveLength(1);
  must(pod, 'GC', { name, 'cni.dev/valid-attachments': [{ containerID: containerId, ifname: 'eth0' }] });
  expect(files()).toHaveLength(1);
  must(pod, 'GC', { name: `${name}x`, 'cni.dev/valid-attachments': [] });
  expect(files()).toHaveLength(1);
  must(pod, 'DEL', ...asked);
  expect(files()).toEqual([]);
});
