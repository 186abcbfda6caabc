import { MAIN_TABLE } from '@cni/rtnetlink';
import type { Entry, RouteEntry, RuleEntry, SideName, SysctlEntry } from './entries/entry.ts';
import type { Inputs, Nic, Setting } from './inputs.ts';
import { VETH } from './mode.ts';
import { FIRST_TABLE, type Tuning, tuningOf } from './tuning.ts';
import { alone, defaultOf, familyOf } from './words.ts';

/** Of the pod: routes for the replies of connections that came by the node. */
const REPLY_TABLE = 100;
/** Rules of pod and node: before the kernel's own, at 32766, and in the pod the reply's before those of interfaces. */
const PRIORITY = 1000;
const NIC_PRIORITY = 1010;

/** What is to be made for an attachment, in order. */
export function plan(inputs: Inputs): Entry[] {
  const tuning = tuningOf(inputs);
  return [
    ...veth(inputs),
    ...settings(inputs),
    ...toNode(inputs),
    ...replies(inputs),
    ...policyRoutes(inputs, tuning),
    ...(tuning === undefined ? [] : parted(inputs, tuning)),
    ...fromNode(inputs),
  ];
}

function veth({ makesVeth, way, vethMtu, vethAddress }: Inputs): Entry[] {
  if (!makesVeth) return [];
  const address = vethAddress === undefined ? {} : { address: alone(vethAddress) };
  return [{ kind: 'veth', ...way, mtu: vethMtu, ...address }];
}

/** Of the families that both the pod's interface and the node have, the node's address that is the gateway. */
function gateways({ nics, nodeAddresses }: Inputs): { readonly family: 4 | 6; readonly gateway: string }[] {
  return ([4, 6] as const).flatMap((family) => {
    const gateway = nodeAddresses.find((ip) => familyOf(ip) === family);
    return gateway !== undefined && addressOf(nics[0], family) !== undefined ? [{ family, gateway }] : [];
  });
}

function addressOf(nic: Nic | undefined, family: 4 | 6): string | undefined {
  return nic?.addresses.find((ip) => familyOf(ip) === family);
}

function settings(inputs: Inputs): Entry[] {
  const { nics, own, makesVeth, way } = inputs;
  const link = nics[0]?.name ?? '';
  const hasIpv6 = gateways(inputs).some(({ family }) => family === 6);
  return [
    ...(Object.keys(own).length > 0 ? [{ kind: 'link', link, ...own } as const] : []),
    ...(makesVeth && hasIpv6
      ? [
          sysctl('pod', { key: `net/ipv6/conf/${VETH}/disable_ipv6`, value: '0' }),
          sysctl('host', { key: `net/ipv6/conf/${way.hostLink}/accept_ra`, value: '0' }),
        ]
      : []),
    ...inputs.settings.map((setting) => sysctl('pod', setting)),
  ];
}

function sysctl(side: SideName, setting: Setting): SysctlEntry {
  return { kind: 'sysctl', side, ...setting };
}

/** The node's addresses and what goes by the node, for the interface that packets come from. */
function nodeRoutes(inputs: Inputs, table: number, nic: Nic | undefined): RouteEntry[] {
  const { way, nodeAddresses, hijack } = inputs;
  return gateways(inputs).flatMap(({ family, gateway }) => {
    const source = addressOf(nic, family);
    const common = {
      kind: 'route',
      side: 'pod',
      link: way.link,
      table,
      ...(source !== undefined && { source }),
    } as const;
    const own = (text: string) => familyOf(text) === family;
    return [
      ...nodeAddresses.filter(own).map((ip) => ({ ...common, destination: alone(ip) })),
      ...hijack.filter(own).map((destination) => ({ ...common, destination, via: gateway, onlink: true })),
    ];
  });
}

/** The pod's way to its node. A later underlay interface finds it made. */
function toNode(inputs: Inputs): Entry[] {
  const { mode, makesVeth, way, nics, nodeAddresses } = inputs;
  if (mode === 'underlay' && !makesVeth) return [];
  const families = gateways(inputs).map(({ family }) => family);
  const neighbours = nodeAddresses
    .filter((ip) => families.includes(familyOf(ip)))
    .map((ip) => ({ kind: 'neighbour', side: 'pod', link: way.link, ip, mac: way.hostMac }) as const);
  const nic = makesVeth ? nics[0] : nics.find(({ name }) => name === way.link);
  return [...neighbours, ...nodeRoutes(inputs, MAIN_TABLE, nic)];
}

/** A connection that came by the node without the node's address is answered by it: only the node can undo what it did to it. */
function replies(inputs: Inputs): Entry[] {
  const { replyBit, makesVeth, way, nics } = inputs;
  if (replyBit === undefined || !makesVeth) return [];
  const routes = gateways(inputs).flatMap(({ family, gateway }): Entry[] => {
    const source = addressOf(nics[0], family);
    return [
      { kind: 'rule', side: 'pod', family, priority: PRIORITY, table: REPLY_TABLE, mark: replyBit },
      {
        kind: 'route',
        side: 'pod',
        destination: defaultOf(family),
        via: gateway,
        link: way.link,
        onlink: true,
        table: REPLY_TABLE,
        ...(source !== undefined && { source }),
      },
    ];
  });
  return routes.length === 0 ? [] : [...routes, { kind: 'marking', link: way.link, bit: replyBit }];
}

function policyRoutes({ policyRoutes: wanted, nics }: Inputs, tuning: Tuning | undefined): RouteEntry[] {
  const [own] = nics;
  if (own === undefined) return [];
  const table = tuning?.tables.get(own) ?? MAIN_TABLE;
  return wanted
    .filter(({ dst }) => addressOf(own, familyOf(dst)) !== undefined)
    .map(({ dst, gw }) => ({ kind: 'route', side: 'pod', destination: dst, via: gw, link: own.name, table }));
}

function parted(inputs: Inputs, tuning: Tuning): Entry[] {
  const ours = [...tuning.tables].filter(([nic]) => !nic.kept);
  const own = ours.flatMap(([nic, table]): Entry[] => [
    { kind: 'copy', link: nic.name, table, destinations: nic.destinations },
    ...nodeRoutes(inputs, table, nic),
    ...nic.addresses.map(
      (ip): RuleEntry => ({
        kind: 'rule',
        side: 'pod',
        family: familyOf(ip),
        priority: NIC_PRIORITY + table - FIRST_TABLE,
        table,
        from: alone(ip),
      }),
    ),
  ]);
  const leaving = inputs.nics[0]?.name ?? '';
  const families = ([4, 6] as const).filter((family) => tuning.owner.destinations.includes(defaultOf(family)));
  return [...own, ...families.map((family): Entry => ({ kind: 'default', family, link: tuning.owner.name, leaving }))];
}

/**
 * The node's way to the pod: its rule comes before the main table, where the pod's subnet is by the master. The source is an
 * address that the pod knows the way back to; the kernel would take the first it finds, of `lo` for one.
 */
function fromNode(inputs: Inputs): Entry[] {
  const { way, hostRuleTable: table, nics, hostIPs } = inputs;
  return gateways(inputs).flatMap(({ family, gateway }) => {
    const addresses = (nics[0]?.addresses ?? []).filter((ip) => familyOf(ip) === family);
    // One that is given may not be there. IPv6 chooses well by itself, and refuses one that is not proven unique yet.
    const source = family === 4 && hostIPs.length === 0 ? { source: gateway } : {};
    return [
      ...addresses.map((ip): Entry => ({ kind: 'neighbour', side: 'host', link: way.hostLink, ip, mac: way.mac })),
      { kind: 'rule', side: 'host', family, priority: PRIORITY, table },
      ...addresses.map(
        (ip): Entry => ({ kind: 'route', side: 'host', destination: alone(ip), link: way.hostLink, table, ...source }),
      ),
    ];
  });
}
