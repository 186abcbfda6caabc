import { contains, formatIp, type Ip, parseIp } from '@cni/ip';
import type { Link, LinkAddress } from '@cni/rtnetlink';
import type { Side } from './ground.ts';

/** Where a node's addresses are from: given, or found on given links, or on all that are its own. */
export interface NodeSource {
  readonly hostIPs: readonly string[];
  readonly hostInterfaces: readonly string[];
}

/** The node's addresses as they are now, for a pod's interface with these addresses. */
export function findNodeAddresses(
  { rtnl }: Side,
  own: Link,
  addresses: readonly string[],
  source: NodeSource,
): string[] {
  if (source.hostIPs.length > 0) return [...new Set(source.hostIPs)];
  const master = own.parentNetnsId === undefined ? undefined : own.parent;
  // Of a node's links most are those of its pods, which have no such address: they are not even listed.
  const usable = rtnl.addresses.list().filter(isUsable);
  const links = [...new Set(usable.map(({ link }) => link))].flatMap((index) => rtnl.links.find({ index }) ?? []);
  return nodeAddresses({ links, addresses: usable }, { ...source, addresses, master });
}

/** What is known of the node. */
export interface NodeView {
  readonly links: readonly Link[];
  readonly addresses: readonly LinkAddress[];
}

export interface Wanted extends Pick<NodeSource, 'hostInterfaces'> {
  /** The pod's. */
  readonly addresses: readonly string[];
  /** Index of the link of the node that the pod's interface is a slave of. */
  readonly master?: number | undefined;
}

/** Links of container networks, by name as nobody else calls his: their addresses are gateways of other pods. */
const FOREIGN =
  /^(lo|docker|br-[0-9a-f]{12}$|cbr|dummy|virbr|lxcbr|lxdbr|podman|veth|cali|flannel|kube-|cni|vx-submariner|cilium|tunl0|vxlan\.calico|nodelocaldns|tailscale)/;

/**
 * The addresses by which pods know their node: those of its links. The first of a family is the gateway of
 * what goes by the node: one of the pod's own subnet if there is one, else of the master, else of the first link.
 */
export function nodeAddresses({ links, addresses }: NodeView, wanted: Wanted): string[] {
  const own = wanted.addresses.map(parseIp);
  const usable = addresses.filter((one) => isUsable(one) && isOfNode(links, one, wanted.hostInterfaces));
  const rank = (one: LinkAddress) => {
    if (own.some((ip) => contains(one.address, ip))) return 0;
    return one.link === wanted.master ? 1 : 2;
  };
  const sorted = usable.toSorted((a, b) => rank(a) - rank(b) || a.link - b.link);
  return [...new Set(sorted.map(({ address }) => formatIp(address.ip)))];
}

function isUsable({ address, scope, dadFailed }: LinkAddress): boolean {
  return scope === 'universe' && !dadFailed && !isLinkLocal(address.ip);
}

function isOfNode(links: readonly Link[], { link }: LinkAddress, names: readonly string[]): boolean {
  const found = links.find(({ index }) => index === link);
  if (found === undefined) return false;
  if (names.length > 0) return names.includes(found.name);
  return !found.loopback && !FOREIGN.test(found.name);
}

const LINK_LOCAL_4 = 0xa9fen;
const LINK_LOCAL_6 = 0x3fan;

/** 169.254.0.0/16 and fe80::/10. */
export function isLinkLocal({ family, value }: Ip): boolean {
  return family === 4 ? value >> 16n === LINK_LOCAL_4 : value >> 118n === LINK_LOCAL_6;
}
