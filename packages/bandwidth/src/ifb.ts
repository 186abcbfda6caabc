/**
 * An IFB is a link through which packets of another one are led, so that they can wait: a hook has no queue. Ours carry the
 * proof that they are, and where their packets come from.
 */
import type { Link } from '@cni/rtnetlink';
import { type Attachment, fnv1a, type ValidAttachment } from '@cni/skel';
import type { Direction } from './config.ts';

/** One attachment of one network. */
export interface Owner extends ValidAttachment {
  readonly network: string;
}

export function ownerOf({ containerId, ifName }: Attachment | ValidAttachment, network: string): Owner {
  return { containerId, ifName, network };
}

/** `bwi` (into the pod) or `bwo` (out of it), and a hash of network, container and interface: 15 characters, the most there may be. */
export function ifbName({ network, containerId, ifName }: Owner, direction: Direction): string {
  const text = `${network}/${containerId}/${ifName}`;
  const hex = (basis?: number) => fnv1a(text, basis).toString(16).padStart(8, '0');
  return `bw${direction === 'ingress' ? 'i' : 'o'}${hex()}${hex(0x2f6b1a3d).slice(0, 4)}`;
}

export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

/** A link whose packets are led away, and whether the clsact qdisc there was made for it. */
export interface Source {
  readonly link: number;
  readonly made: boolean;
}

/** IFALIASZ less its NUL. */
const ALIAS_MAX = 255;

/** `cni bandwidth 7+,9 NETWORK CONTAINER IFNAME`: the sources come first, so that they are never cut off. */
export function aliasOf({ network, containerId, ifName }: Owner, sources: readonly Source[]): string {
  const list = sources.map(({ link, made }) => `${link}${made ? '+' : ''}`).join(',') || '-';
  return `cni bandwidth ${list} ${network} ${containerId} ${ifName}`.slice(0, ALIAS_MAX);
}

/** The sources that an alias tells of. */
export function sourcesOf(alias: string): Source[] {
  const [, list = ''] = /^cni bandwidth ([\d+,]+) /.exec(alias) ?? [];
  return list
    .split(',')
    .filter((one) => one !== '')
    .map((one) => ({ link: Number.parseInt(one, 10), made: one.endsWith('+') }));
}

/**
 * The mark of a network as a number. A link cannot be born with an alias, but with a group it can: an IFB is ours from its
 * first moment. Group 0 is everybody's.
 */
export function groupOf(network: string): number {
  return fnv1a(network) || 1;
}

/** Whether an IFB is the owner's. */
export function isOwn(link: Link, owner: Owner): boolean {
  if (link.info?.kind !== 'ifb') return false;
  if (link.alias === undefined) return link.group === groupOf(owner.network);
  return link.alias === aliasOf(owner, sourcesOf(link.alias));
}

/** Whether an IFB was made by us for an attachment of the network. */
export function isOfNetwork({ name, info, alias, group }: Link, network: string): boolean {
  if (info?.kind !== 'ifb' || !/^bw[io][0-9a-f]{12}$/.test(name)) return false;
  if (alias === undefined) return group === groupOf(network);
  return /^cni bandwidth \S+ (\S*)/.exec(alias)?.[1] === network;
}
