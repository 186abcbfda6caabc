/** coordinator among other plugins: one limit for both ways of a pod, and a network made for another coordinator. */
import { setTimeout } from 'node:timers/promises';
import { type Flow, type Running, rateOf, startTraffic } from '@cni/testkit/traffic';
import { expect } from 'vitest';
import { expectNothingLeft, runtimeOf, withIpam } from './network.ts';
import type { Conflist, PluginConfig } from './runtime.ts';
import { attach, chain, coordinator, makeNode, stateOfAll } from './underlay.ts';
import { test, type World } from './world.ts';

const RATE = 20e6;
const SECONDS = 3;
/** As in the tests of bandwidth: the bucket's burst comes on top, and a busy machine makes less. */
const MOST = 1.06;
const LEAST = 0.8;

const bandwidth: PluginConfig = {
  type: 'bandwidth',
  runtimeConfig: {
    bandwidth: { IngressRate: RATE, IngressBurst: 2 ** 32 - 1, EgressRate: RATE, EgressBurst: 2 ** 32 - 1 },
  },
};

/** The node in the pods' subnet, pools in place of ranges. */
function pooled(world: World, ...behind: PluginConfig[]): Conflist {
  const pools = {
    four: { subnet: '10.1.0.0/24', ips: ['10.1.0.2-10.1.0.9'] },
    six: { subnet: 'fd00:1::/64', ips: ['fd00:1::2-fd00:1::9'] },
  };
  const list = withIpam(chain(world, 'l2', 'dual stack'), { ranges: undefined, pools, ipv4: ['four'], ipv6: ['six'] });
  return { ...list, plugins: [...list.plugins, ...behind] };
}

/** What arrives of flows at the same time, each second, as shares of the rate. Those to one namespace are counted together. */
async function shares(...flows: readonly Flow[]): Promise<number[]> {
  const running: Running[] = [];
  try {
    for (const flow of flows) running.push(await startTraffic(flow));
    const counted = running.filter((_, at) => flows.findIndex(({ to }) => to === flows[at]?.to) === at);
    // Of two flows to one namespace the second is not told from the first until it has come.
    await setTimeout(500);
    const told: number[] = [];
    let last = counted.map((one) => one.sample());
    for (let second = 0; second < SECONDS; second++) {
      await setTimeout(1000);
      const now = counted.map((one) => one.sample());
      told.push(now.reduce((sum, sample, at) => sum + rateOf(last[at] ?? sample, sample), 0) / RATE);
      last = now;
    }
    return told;
  } finally {
    for (const one of running) await one.stop();
  }
}

function expectLimited(told: readonly number[], what: string): void {
  console.log(`${what}: ${told.map((one) => one.toFixed(3)).join(' ')}`);
  expect(Math.max(...told), what).toBeGreaterThan(LEAST);
  expect(Math.max(...told), what).toBeLessThan(MOST);
}

test.for([
  ['before', [bandwidth, coordinator]],
  ['behind', [coordinator, bandwidth]],
] as const)(
  'bandwidth %s coordinator: one limit for what goes by the network and by the node at once',
  async ([, behind], { world }) => {
    makeNode(world, 'l2');
    const runtime = runtimeOf(world);
    const { pod, list, result } = attach(runtime, pooled(world, ...behind), world.pod());
    runtime.check(list, pod.attachment, result);
    const [host, outside] = [world.host.path, world.outside.path];
    for (const [family, [own, node, far]] of [
      ['IPv4', ['10.1.0.2', '10.1.0.230', '10.1.0.1']],
      ['IPv6', ['fd00:1::2', 'fd00:1::230', 'fd00:1::1']],
    ] as const) {
      const out = (to: string, address: string): Flow => ({ from: pod.path, to, address });
      const into = (from: string, port: number): Flow => ({ from, to: pod.path, address: own, port });
      expectLimited(await shares(out(outside, far), out(host, node)), `${family} out, both ways at once`);
      expectLimited(await shares(out(host, node)), `${family} out, to the node alone`);
      expectLimited(await shares(into(outside, 5201), into(host, 5202)), `${family} in, both ways at once`);
    }
    runtime.del(list, pod.attachment, result);
    world.host.ip('link', 'del', 'mgmt');
    expectNothingLeft(world, pod);
  },
);

/** As generators of such networks write it. */
const GENERATED = { txQueueLen: 0, tunePodRoutes: true, mode: 'auto', type: 'coordinator' };

test.for(['0.3.1', '0.4.0'])('a network of %s that was made for another coordinator', (cniVersion, { world }) => {
  makeNode(world, 'l2');
  const before = stateOfAll(world);
  const runtime = runtimeOf(world);
  const list = { ...pooled(world, GENERATED), cniVersion };
  const { pod, result } = attach(runtime, list, world.pod());
  expect(result.cniVersion).toBe(cniVersion);
  if (cniVersion !== '0.3.1') runtime.check(list, pod.attachment, result);
  for (const address of ['10.1.0.230', 'fd00:1::230', '192.0.2.2', '10.1.0.1']) pod.ping(address);
  for (const address of ['10.1.0.2', 'fd00:1::2']) world.host.ping(address);
  // A runtime of that time keeps no result, and may have lost the namespace.
  pod.delete();
  runtime.del(list, { ...pod.attachment, netns: '' });
  expect(stateOfAll(world)).toEqual(before);
});
