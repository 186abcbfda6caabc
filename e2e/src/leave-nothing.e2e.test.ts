import { describe, expect } from 'vitest';
import {
  attached,
  conflist,
  expectNothingLeft,
  modeOf,
  nothingIn,
  refusalOf,
  runtimeOf,
  withIpam,
  withOneAddress,
} from './network.ts';
import { test } from './world.ts';

describe('DEL', () => {
  test('twice, and of what never was', ({ world }) => {
    const { list, pod, result } = attached(world);
    const runtime = runtimeOf(world);
    for (const prevResult of [result, result, undefined]) runtime.del(list, pod.attachment, prevResult);
    runtime.del(list, world.pod().attachment);
    expectNothingLeft(world, pod);
  });

  test('without a namespace: the reservation is released', ({ world }) => {
    const { list, pod, result } = attached(world);
    runtimeOf(world).del(list, { ...pod.attachment, netns: '' }, result);
    expect(world.reservations()).toEqual([]);
  });

  test('after the namespace is gone', ({ world }) => {
    const { list, pod, result } = attached(world);
    pod.delete();
    runtimeOf(world).del(list, pod.attachment, result);
    expectNothingLeft(world);
  });

  test('after the master is gone', ({ world }) => {
    const { list, pod, result } = attached(world);
    world.host.ip('link', 'del', 'uplink');
    runtimeOf(world).del(list, pod.attachment, result);
    expect(world.reservations()).toEqual([]);
  });

  test('the address is free at once', ({ world }) => {
    const list = withOneAddress(conflist(world, 'l2', 'IPv4'));
    for (let round = 0; round < 5; round++) {
      const pod = world.pod();
      const result = runtimeOf(world).add(list, pod.attachment);
      expect(result.ips?.[0]?.address).toBe('10.1.0.2/24');
      runtimeOf(world).del(list, pod.attachment, result);
    }
  });

  test('a link that is not ours stays', ({ world }) => {
    const pod = world.pod();
    pod.ip('link', 'add', 'name', 'eth0', 'type', 'dummy');
    runtimeOf(world).del(conflist(world, 'l2', 'IPv4'), pod.attachment);
    expect(pod.json('link', 'show', 'eth0')).toHaveLength(1);
  });
});

describe('a refused ADD leaves nothing', () => {
  test('another mode than the siblings’: they keep theirs', ({ world }) => {
    const { pod: sibling } = attached(world);
    const pod = world.pod();
    const refusal = refusalOf(() => runtimeOf(world).add(conflist(world, 'l3', 'dual stack'), pod.attachment));
    expect(refusal.code).toBe(102);
    expect(modeOf(sibling)).toBe('l2');
    sibling.ping('10.1.0.1');
    expect(nothingIn(pod)).toBe(true);
    expect(world.reservations()).toEqual(['10.1.0.2']);
  });

  test('a route that the kernel does not take', ({ world }) => {
    const pod = world.pod();
    const list = withIpam(conflist(world, 'l2', 'dual stack'), { routes: [{ dst: '10.9.0.0/16', gw: '203.0.113.1' }] });
    expect(refusalOf(() => runtimeOf(world).add(list, pod.attachment)).msg).toContain('10.9.0.0/16');
    expectNothingLeft(world, pod);
  });

  test('an interface name that is taken in the pod', ({ world }) => {
    const pod = world.pod();
    pod.ip('link', 'add', 'name', 'eth0', 'type', 'dummy');
    const refusal = refusalOf(() => runtimeOf(world).add(conflist(world, 'l2', 'IPv4'), pod.attachment));
    expect(refusal.code).toBe(100);
    expect(pod.json('link', 'show').map(({ ifname }) => ifname)).toEqual(['lo', 'eth0']);
    expect(world.reservations()).toEqual([]);
  });

  test('no address left', ({ world }) => {
    const list = withOneAddress(conflist(world, 'l2', 'IPv4'));
    const [one, two] = [world.pod(), world.pod()];
    runtimeOf(world).add(list, one.attachment);
    expect(refusalOf(() => runtimeOf(world).add(list, two.attachment)).msg).toContain('10.1.0.2');
    expect(nothingIn(two)).toBe(true);
    expect(world.reservations()).toEqual(['10.1.0.2']);
  });

  test('an address that another slave of the master has', ({ world }) => {
    const { list, pod: sibling } = attached(world);
    sibling.ip('address', 'add', '10.1.0.3/24', 'dev', 'eth0');
    const pod = world.pod();
    expect(refusalOf(() => runtimeOf(world).add(list, pod.attachment)).msg).toContain('10.1.0.3');
    expect(nothingIn(pod)).toBe(true);
    expect(world.reservations()).toEqual(['10.1.0.2']);
  });
});
