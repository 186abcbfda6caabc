import { expect } from 'vitest';
import { type Conflist, type PluginConfig, PluginError, type Refusal, type Result, Runtime } from './runtime.ts';
import { defaults, master, network, ours, type Pod, subnets, type World } from './world.ts';

export type Mode = 'l2' | 'l3' | 'l3s';
export type Family = 'IPv4' | 'IPv6' | 'dual stack';

export const modes: readonly Mode[] = ['l2', 'l3', 'l3s'];
export const families: readonly Family[] = ['IPv4', 'IPv6', 'dual stack'];

/** Our executables, as a runtime on the world's host starts them. */
export function runtimeOf(world: World): Runtime {
  return new Runtime(world.host, ours);
}

/** A conflist of ipvlan and host-local; `more` is added to ipvlan's keys. */
export function conflist(world: World, mode: Mode, family: Family, more: Record<string, unknown> = {}): Conflist {
  const families = family === 'dual stack' ? (['IPv4', 'IPv6'] as const) : [family];
  const ipam = {
    type: 'host-local',
    dataDir: world.dataDir,
    ranges: families.map((one) => [{ subnet: subnets[one] }]),
    routes: families.map((one) => ({ dst: defaults[one] })),
  };
  const plugin: PluginConfig = { type: 'ipvlan', master, mode, ipam, ...more };
  return { cniVersion: '1.0.0', name: network, plugins: [plugin] };
}

/** The addresses of a family among `addresses`. */
export function ofFamily<T extends string>(family: Family, addresses: readonly T[]): T[] {
  return addresses.filter((one) => family === 'dual stack' || one.includes(':') === (family === 'IPv6'));
}

/** Whether there is nothing but `lo` in a pod. */
export function nothingIn(pod: Pod): boolean {
  return pod.json('link', 'show').every(({ ifname }) => ifname === 'lo');
}

/** What a plugin says when it refuses; throws when it does not. */
export function refusalOf(run: () => unknown): Refusal {
  try {
    run();
  } catch (error) {
    if (error instanceof PluginError) return error.refusal;
    throw error;
  }
  throw new Error('expected a refusal, and there was none');
}

/** A pod in an l2 network for IPv4, with the first address of it: 10.1.0.2. */
export function attached(world: World, more?: Record<string, unknown>): { list: Conflist; pod: Pod; result: Result } {
  const list = conflist(world, 'l2', 'IPv4', more);
  const pod = world.pod();
  return { list, pod, result: runtimeOf(world).add(list, pod.attachment) };
}

/** The conflist with other or more keys of its IPAM part. */
export function withIpam(list: Conflist, more: Record<string, unknown>): Conflist {
  const plugins = list.plugins.map((plugin) => ({ ...plugin, ipam: { ...(plugin['ipam'] as object), ...more } }));
  return { ...list, plugins };
}

/** The conflist with 10.1.0.2 as the only address there is. */
export function withOneAddress(list: Conflist): Conflist {
  const one = { rangeStart: '10.1.0.2', rangeEnd: '10.1.0.2' };
  return withIpam(list, { ranges: [[{ subnet: subnets.IPv4, ...one }]] });
}

/** The mode that the kernel says `eth0` has. */
export function modeOf(pod: Pod): unknown {
  const [link] = pod.json('link', 'show', 'eth0') as { linkinfo: { info_data: { mode: string } } }[];
  return link?.linkinfo.info_data.mode;
}

/** Nothing of the pods' networks is left, in the pods or on the host. */
export function expectNothingLeft(world: World, ...pods: Pod[]): void {
  for (const pod of pods) expect(nothingIn(pod)).toBe(true);
  expect(world.reservations()).toEqual([]);
  expect(world.host.json('link', 'show').map(({ ifname }) => ifname)).toEqual(['lo', 'uplink']);
}
