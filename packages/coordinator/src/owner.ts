import { type Attachment, fnv1a } from '@cni/skel';

/** One attachment of one network. */
export interface Owner {
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
}

export function ownerOf({ containerId, ifName }: Pick<Attachment, 'containerId' | 'ifName'>, network: string): Owner {
  return { network, containerId, ifName };
}

/** Another basis for a second hash of the same text. */
const OTHER_BASIS = 0x2f6b1a3d;

/** 16 hexadecimal digits that tell containers apart. */
export function containerMark(containerId: string): string {
  return [fnv1a(containerId), fnv1a(containerId, OTHER_BASIS)].map(hex).join('');
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** Of the node's end: `veth`, which network managers leave alone, and 11 digits. 15 characters are the most there may be. */
export function hostLinkName(containerId: string): string {
  return `veth${containerMark(containerId).slice(0, 11)}`;
}

/** The MAC address of an end: the same each time, so that what was made by half can be found. Locally administered, nobody's group. */
export function macOf(containerId: string, end: 'pod' | 'host'): string {
  const digits = hex(fnv1a(`${end} ${containerId}`)) + hex(fnv1a(`${end} ${containerId}`, OTHER_BASIS)).slice(0, 2);
  return ['0e', ...(digits.match(/../g) ?? [])].join(':');
}

/** 169.254.0.0/16 without its first and last 256 (RFC 3927): the same for a container each time. */
export function linkLocalOf(containerId: string): string {
  const value = fnv1a(`address ${containerId}`);
  return `169.254.${1 + (value % 254)}.${(value >>> 8) % 256}`;
}

/** IFALIASZ less its NUL. */
const ALIAS_MAX = 255;

/** Proof of ownership, kept in the kernel with the node's end itself. */
export function aliasOf({ network, containerId, ifName }: Owner): string {
  return `cni coordinator ${containerId} ${ifName} ${network}`.slice(0, ALIAS_MAX);
}

/** The same proof as a number: a link cannot be born with an alias, but with a group it can. Group 0 is everybody's. */
export function groupOf(owner: Owner): number {
  return fnv1a(aliasOf(owner)) || 1;
}
