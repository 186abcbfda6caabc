import { equalCidrs, parseCidr } from '@cni/ip';
import { deleteQuietly, findPeer, type Link } from '@cni/rtnetlink';
import { CniError } from '@cni/skel';
import type { Ground, Side } from '../ground.ts';
import { isLinkLocal } from '../node-addresses.ts';
import { aliasOf, groupOf, type Owner } from '../owner.ts';
import type { VethEntry } from './entry.ts';
import type { Kind } from './kind.ts';

/** Whether the node's end was made for the owner. */
export function isOwnVeth({ info, alias, group }: Link, owner: Owner): boolean {
  return info?.kind === 'veth' && (alias === undefined ? group === groupOf(owner) : alias === aliasOf(owner));
}

/** Deletes the pair: both ends go with one of them. */
export function deleteVeth(host: Side, hostLink: string, owner: Owner): void {
  const end = host.find(hostLink);
  if (end !== undefined && isOwnVeth(end, owner)) deleteQuietly(host, [end.index]);
}

/** Whether the pair is there, and will not be once it is taken back. */
export function leaves({ hostLink }: VethEntry, host: Side, owner: Owner): boolean {
  const end = host.find(hostLink);
  return end !== undefined && isOwnVeth(end, owner);
}

/** A pair of links, one in the pod and one on the node. */
export const veth: Kind<VethEntry> = {
  words: ({ link }) => `the link ${link}`,
  put(entry, ground) {
    const { pod, host, owner } = ground;
    const { link, hostLink, mtu, address } = entry;
    if (!isWhole(entry, ground)) make(entry, ground);
    // The node's end is proven ours before it can carry anything.
    host.rtnl.links.set(host.index(hostLink), { alias: aliasOf(owner), group: 0, mtu, up: true });
    const index = pod.index(link);
    pod.rtnl.links.set(index, { mtu, up: true });
    if (address === undefined) return;
    const wanted = parseCidr(address);
    // One that nobody else can reach is nobody's source.
    const scope = isLinkLocal(wanted.ip) ? 'link' : 'universe';
    pod.rtnl.addresses.replace(index, { address: wanted, scope });
  },
  take({ hostLink }, { host, owner }) {
    deleteVeth(host, hostLink, owner);
  },
  faultOf(entry, { pod, host, owner }) {
    const { link, mac, hostLink, hostMac, mtu, address } = entry;
    const [own, end] = [pod.find(link), host.find(hostLink)];
    if (own === undefined) return `${link} is gone from the pod`;
    if (end === undefined) return `${hostLink} is gone from the node`;
    if (!isOwnVeth(end, owner)) return `${hostLink} on the node is not ours`;
    if (findPeer(own, host.rtnl)?.index !== end.index) return `${link} does not lead to ${hostLink}`;
    return faultOfEnd(own, mac, mtu) ?? faultOfEnd(end, hostMac, mtu) ?? faultOfAddress(pod, own, address);
  },
};

/** Whether both are there, and of one pair; what is left of ours goes. Throws `CniError` for what is somebody else's. */
function isWhole({ link, mac, hostLink, hostMac }: VethEntry, { pod, host, owner }: Ground): boolean {
  const [own, end] = [pod.find(link), host.find(hostLink)];
  if (end !== undefined && !isOwnVeth(end, owner))
    throw new CniError('LINK_EXISTS', `${hostLink} is there already on the node, and not ours`);
  const isPair = end !== undefined && own !== undefined && findPeer(own, host.rtnl)?.index === end.index;
  if (isPair && own.address === mac && end.address === hostMac) return true;
  if (own !== undefined && !isPair)
    throw new CniError('LINK_EXISTS', `${link} is there already in the pod, and not ours`);
  if (end !== undefined) deleteQuietly(host, [end.index]);
  return false;
}

function make({ link, mac, hostLink, hostMac, mtu }: VethEntry, { pod, host, owner }: Ground): void {
  host.rtnl.links.add({
    name: hostLink,
    address: hostMac,
    mtu,
    group: groupOf(owner),
    // Both MAC addresses at birth: until they were set later, somebody might have changed them.
    info: { kind: 'veth', data: { peer: { name: link, address: mac, mtu, ...(pod.netns && { netns: pod.netns }) } } },
  });
}

function faultOfEnd({ name, up, address, mtu }: Link, wantedMac: string, wantedMtu: number): string | undefined {
  if (!up) return `${name} is down`;
  if (address !== wantedMac) return `${name}: its MAC address is ${address}, not ${wantedMac}`;
  return mtu === wantedMtu ? undefined : `${name}: its mtu is ${mtu}, not ${wantedMtu}`;
}

function faultOfAddress({ rtnl }: Side, { index, name }: Link, address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const wanted = parseCidr(address);
  const isThere = rtnl.addresses.list({ link: index }).some((one) => equalCidrs(one.address, wanted));
  return isThere ? undefined : `${name}: address ${address} is gone`;
}
