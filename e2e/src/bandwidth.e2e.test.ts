/** Limits on real ipvlan: into pods and out of them, to the outside and between pods of one master. */
import { type Flow, measureTraffic } from '@cni/testkit/traffic';
import { describe, expect } from 'vitest';
import { conflist, expectNothingLeft, type Mode, modes, runtimeOf } from './network.ts';
import type { Conflist } from './runtime.ts';
import { type Pod, routeToPods, test, type World } from './world.ts';

const RATE = 20e6;
const SECONDS = 2;
/** Shares of the rate: of the whole run, and of any second, the first with the burst of the bucket in it included. */
const WHOLE = { least: 0.97, most: 1.03 };
const MOST = 1.05;
/** A guest's only processor is late now and then, when the machine does something else: less of one run must not decide. */
const RUNS = 3;

/** As containerd asks for it, the burst included. */
function limited(world: World, mode: Mode, limits: object, more: object = {}): Conflist {
  const list = conflist(world, mode, 'dual stack', { dad: 'off' });
  const bandwidth = { type: 'bandwidth', runtimeConfig: { bandwidth: limits }, ...more };
  return { ...list, plugins: [...list.plugins, bandwidth] };
}
const into = { IngressRate: RATE, IngressBurst: 2 ** 32 - 1, EgressRate: 0, EgressBurst: 0 };
const outOf = { IngressRate: 0, IngressBurst: 0, EgressRate: RATE, EgressBurst: 2 ** 32 - 1 };

interface Place extends Pick<Pod, 'path'> {
  /** Whose IP layer receives what comes here, if it is somebody else’s. */
  readonly receivedIn?: string;
}
type Kind = 'TCP' | 'UDP';
const kinds: readonly Kind[] = ['TCP', 'UDP'];

/** UDP is sent at twice the rate: a guest can do little more. */
function flow(from: Place, to: Place, address: string, kind: Kind): Flow {
  const { path, receivedIn } = to;
  const more = { ...(receivedIn !== undefined && { receivedIn }), ...(kind === 'UDP' && { udp: 2 * RATE }) };
  return { from: from.path, to: path, address, ...more };
}

/** As much arrives as the rate allows. Too much in any second of any run is what must not be. */
async function expectLimited(from: Place, to: Place, address: string, kind: Kind = 'TCP'): Promise<void> {
  const what = `to ${address}, ${kind}`;
  const shares: number[] = [];
  while (shares.length < RUNS && !shares.some((share) => share >= WHOLE.least)) {
    const { whole, seconds } = await measureTraffic(flow(from, to, address, kind), SECONDS);
    const shown = [whole, ...seconds].map((one) => (one / RATE).toFixed(3));
    console.log(`${what}: ${shown[0]}, by second ${shown.slice(1).join(' ')}`);
    shares.push(whole / RATE);
    expect(whole / RATE, what).toBeLessThanOrEqual(WHOLE.most);
    for (const second of seconds) expect(second / RATE, what).toBeLessThanOrEqual(MOST);
  }
  expect(Math.max(...shares), what).toBeGreaterThanOrEqual(WHOLE.least);
}

async function expectFree(from: Place, to: Place, address: string): Promise<void> {
  const { whole } = await measureTraffic(flow(from, to, address, 'TCP'), 1);
  expect(whole / RATE, `to ${address}, without limits`).toBeGreaterThan(2);
}

const outside = {
  IPv4: (mode: Mode) => (mode === 'l2' ? '10.1.0.1' : '192.0.2.1'),
  IPv6: (mode: Mode) => (mode === 'l2' ? 'fd00:1::1' : '2001:db8:2::1'),
};
/** Of the first pod and of the second, by the order of their ADDs. */
const pods = { IPv4: ['10.1.0.2', '10.1.0.3'], IPv6: ['fd00:1::2', 'fd00:1::3'] } as const;
const matrix = (['IPv4', 'IPv6'] as const).flatMap((family) => kinds.map((kind) => [family, kind] as const));

describe.each(modes)('%s', (mode) => {
  test('egress to the outside and to a sibling', async ({ world }) => {
    if (mode !== 'l2') routeToPods(world);
    const runtime = runtimeOf(world);
    const [one, free] = [world.pod(), world.pod()];
    const [list, plain] = [limited(world, mode, outOf), conflist(world, mode, 'dual stack', { dad: 'off' })];
    const result = runtime.add(list, one.attachment);
    runtime.add(plain, free.attachment);
    runtime.check(list, one.attachment, result);
    for (const [family, kind] of matrix) {
      await expectLimited(one, world.outside, outside[family](mode), kind);
      await expectLimited(one, free, pods[family][1], kind);
    }
    await expectFree(free, one, pods.IPv4[0]);
    runtime.del(plain, free.attachment);
    runtime.del(list, one.attachment, result);
    expectNothingLeft(world, one, free);
    expect(hooks(world)).toEqual([]);
  });

  test('ingress from the outside and from a sibling', async ({ world }) => {
    if (mode !== 'l2') routeToPods(world);
    const runtime = runtimeOf(world);
    const [one, free] = [world.pod(), world.pod()];
    const [list, plain] = [limited(world, mode, into), conflist(world, mode, 'dual stack', { dad: 'off' })];
    const result = runtime.add(list, one.attachment);
    runtime.add(plain, free.attachment);
    runtime.check(list, one.attachment, result);
    for (const [family, kind] of matrix) {
      // In l3s packets from outside are the node's until a socket has them.
      const seen = mode === 'l3s' ? { ...one, receivedIn: world.host.path } : one;
      await expectLimited(world.outside, seen, pods[family][0], kind);
      await expectLimited(free, one, pods[family][0], kind);
    }
    await expectFree(one, free, pods.IPv4[1]);
    runtime.del(plain, free.attachment);
    // As after a restart of the runtime: without prevResult.
    runtime.del(list, one.attachment);
    expectNothingLeft(world, one, free);
    expect(hooks(world)).toEqual([]);
  });
});

/** Qdiscs of the node that the kernel did not put there by itself. */
function hooks({ host }: World): unknown[] {
  const qdiscs = JSON.parse(host.run('tc', '-j', 'qdisc', 'show')) as { handle: string; kind: string }[];
  return qdiscs.filter(({ handle }) => handle !== '0:').map(({ kind }) => kind);
}

test('on the node: the outside is limited, IPv6 too, and the sibling is not', async ({ world }) => {
  const runtime = runtimeOf(world);
  const list = limited(world, 'l2', { ...into, EgressRate: RATE }, { where: 'host' });
  const [one, two] = [world.pod(), world.pod()];
  const results = [one, two].map((pod) => runtime.add(list, pod.attachment));
  await expectLimited(one, world.outside, '10.1.0.1');
  await expectLimited(world.outside, one, 'fd00:1::2');
  await expectFree(one, two, '10.1.0.3');
  runtime.del(list, one.attachment, results[0]);
  runtime.check(list, two.attachment, results[1] ?? { cniVersion: '1.0.0' });
  await expectLimited(two, world.outside, '10.1.0.1');
  runtime.del(list, two.attachment, results[1]);
  expectNothingLeft(world, one, two);
  expect(hooks(world)).toEqual([]);
});

test('in both places: the outside and the sibling', async ({ world }) => {
  const runtime = runtimeOf(world);
  const list = limited(world, 'l2', { ...into, ...outOf, IngressRate: RATE }, { where: 'both' });
  const [one, two] = [world.pod(), world.pod()];
  const results = [one, two].map((pod) => runtime.add(list, pod.attachment));
  for (const address of ['10.1.0.1', '10.1.0.3'])
    await expectLimited(one, address === '10.1.0.1' ? world.outside : two, address);
  await expectLimited(world.outside, one, '10.1.0.2');
  runtime.check(list, one.attachment, results[0] ?? { cniVersion: '1.0.0' });
  for (const [index, pod] of [one, two].entries()) runtime.del(list, pod.attachment, results[index]);
  expectNothingLeft(world, one, two);
  expect(hooks(world)).toEqual([]);
});

const subnetCases = [
  { what: 'free within the node', keys: { sameNode: 'free' }, limitedPlace: 'outside' },
  { what: 'all but some subnets', keys: { unshapedSubnets: ['10.1.0.1/32'] }, limitedPlace: 'sibling' },
  { what: 'some subnets alone', keys: { shapedSubnets: ['10.1.0.3/32', 'fd00:1::3/128'] }, limitedPlace: 'sibling' },
] as const;

test.for(subnetCases)('$what', async ({ keys, limitedPlace }, { world }) => {
  const runtime = runtimeOf(world);
  const [list, plain] = [limited(world, 'l2', outOf, keys), conflist(world, 'l2', 'dual stack', { dad: 'off' })];
  const [one, two] = [world.pod(), world.pod()];
  const result = runtime.add(list, one.attachment);
  runtime.add(plain, two.attachment);
  const places = { outside: [world.outside, '10.1.0.1'], sibling: [two, '10.1.0.3'] } as const;
  for (const [name, [place, address]] of Object.entries(places))
    await (name === limitedPlace ? expectLimited(one, place, address) : expectFree(one, place, address));
  runtime.check(list, one.attachment, result);
  runtime.del(plain, two.attachment);
  runtime.del(list, one.attachment, result);
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
