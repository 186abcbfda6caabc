/** Limits on real ipvlan: into pods and out of them, to the outside and between pods of one master. */
import { describe, expect } from 'vitest';
import { conflist, expectNothingLeft, type Mode, modes, runtimeOf } from './network.ts';
import type { Conflist } from './runtime.ts';
import { type Pod, routeToPods, test, type World } from './world.ts';

const RATE = 20e6;
/** Long enough for a second that is steady; a guest is slow, and so are its timers. */
const SECONDS = 2;
/** TCP payload of a frame of 1514 bytes. */
const PAYLOAD = 1448 / 1514;

/** As containerd asks for it, the burst included. */
function limited(world: World, mode: Mode, limits: object, more: object = {}): Conflist {
  const list = conflist(world, mode, 'dual stack', { dad: 'off' });
  const bandwidth = { type: 'bandwidth', runtimeConfig: { bandwidth: limits }, ...more };
  return { ...list, plugins: [...list.plugins, bandwidth] };
}
const into = { IngressRate: RATE, IngressBurst: 2 ** 32 - 1, EgressRate: 0, EgressBurst: 0 };
const outOf = { IngressRate: 0, IngressBurst: 0, EgressRate: RATE, EgressBurst: 2 ** 32 - 1 };

type Place = Pick<Pod, 'run' | 'try'>;

/** What arrives, as a share of the rate. The server goes away by itself. */
function share(from: Place, to: Place, address: string): number {
  to.run('sh', '-c', 'iperf3 -s -1 -D >/dev/null 2>&1; while ! ss -Hltn | grep -q :5201; do sleep 0.05; done');
  const told = JSON.parse(from.run('iperf3', '-J', '-c', address, '-t', String(SECONDS)));
  return told.end.sum_received.bits_per_second / PAYLOAD / RATE;
}

function expectLimited(value: number, what: string): void {
  console.log(`${what}: ${value.toFixed(3)}`);
  expect(value, what).toBeGreaterThan(0.8);
  expect(value, what).toBeLessThan(1.1);
}

const outside = (mode: Mode) => (mode === 'l2' ? '10.1.0.1' : '192.0.2.1');

describe.each(modes)('%s', (mode) => {
  test('both directions, outside and pod to pod; nothing is left', ({ world }) => {
    if (mode !== 'l2') routeToPods(world);
    const runtime = runtimeOf(world);
    const [one, two] = [world.pod(), world.pod()];
    const lists = [limited(world, mode, { ...outOf }), limited(world, mode, { ...into })] as const;
    const results = [runtime.add(lists[0], one.attachment), runtime.add(lists[1], two.attachment)] as const;
    runtime.check(lists[0], one.attachment, results[0]);
    runtime.check(lists[1], two.attachment, results[1]);
    expectLimited(share(one, world.outside, outside(mode)), `${mode} egress to the outside`);
    expectLimited(share(world.outside, two, '10.1.0.3'), `${mode} ingress from the outside`);
    // The first pod has no limit for what comes in, the second none for what goes out.
    expectLimited(share(one, two, '10.1.0.3'), `${mode} pod to pod, both ends limited`);
    const third = world.pod();
    const free = conflist(world, mode, 'dual stack', { dad: 'off' });
    const result = runtime.add(free, third.attachment);
    expectLimited(share(one, third, '10.1.0.4'), `${mode} egress, pod to pod`);
    expectLimited(share(third, two, '10.1.0.3'), `${mode} ingress, pod to pod`);
    expect(share(third, world.outside, outside(mode)), 'a pod without limits').toBeGreaterThan(2);
    runtime.del(free, third.attachment, result);
    runtime.del(lists[0], one.attachment, results[0]);
    runtime.del(lists[1], two.attachment);
    expectNothingLeft(world, one, two, third);
    expect(hooks(world)).toEqual([]);
  });
});

/** Qdiscs of the node that the kernel did not put there by itself. */
function hooks({ host }: World): unknown[] {
  const qdiscs = JSON.parse(host.run('tc', '-j', 'qdisc', 'show')) as { handle: string; kind: string }[];
  return qdiscs.filter(({ handle }) => handle !== '0:').map(({ kind }) => kind);
}

test('on the node: the outside is limited, IPv6 too, and the sibling is not', ({ world }) => {
  const runtime = runtimeOf(world);
  const list = limited(world, 'l2', { ...into, EgressRate: RATE }, { where: 'host' });
  const [one, two] = [world.pod(), world.pod()];
  const results = [one, two].map((pod) => runtime.add(list, pod.attachment));
  expectLimited(share(one, world.outside, '10.1.0.1'), 'egress on the node');
  expectLimited(share(world.outside, one, 'fd00:1::2'), 'ingress on the node, IPv6');
  expect(share(one, two, '10.1.0.3'), 'pod to pod').toBeGreaterThan(2);
  runtime.del(list, one.attachment, results[0]);
  runtime.check(list, two.attachment, results[1] ?? { cniVersion: '1.0.0' });
  expectLimited(share(two, world.outside, '10.1.0.1'), 'the other pod’s, when one is gone');
  runtime.del(list, two.attachment, results[1]);
  expectNothingLeft(world, one, two);
  expect(hooks(world)).toEqual([]);
});

test('fq_codel within the bucket, where the kernel has it', ({ world }) => {
  const list = limited(world, 'l2', outOf);
  const pod = world.pod();
  runtimeOf(world).add(list, pod.attachment);
  const qdiscs = JSON.parse(pod.run('tc', '-j', 'qdisc', 'show', 'dev', 'eth0')) as { kind: string }[];
  expect(qdiscs.map(({ kind }) => kind)).toEqual(['tbf', 'fq_codel']);
});
