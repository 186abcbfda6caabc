/** A node on an underlay network, for coordinator: with more addresses than one, and services. */
import { openNetns, writeSysctls } from '@cni/sys';
import { SERVICE_CIDRS, type Site } from '@cni/testkit';
import type { Netns } from './netns.ts';
import { conflist, type Family, type Mode } from './network.ts';
import type { Conflist, PluginConfig, Result, Runtime } from './runtime.ts';
import { type State, stateOf } from './state.ts';
import { type Pod, routeToPods, type World } from './world.ts';

/** On the uplink; in mode l2 also in the pods' own subnets; and on a link that leads nowhere. */
const OWN = ['192.0.2.2', '2001:db8:2::2'];
const IN_SUBNET = ['10.1.0.230/24', 'fd00:1::230/64'];
const ELSEWHERE = ['198.51.100.2/32', '2001:db8:3::2/128'];

/** Gives the node all its addresses and makes it forward, as kube-proxy needs it. Gives the addresses. */
export function makeNode(world: World, mode: Mode): string[] {
  if (mode !== 'l2') routeToPods(world);
  const more = mode === 'l2' ? IN_SUBNET : [];
  world.host.batch(
    ...more.map((address) => `address add ${address} dev uplink`),
    'link add name mgmt type dummy',
    ...ELSEWHERE.map((address) => `address add ${address} dev mgmt`),
    'link set mgmt up',
  );
  setOnNode(world, { 'net/ipv4/ip_forward': 1, 'net/ipv6/conf/all/forwarding': 1 });
  return [...OWN, ...[...more, ...ELSEWHERE].map((address) => address.replace(/\/.*/, ''))];
}

export function setOnNode({ host }: World, settings: Record<string, string | number>): void {
  const netns = openNetns(host.path);
  writeSysctls(settings, netns);
  netns.close();
}

/** A conflist of ipvlan and host-local, and what is put behind. */
export function chain(world: World, mode: Mode, family: Family, ...behind: PluginConfig[]): Conflist {
  const { plugins, ...list } = conflist(world, mode, family, { dad: 'off' });
  return { ...list, plugins: [...plugins, ...behind] };
}

export const coordinator: PluginConfig = { type: 'coordinator', serviceCIDR: SERVICE_CIDRS };

/** A pod, and what the runtime knows of it. */
export interface Attached {
  readonly pod: Pod;
  readonly list: Conflist;
  readonly result: Result;
  /** Without prefix lengths. */
  readonly addresses: readonly string[];
}

export function attach(runtime: Runtime, list: Conflist, pod: Pod): Attached {
  const result = runtime.add(list, pod.attachment);
  return { pod, list, result, addresses: (result.ips ?? []).map(({ address }) => address.replace(/\/.*/, '')) };
}

/** What is around a pod of the world; `node` has these addresses. */
export function siteOf(
  world: World,
  mode: Mode,
  node: readonly string[],
  [pod, sibling]: readonly [Attached, Attached],
): Site {
  return {
    // Where the node translates a destination to a slave's address, a slave in this mode takes the packet at once.
    unforwarded: mode === 'l3s',
    node: { netns: world.host.path, addresses: node },
    outside: { netns: world.outside.path, addresses: addressesOf(world.outside) },
    pod: { netns: pod.pod.path, addresses: pod.addresses },
    sibling: { netns: sibling.pod.path, addresses: sibling.addresses },
  };
}

/** Those that others can reach. */
function addressesOf(netns: Netns): string[] {
  const links = netns.json('address', 'show', 'scope', 'global') as { addr_info?: { local?: string }[] }[];
  return links.flatMap(({ addr_info = [] }) => addr_info.flatMap(({ local }) => local ?? []));
}

/** What there is in a pod and on its node, to compare. */
export function stateOfAll(world: World, ...pods: readonly Pod[]): State[] {
  return [stateOf(world.host, '/run/cni'), ...pods.map((pod) => stateOf(pod))];
}
