import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { findText, openNetns } from '@cni/sys';
import { addNetns, removeNetns } from '@cni/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { watch } from './buckets.ts';
import { type Limits, openLimits } from './limits.ts';
import { bits } from './quantity.ts';
import { addPod, ask, json, made, must, type PodKind, run, type TestPod } from './testing/pods.ts';

const pods: TestPod[] = [];
afterEach(() => {
  for (const pod of pods.splice(0)) {
    must(pod, 'DEL', {});
    pod.remove();
  }
});

/** The far end, 10.9.0.1, is the node of these tests. */
function podOf(kind: PodKind): TestPod {
  const pod = addPod(kind);
  pods.push(pod);
  if (kind === 'macvlan') run('ip', 'address', 'add', '10.9.0.1/24', 'dev', `${pod.hostEnd}x`);
  return pod;
}

const kinds = ['veth', 'macvlan'] as const;
const configured = { ingressRate: '20M', egressRate: '10M' };
const both = (rate: number) => ({ ingressRate: bits(rate), egressRate: bits(rate) });

/** As a program that was started for it. */
function withLimits<T>(pod: TestPod, keys: object, use: (limits: Limits) => T): T {
  const netns = openNetns(pod.path);
  const prevResult = { cniVersion: '1.1.0', ...pod.prevResult };
  const request = { cniVersion: '1.1.0', name: 'net', type: 'bandwidth', prevResult, ...keys };
  const limits = openLimits({
    request,
    attachment: { containerId: pod.name, ifName: 'eth0', sandbox: pod.path },
    netns,
  });
  try {
    return use(limits);
  } finally {
    limits.close();
    netns.close();
  }
}
const recordPath = (name: string) => `/run/cni/bandwidth/net:${name}:eth0`;
const record = (pod: TestPod) => findText(recordPath(pod.name));
const override = (pod: TestPod): unknown => JSON.parse(record(pod) ?? '{}').override;
const rates = (limits: Limits) => limits.list().map(({ rate, origin }) => [rate, origin]);
const inForce = (limits: Limits) => limits.buckets().map(({ there }) => there && there.rate * 8);

/** Our buckets, and what is in them where the kernel has fq_codel, as tc tells of them, wherever they are. */
function qdiscs(pod: TestPod): { dev: string; handle: string; drops: number; bytes: number; overlimits: number }[] {
  const all = [...json('tc', '-s', 'qdisc'), ...JSON.parse(pod.exec('tc', '-j', '-s', 'qdisc') || '[]')];
  return all.filter(({ handle }) => ['cb1:', 'cb2:'].includes(handle));
}

describe.each(kinds)('%s', (kind) => {
  test('set, CHECK, drift, ADD again, reset', () => {
    const pod = podOf(kind);
    must(pod, 'ADD', configured);
    withLimits(pod, configured, (limits) => {
      expect(limits.set({ egressRate: bits(50e6) })).toEqual([]);
      expect(rates(limits)).toEqual([
        [20e6, 'configuration'],
        [50e6, 'override'],
      ]);
      expect(inForce(limits)).toEqual([20e6, 50e6]);
      expect(limits.list('configured').map(({ rate }) => rate)).toEqual([20e6, 10e6]);
    });
    must(pod, 'CHECK', configured);
    must(pod, 'ADD', configured);
    must(pod, 'CHECK', configured);
    const ifb = made(kind === 'veth' ? undefined : pod).find((name) => name.startsWith('bw')) ?? '';
    const [dev, at] = kind === 'veth' ? [ifb, run] : ['eth0', pod.exec];
    const change = ['qdisc', 'change', 'dev', dev, 'root', 'handle', 'cb1:', 'tbf'];
    at('tc', ...change, 'rate', '70mbit', 'burst', '35000', 'limit', '122500');
    expect(ask(pod, 'CHECK', configured).document).toMatchObject({ code: 110 });
    withLimits(pod, configured, (limits) => {
      expect(limits.faults()).toEqual([expect.stringContaining('rate')]);
      limits.set({ ingressRate: bits(30e6) });
      expect(limits.faults()).toEqual([]);
      expect(inForce(limits)).toEqual([30e6, 50e6]);
    });
    must(pod, 'CHECK', configured);
    withLimits(pod, configured, (limits) => {
      limits.reset();
      expect(inForce(limits)).toEqual([20e6, 10e6]);
    });
    expect(override(pod)).toBeUndefined();
    must(pod, 'CHECK', configured);
  });

  test('a first limit is made as ADD makes it, and the last one leaves nothing', () => {
    const pod = podOf(kind);
    must(pod, 'ADD', {});
    withLimits(pod, {}, (limits) => {
      expect(limits.list()).toEqual([]);
      limits.set(both(5e6));
      expect(inForce(limits)).toEqual([5e6, 5e6]);
    });
    const there = [...made(), ...made(pod)];
    must(pod, 'CHECK', {});
    must(pod, 'DEL', {});
    must(pod, 'ADD', both(5e6));
    expect([...made(), ...made(pod)]).toEqual(there);
    withLimits(pod, both(5e6), (limits) => limits.set({ ingressRate: bits(0) }));
    expect(qdiscs(pod).filter(({ handle }) => handle === 'cb1:')).toHaveLength(1);
    must(pod, 'CHECK', both(5e6));
    withLimits(pod, both(5e6), (limits) => {
      limits.set({ egressRate: bits(0) });
      expect(limits.list()).toEqual([]);
      expect([...made(), ...made(pod)]).toEqual([]);
      limits.reset();
      expect(limits.faults()).toEqual([]);
    });
    expect([...made(), ...made(pod)]).toEqual(there);
  });

  test('maxRate is the most, and what is refused changes nothing', () => {
    const pod = podOf(kind);
    const keys = { ...configured, maxRate: '100M' };
    must(pod, 'ADD', keys);
    withLimits(pod, keys, (limits) => {
      for (const [rate, words] of [
        [200e6, '200 Mbit/s'],
        [0, 'no limit'],
      ] as const) {
        const set = () => limits.set({ ingressRate: bits(30e6), egressRate: bits(rate) });
        expect(set).toThrow(`egress: ${words} is more than maxRate, 100 Mbit/s`);
      }
      expect(inForce(limits)).toEqual([20e6, 10e6]);
      expect(override(pod)).toBeUndefined();
      limits.set(both(100e6));
      expect(inForce(limits)).toEqual([100e6, 100e6]);
    });
    expect(ask(pod, 'CHECK', { ...configured, maxRate: '90M' }).document).toMatchObject({ code: 110 });
  });

  test('bursts: as given, or computed again', () => {
    const pod = podOf(kind);
    const keys = { ...configured, egressBurst: '8M' };
    must(pod, 'ADD', keys);
    const bursts = (limits: Limits) => limits.list().map(({ burst }) => burst);
    withLimits(pod, keys, (limits) => {
      expect(bursts(limits)).toEqual([131_072, 8e6]);
      limits.set({ egressRate: bits(100e6) });
      expect(bursts(limits)).toEqual([131_072, 8e6]);
      limits.set({ egressBurst: bits(0), ingressBurst: bits(4e6) });
      expect(bursts(limits)).toEqual([4e6, 400_000]);
      expect(limits.faults()).toEqual([]);
      expect(limits.set({ egressBurst: bits(8) })).toEqual([expect.stringContaining('burst of 8 bit')]);
    });
    withLimits(pod, {}, (limits) => {
      limits.reset();
      expect(() => limits.set({ egressBurst: bits(8e6) })).toThrow('egress: a burst without a rate');
    });
  });

  test('a change that fails half-way is taken back', () => {
    const pod = podOf(kind);
    must(pod, 'ADD', kind === 'veth' ? { egressRate: '10M' } : { ingressRate: '20M' });
    const keys = kind === 'veth' ? { egressRate: '10M' } : { ingressRate: '20M' };
    const [at, dev] = kind === 'veth' ? [run, pod.hostEnd] : [pod.exec, 'eth0'];
    at('tc', 'qdisc', 'add', 'dev', dev, 'root', 'pfifo');
    withLimits(pod, keys, (limits) => {
      expect(() => limits.set(both(50e6))).toThrow('pfifo');
      expect(limits.faults()).toEqual([]);
      expect(inForce(limits)).toEqual([kind === 'veth' ? 10e6 : 20e6]);
    });
    expect(override(pod)).toBeUndefined();
  });

  test('DEL and GC forget the record, and one that was left behind is nothing to another pod', () => {
    const pod = podOf(kind);
    const set = () => withLimits(pod, configured, (limits) => limits.set(both(50e6)));
    must(pod, 'ADD', configured);
    set();
    const aside = `${recordPath(pod.name)}~`;
    run('touch', aside);
    must(pod, 'GC', { 'cni.dev/valid-attachments': [{ containerID: pod.name, ifname: 'eth0' }] });
    expect(record(pod)).toBeDefined();
    // It may be about to be renamed.
    expect(findText(aside)).toBeDefined();
    must(pod, 'DEL', {}, { CNI_NETNS: '' });
    expect(record(pod)).toBeUndefined();
    must(pod, 'DEL', {});
    must(pod, 'ADD', configured);
    set();
    must(pod, 'GC', { name: 'another', 'cni.dev/valid-attachments': [] });
    expect(record(pod)).toBeDefined();
    run('touch', aside);
    must(pod, 'GC', { 'cni.dev/valid-attachments': [] });
    expect(record(pod)).toBeUndefined();
    expect(findText(aside)).toBeUndefined();
    must(pod, 'ADD', configured);
    set();
    const left = record(pod) ?? '';
    const other = addNetns('other');
    try {
      const foreign = left.replace(/"netns":"[^"]*"/, `"netns":"${openNetns(other.path).id}"`);
      for (const content of [foreign, '', '{', '{"netns":1}', left.replace(/"egressRate":\d+/, '"egressRate":-1')]) {
        run('cp', '/dev/null', recordPath(pod.name));
        run('sh', '-c', `printf %s '${content}' >${recordPath(pod.name)}`);
        expect(ask(pod, 'CHECK', configured).document).toMatchObject({ code: 110 });
        must(pod, 'ADD', configured);
        must(pod, 'CHECK', configured);
        set();
        must(pod, 'CHECK', configured);
      }
    } finally {
      removeNetns(other);
    }
  });
});

test('links that a later plugin gave the pod do not move its buckets', () => {
  const pod = podOf('macvlan');
  const veth0 = `${pod.hostEnd}v`;
  run('ip', 'link', 'add', 'name', veth0, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', pod.name);
  const own = pod.prevResult as { interfaces: object[] };
  const interfaces = [...own.interfaces, { name: veth0 }, { name: 'veth0', sandbox: pod.path }];
  const later = { ...configured, prevResult: { ...own, cniVersion: '1.1.0', interfaces } };
  must(pod, 'ADD', configured);
  const before = [...made(), ...made(pod)];
  withLimits(pod, later, (limits) => {
    limits.set(both(50e6));
    expect(limits.buckets().map(({ place }) => place)).toEqual(['pod-ifb', 'pod-link']);
    expect(inForce(limits)).toEqual([50e6, 50e6]);
  });
  must(pod, 'CHECK', later);
  expect([...made(), ...made(pod)]).toEqual(before);
  run('ip', 'link', 'del', veth0);
});

const flows = kinds.flatMap((kind) => (['ingress', 'egress'] as const).map((direction) => [kind, direction] as const));

interface Traffic {
  /** What iperf3 says in the end of what arrived. */
  // biome-ignore lint/suspicious/noExplicitAny: iperf3's object, of which a test looks at a few fields
  arrived(): Promise<any>;
  stop(): void;
}

/** A run of iperf3 from the pod or to it. */
async function traffic(
  pod: TestPod,
  direction: 'ingress' | 'egress',
  seconds: number,
  ...words: string[]
): Promise<Traffic> {
  const server = spawn('iperf3', ['-s', '-1', '-J', '-B', '10.9.0.1'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const served = text(server.stdout);
  while (run('ss', '-Hltn', 'sport', '=', ':5201') === '') await setTimeout(10);
  const reverse = direction === 'ingress' ? ['-R'] : [];
  const inPod = ['netns', 'exec', pod.name, 'iperf3', '-J', '-c', '10.9.0.1', '-t', String(seconds)];
  const client = spawn('ip', [...inPod, ...reverse, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const asked = text(client.stdout);
  return {
    arrived: async () => JSON.parse(await (direction === 'ingress' ? asked : served)),
    stop() {
      for (const process of [client, server]) process.kill('SIGKILL');
    },
  };
}

test.each(flows)('%s, %s: no packet is lost by a raise, and buckets stay what they are', async (kind, direction) => {
  const pod = podOf(kind);
  // Room for all that a sender does who was kept from running.
  const keys = { ...both(10e6), latency: '2s' };
  must(pod, 'ADD', keys);
  const { arrived } = await traffic(pod, direction, 3, '-u', '-b', '8M', '-l', '1400', '--pacing-timer', '30000');
  await setTimeout(500);
  const before = qdiscs(pod);
  for (const rate of [12e6, 50e6, 1e9, 5e9]) {
    await setTimeout(400);
    withLimits(pod, keys, (limits) => limits.set(both(rate)));
  }
  const { end } = await arrived();
  const after = qdiscs(pod);
  expect(after.map(({ dev, handle, drops }) => [dev, handle, drops])).toEqual(
    before.map(({ dev, handle }) => [dev, handle, 0]),
  );
  for (const [index, { bytes }] of after.entries()) expect(bytes).toBeGreaterThanOrEqual(before[index]?.bytes ?? 0);
  expect(end.sum.lost_packets).toBe(0);
  expect(end.sum.packets).toBeGreaterThan(1000);
  expect(after.find(({ bytes }) => bytes > 1e6)?.overlimits).toBeGreaterThan(0);
});

test.each(flows)('%s, %s: a pod under load is lowered, and goes on', async (kind, direction) => {
  const pod = podOf(kind);
  must(pod, 'ADD', both(1e9));
  const { stop } = await traffic(pod, direction, 60);
  await setTimeout(1500);
  withLimits(pod, both(1e9), (limits) => limits.set(both(20e6)));
  await setTimeout(500);
  const during = withLimits(pod, both(1e9), (limits) => watch(limits.buckets, 1000));
  stop();
  const busy = during.find((one) => one.direction === direction);
  expect(busy?.throughput).toBeGreaterThan(10e6);
  expect(busy?.throughput).toBeLessThan(30e6);
  must(pod, 'CHECK', both(1e9));
});
