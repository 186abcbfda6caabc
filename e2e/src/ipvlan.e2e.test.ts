import { describe, expect } from 'vitest';
import {
  attached,
  conflist,
  expectNothingLeft,
  families,
  modeOf,
  modes,
  ofFamily,
  refusalOf,
  runtimeOf,
} from './network.ts';
import { gateways, outsideAddresses, routeToPods, test } from './world.ts';

const first = ['10.1.0.2', 'fd00:1::2'];
const second = ['10.1.0.3', 'fd00:1::3'];

describe.each(modes)('%s', (mode) => {
  test.for(families)('%s: pods reach each other and the outside, and leave nothing', (family, { world }) => {
    if (mode !== 'l2') routeToPods(world);
    const runtime = runtimeOf(world);
    const list = conflist(world, mode, family);
    const [one, two] = [world.pod(), world.pod()];
    const results = [one, two].map((pod) => runtime.add(list, pod.attachment));
    expect(results.map(({ ips }) => ips?.map(({ address }) => address.split('/')[0]))).toEqual([
      ofFamily(family, first),
      ofFamily(family, second),
    ]);
    const outside = mode === 'l2' ? [...gateways, ...outsideAddresses] : outsideAddresses;
    for (const address of ofFamily(family, [...second, ...outside])) one.ping(address);
    for (const address of ofFamily(family, first)) world.outside.ping(address);
    expect(modeOf(one)).toBe(mode);
    for (const [index, pod] of [one, two].entries()) {
      const result = results[index];
      if (result === undefined) throw new Error('no result');
      runtime.check(list, pod.attachment, result);
      runtime.del(list, pod.attachment, result);
    }
    expectNothingLeft(world, one, two);
  });
});

describe('configuration', () => {
  test('no master: the device of the default route', ({ world }) => {
    const runtime = runtimeOf(world);
    world.host.ip('link', 'add', 'name', 'another', 'type', 'dummy');
    const list = conflist(world, 'l2', 'IPv4', { master: undefined });
    const pod = world.pod();
    const result = runtime.add(list, pod.attachment);
    pod.ping('10.1.0.1');
    runtime.check(list, pod.attachment, result);
    runtime.del(list, pod.attachment, result);
    world.host.ip('link', 'del', 'another');
    expectNothingLeft(world, pod);
  });

  test('no master and no default route: ADD is refused, DEL is not', ({ world }) => {
    for (const family of ['-4', '-6']) world.host.ip(family, 'route', 'del', 'default');
    const list = conflist(world, 'l2', 'IPv4', { master: undefined });
    const pod = world.pod();
    expect(refusalOf(() => runtimeOf(world).add(list, pod.attachment)).code).toBe(112);
    runtimeOf(world).del(list, pod.attachment);
    expectNothingLeft(world, pod);
  });

  test('an mtu below the master’s', ({ world }) => {
    const pod = world.pod();
    const list = { ...conflist(world, 'l2', 'IPv4', { mtu: 1400 }), cniVersion: '1.1.0' };
    const { interfaces } = runtimeOf(world).add(list, pod.attachment);
    expect(interfaces?.[0]).toMatchObject({ name: 'eth0', mtu: 1400, sandbox: pod.path });
    expect(pod.json('link', 'show', 'eth0')[0]).toMatchObject({ mtu: 1400, address: interfaces?.[0]?.mac });
  });

  test('an mtu above the master’s is refused', ({ world }) => {
    const pod = world.pod();
    const list = conflist(world, 'l2', 'IPv4', { mtu: 9000 });
    const refusal = refusalOf(() => runtimeOf(world).add(list, pod.attachment));
    expect(refusal.code).toBe(7);
    expect(JSON.stringify(refusal)).toContain('9000');
    expectNothingLeft(world, pod);
  });

  test('private: no way to the sibling, one to the outside', ({ world }) => {
    const list = conflist(world, 'l2', 'IPv4', { flag: 'private' });
    const [one, two] = [world.pod(), world.pod()];
    for (const pod of [one, two]) runtimeOf(world).add(list, pod.attachment);
    one.ping('10.1.0.1');
    expect(() => one.ping('10.1.0.3', 1)).toThrow('100% packet loss');
  });

  test('STATUS while the master is there, and when it is gone', ({ world }) => {
    const list = { ...conflist(world, 'l2', 'IPv4'), cniVersion: '1.1.0' };
    runtimeOf(world).status(list);
    world.host.ip('link', 'del', 'uplink');
    expect(refusalOf(() => runtimeOf(world).status(list)).code).toBe(50);
  });
});

test('the host has a link of the pod’s name: neither is touched by the other', ({ world }) => {
  world.host.ip('link', 'add', 'name', 'eth0', 'mtu', '1234', 'type', 'dummy');
  const before = world.host.json('link', 'show', 'eth0');
  const { list, pod, result } = attached(world);
  expect(pod.json('link', 'show').map(({ ifname }) => ifname)).toEqual(['lo', 'eth0']);
  pod.ping('10.1.0.1');
  runtimeOf(world).del(list, pod.attachment, result);
  expect(world.host.json('link', 'show', 'eth0')).toEqual(before);
  world.host.ip('link', 'del', 'eth0');
  expectNothingLeft(world, pod);
});

describe('an IPv6 address that the outside has already', () => {
  const duplicate = ['address', 'add', 'fd00:1::2/64', 'dev', 'uplink', 'nodad'];

  test('dad wait: ADD is refused and leaves nothing', ({ world }) => {
    world.outside.ip(...duplicate);
    const pod = world.pod();
    const list = conflist(world, 'l2', 'dual stack', { dad: 'wait' });
    const refusal = refusalOf(() => runtimeOf(world).add(list, pod.attachment));
    expect(refusal.code).toBe(105);
    expect(JSON.stringify(refusal)).toContain('fd00:1::2');
    expectNothingLeft(world, pod);
  });

  test('dad optimistic: CHECK reports it', async ({ world }) => {
    world.outside.ip(...duplicate);
    const pod = world.pod();
    const list = conflist(world, 'l2', 'dual stack', { dad: 'optimistic' });
    const result = runtimeOf(world).add(list, pod.attachment);
    const check = (): void => runtimeOf(world).check(list, pod.attachment, result);
    await expect.poll(() => refusalCode(check), { timeout: 10_000, interval: 200 }).toBe(105);
  });

  test('dad off: it is not looked for', ({ world }) => {
    world.outside.ip(...duplicate);
    const pod = world.pod();
    const list = conflist(world, 'l2', 'dual stack', { dad: 'off' });
    runtimeOf(world).check(list, pod.attachment, runtimeOf(world).add(list, pod.attachment));
  });
});

function refusalCode(run: () => void): number | undefined {
  try {
    run();
    return undefined;
  } catch {
    return refusalOf(run).code;
  }
}
