/** The conflists that runtimes get: our whole chain on ipvlan, and the reference's main plugins with ours behind them. */
import type { Mode } from '../network.ts';
import type { Conflist, PluginConfig } from '../runtime.ts';
import { master } from '../world.ts';

/** What stands behind the main plugin; pods of a bridge need no other way to their node. */
const BEHIND: readonly PluginConfig[] = [
  { type: 'bandwidth', capabilities: { bandwidth: true } },
  { type: 'coordinator', serviceCIDR: ['10.96.0.0/16'] },
];

/** The pods' networks, by the number that tells them apart. The outside is on the first; to the others it is routed. */
export const networks = { l2: 1, l3: 2, l3s: 3, macvlan: 1, bridge: 4 } as const;
export type Network = keyof typeof networks;

export function subnetsOf(network: Network): readonly [string, string] {
  return [`10.${networks[network]}.0.0/24`, `fd00:${networks[network]}::/64`];
}

/** `more` goes into the part of bandwidth. */
export function ipvlanChain(mode: Mode, more: object = {}): Conflist {
  return chained(mode, { type: 'ipvlan', master, mode }, more);
}

/** The bridge of the mixed chains. */
export const BRIDGE = 'pods0';

/** A main plugin of the reference, with our IPAM in it and ours behind it. */
export function mixedChain(type: 'macvlan' | 'bridge', more: object = {}): Conflist {
  const keys = type === 'macvlan' ? { master } : { bridge: BRIDGE, isGateway: true };
  return chained(type, { type, ...keys }, more);
}

/** The list with the addresses as ranges: podman knows a network's subnets from these alone, and refuses `--ip` without. */
export function withRanges(list: Conflist, network: Network): Conflist {
  const ipam = {
    type: 'host-local',
    ranges: subnetsOf(network).map((subnet) => [{ subnet }]),
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
  };
  return { ...list, plugins: list.plugins.map((plugin) => ('ipam' in plugin ? { ...plugin, ipam } : plugin)) };
}

/** The list with one more plugin at its end. */
export function withPlugin(list: Conflist, plugin: PluginConfig): Conflist {
  return { ...list, plugins: [...list.plugins, plugin] };
}

function chained(network: Network, main: PluginConfig, more: object): Conflist {
  const behind = BEHIND.filter(({ type }) => main.type !== 'bridge' || type === 'bandwidth').map((plugin) =>
    plugin.type === 'bandwidth' ? { ...plugin, ...more } : plugin,
  );
  return { cniVersion: '1.0.0', name: `pods-${network}`, plugins: [{ ...main, ipam: ipamOf(network) }, ...behind] };
}

function ipamOf(network: Network): PluginConfig {
  const number = networks[network];
  const [four, six] = subnetsOf(network);
  return {
    type: 'host-local',
    pools: {
      four: { subnet: four, ips: [`10.${number}.0.10-10.${number}.0.99`], exclude: [`10.${number}.0.11`] },
      six: { subnet: six, ips: [`fd00:${number}::10-fd00:${number}::99`] },
    },
    ipv4: ['four'],
    ipv6: ['six'],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
  };
}
