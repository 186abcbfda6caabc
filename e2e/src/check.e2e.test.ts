import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { attached, type Mode, refusalOf, runtimeOf } from './network.ts';
import { network, type Pod, test, type World } from './world.ts';

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
