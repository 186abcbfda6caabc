import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Conflist, Runtime } from './runtime.ts';
import {
  conflist,
  type Family,
  gateways,
  type Mode,
  network,
  nothingIn,
  ofFamily,
  ours,
  outsideAddresses,
  type Pod,
  refusalOf,
  routeToPods,
  test,
  type World,
} from './world.ts';

const modes: Mode[] = ['l2', 'l3', 'l3s'];
const families: Family[] = ['IPv4', 'IPv6', 'dual stack'];
const first = ['10.1.0.2', 'fd00:1::2'];
const second = ['10.1.0.3', 'fd00:1::3'];

const runtimeOf = (world: World): Runtime => new Runtime(world.host, ours);

/** Nothing of the pods' networks is left, in the pods or on the host. */
function expectNothingLeft(world: World, ...pods: Pod[]): void {
  for (const pod of pods) expect(nothingIn(pod)).toBe(true);
  expect(world.reservations()).toEqual([]);
  expect(world.host.json('link', 'show').map(({ ifname }) => ifname)).toEqual(['lo', 'uplink']);
}

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
    expect(one.json('link', 'show', 'eth0')[0]).toMatchObject({
      linkinfo: { info_kind: 'ipvlan', info_data: { mode } },
    });
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
    expect(() => one.ping('10.1.0.3')).toThrow('100% packet loss');
  });

  test('STATUS while the master is there, and when it is gone', ({ world }) => {
    const list = { ...conflist(world, 'l2', 'IPv4'), cniVersion: '1.1.0' };
    runtimeOf(world).status(list);
    world.host.ip('link', 'del', 'uplink');
    expect(refusalOf(() => runtimeOf(world).status(list)).code).toBe(50);
  });
});

describe('CHECK', () => {
  const changes: { what: string; change: (pod: Pod, world: World) => void; code: number }[] = [
    { what: 'address removed', change: (pod) => pod.ip('addr', 'del', '10.1.0.2/24', 'dev', 'eth0'), code: 103 },
    { what: 'default route removed', change: (pod) => pod.ip('route', 'del', 'default'), code: 106 },
    { what: 'link set down', change: (pod) => pod.ip('link', 'set', 'eth0', 'down'), code: 102 },
    { what: 'mtu changed', change: (pod) => pod.ip('link', 'set', 'eth0', 'mtu', '1300'), code: 102 },
    { what: 'mode changed', change: (pod) => setMode(pod, 'l3'), code: 102 },
    { what: 'link replaced by one of another kind', change: replaceLink, code: 102 },
    { what: 'link on another master', change: moveToAnotherMaster, code: 102 },
  ];
  test.for(changes)('$what: refused', ({ change, code }, { world }) => {
    const { list, pod, result } = attached(world, { mtu: 1400 });
    runtimeOf(world).check(list, pod.attachment, result);
    change(pod, world);
    expect(refusalOf(() => runtimeOf(world).check(list, pod.attachment, result)).code).toBe(code);
  });

  test('link gone: refused', ({ world }) => {
    const { list, pod, result } = attached(world);
    pod.ip('link', 'del', 'eth0');
    expect(refusalOf(() => runtimeOf(world).check(list, pod.attachment, result)).code).toBeGreaterThanOrEqual(100);
  });

  test('reservation gone: refused', ({ world }) => {
    const { list, pod, result } = attached(world);
    unlinkSync(join(world.dataDir, network, '10.1.0.2'));
    expect(refusalOf(() => runtimeOf(world).check(list, pod.attachment, result)).msg).toContain('10.1.0.2');
  });
});

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
    const list = withRange(conflist(world, 'l2', 'IPv4'), '10.1.0.2', '10.1.0.2');
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
    const list = withRange(conflist(world, 'l2', 'IPv4'), '10.1.0.2', '10.1.0.2');
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

function attached(
  world: World,
  more?: Record<string, unknown>,
): { list: Conflist; pod: Pod; result: ReturnType<Runtime['add']> } {
  const list = conflist(world, 'l2', 'IPv4', more);
  const pod = world.pod();
  return { list, pod, result: runtimeOf(world).add(list, pod.attachment) };
}

function withIpam(list: Conflist, more: Record<string, unknown>): Conflist {
  const plugins = list.plugins.map((plugin) => ({ ...plugin, ipam: { ...(plugin['ipam'] as object), ...more } }));
  return { ...list, plugins };
}

function withRange(list: Conflist, rangeStart: string, rangeEnd: string): Conflist {
  return withIpam(list, { ranges: [[{ subnet: '10.1.0.0/24', rangeStart, rangeEnd }]] });
}

function refusalCode(run: () => void): number | undefined {
  try {
    run();
    return undefined;
  } catch {
    return refusalOf(run).code;
  }
}

function modeOf(pod: Pod): unknown {
  const [link] = pod.json('link', 'show', 'eth0') as { linkinfo: { info_data: { mode: string } } }[];
  return link?.linkinfo.info_data.mode;
}

function setMode(pod: Pod, mode: Mode): void {
  pod.ip('link', 'set', 'eth0', 'type', 'ipvlan', 'mode', mode);
}

function replaceLink(pod: Pod): void {
  pod.ip('link', 'del', 'eth0');
  pod.ip('link', 'add', 'name', 'eth0', 'type', 'dummy');
  configure(pod);
}

/** The same in all but the link below, and so the MAC address of the old one is kept. */
function moveToAnotherMaster(pod: Pod, { host }: World): void {
  const [{ address } = {}] = pod.json('link', 'show', 'eth0');
  pod.ip('link', 'del', 'eth0');
  host.ip('link', 'add', 'name', 'other', 'address', String(address), 'type', 'dummy');
  host.ip('link', 'set', 'other', 'up');
  host.ip('link', 'add', 'link', 'other', 'name', 'eth0', 'netns', pod.name, 'type', 'ipvlan', 'mode', 'l2');
  configure(pod);
}

function configure(pod: Pod): void {
  pod.batch('address add 10.1.0.2/24 dev eth0', 'link set eth0 up', 'route add default via 10.1.0.1');
}
