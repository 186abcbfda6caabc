import { type Cidr, hostCidr } from '@cni/ip';
import { findPeer, type Link, type Rtnl } from '@cni/rtnetlink';
import { type Attachment, CniError, type Result } from '@cni/skel';

/** A link of the pod. */
export interface PodLink {
  readonly index: number;
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  /** On the node, if it is a veth. */
  readonly hostEnd?: number;
}

/** What a plan depends on. */
export interface Facts {
  /** The attachment's own link first, then those that other plugins of the chain gave the pod. */
  readonly links: readonly [PodLink, ...PodLink[]];
  /** The link of the node that the attachment's is a slave of. */
  readonly master?: number;
  /** Packets from outside pass the slave's ingress unseen. */
  readonly l3s: boolean;
  /** The pod's, with full prefixes. */
  readonly addresses: readonly Cidr[];
}

export interface Where {
  readonly pod: Rtnl;
  readonly host: Rtnl;
  readonly attachment: Attachment;
  readonly prevResult: Result;
}

/** Looks at the attachment. Throws `CniError` when its link is not there. */
export function factsOf(where: Where): Facts {
  const { ifName, sandbox } = where.attachment;
  const facts = findFacts(where);
  if (facts === undefined) throw new CniError('LINK_MISSING', `${ifName} is not there in ${sandbox}`);
  return facts;
}

/** As {@link factsOf}; nothing when the attachment's link is not there. */
export function findFacts(where: Where): Facts | undefined {
  const { pod, host, attachment, prevResult } = where;
  const own = pod.links.find({ name: attachment.ifName });
  if (own === undefined) return undefined;
  const others = otherNames(where).flatMap((name) => pod.links.find({ name }) ?? []);
  const master = masterOf(host, own);
  return {
    links: [podLink(own, host, prevResult), ...others.map((link) => podLink(link, host, prevResult))],
    ...(master !== undefined && { master }),
    l3s: own.info?.kind === 'ipvlan' && own.info.data?.mode === 'l3s',
    addresses: addressesOf(attachment, prevResult),
  };
}

/** Whether a plugin that comes later may give the pod another link to the node: it has none by which to reach it. */
export function mayGetLinks({ links: [own] }: Facts): boolean {
  return own.hostEnd === undefined;
}

/** The same with no other links than those of some names. */
export function within({ links: [own, ...others], ...facts }: Facts, names: readonly string[]): Facts {
  return { ...facts, links: [own, ...others.filter(({ name }) => names.includes(name))] };
}

/** The names of the links that other plugins gave the pod. */
export function othersIn({ links: [, ...others] }: Facts): string[] {
  return others.map(({ name }) => name);
}

/** The same without the links that other plugins gave the pod; nothing where there are none. */
export function aloneIn({ links: [own, ...others], ...facts }: Facts): Facts | undefined {
  return others.length === 0 ? undefined : { ...facts, links: [own] };
}

function otherNames({ attachment: { ifName, sandbox }, prevResult: { interfaces = [] } }: Where): string[] {
  const names = interfaces.filter((one) => one.sandbox === sandbox).map(({ name }) => name);
  return [...new Set(names)].filter((name) => name !== ifName && name !== 'lo');
}

function podLink(link: Link, host: Rtnl, prevResult: Result): PodLink {
  const { index, name, mtu } = link;
  const hostEnd = hostEndOf(link, host, prevResult);
  return { index, name, mtu, ...(hostEnd !== undefined && { hostEnd }) };
}

/** The index of a veth's other end, if it is on the node; a result that names links of the node must name this one. */
export function hostEndOf(link: Link, host: Rtnl, prevResult: Result): number | undefined {
  const end = findPeer(link, host);
  if (end === undefined) return undefined;
  const told = (prevResult.interfaces ?? []).filter(({ sandbox }) => (sandbox ?? '') === '');
  return told.length === 0 || told.some(({ name }) => name === end.name) ? end.index : undefined;
}

/** The master has the slave's MTU at least, and that of an ipvlan its MAC address: an index alone could be that of another link. */
function masterOf(host: Rtnl, { info, parent, parentNetnsId, address }: Link): number | undefined {
  if (info?.kind !== 'ipvlan' && info?.kind !== 'macvlan') return undefined;
  if (parent === undefined || parentNetnsId === undefined) return undefined;
  const master = host.links.find({ index: parent });
  if (master === undefined || (info.kind === 'ipvlan' && master.address !== address)) return undefined;
  return master.index;
}

function addressesOf({ ifName, sandbox }: Attachment, { interfaces = [], ips = [] }: Result): Cidr[] {
  const index = interfaces.findIndex((one) => one.name === ifName && one.sandbox === sandbox);
  return ips
    .filter((one) => one.interface === undefined || one.interface === index)
    .map(({ address: { ip } }) => hostCidr(ip));
}
