import { deleteQuietly, type End, type Link, type Rtnl } from '@cni/rtnetlink';
import { attemptAll, type Result, type ValidAttachment } from '@cni/skel';
import { withNetnsLock } from '@cni/sys';
import { hostEndOf } from './facts.ts';
import { deleteFilters } from './filters.ts';
import { DIRECTIONS, ifbName, isOfNetwork, isOwn, type Owner, ownerOf, type Source, sourcesOf } from './ifb.ts';
import { deleteBucket } from './queue.ts';

/** Deletes an IFB of ours, and before it what leads there: packets led to a link that is gone are lost. */
export function deleteIfb(end: End, ifb: Link): void {
  const sources = sourcesOf(ifb.alias ?? '');
  // The hooks of a link of the node go with their last user, and another may be coming.
  if (end.netns === undefined && sources.length > 0) withNetnsLock(() => unlead(end, ifb, sources));
  else unlead(end, ifb, sources);
  deleteQuietly(end, [ifb.index]);
}

/** Deletes what leads to an IFB from some links. For links of the node its lock is to be held. */
export function unlead({ rtnl }: End, { index }: Link, sources: readonly Source[]): void {
  for (const { link, made } of sources) deleteFilters(rtnl, link, { ifb: index, made });
}

/** Deletes the owner's IFBs of a namespace. */
function deleteIfbs(end: End, owner: Owner): void {
  for (const direction of DIRECTIONS) {
    const ifb = end.rtnl.links.find({ name: ifbName(owner, direction) });
    if (ifb !== undefined && isOwn(ifb, owner)) deleteIfb(end, ifb);
  }
}

/** All that is ours at a link which carries nobody else's traffic. */
export function clearLink(rtnl: Rtnl, link: number): void {
  deleteBucket(rtnl, link);
  deleteFilters(rtnl, link);
}

/** What DEL knows. */
export interface Removal {
  readonly host: End;
  readonly pod: End | undefined;
  readonly owner: Owner;
  readonly prevResult: Result | undefined;
}

/** Removes all that was made for an attachment and can still be found. */
export function removeAll({ host, pod, owner, prevResult = {} }: Removal): void {
  const link = pod?.rtnl.links.find({ name: owner.ifName });
  const end = link && hostEndOf(link, host.rtnl, prevResult);
  attemptAll(
    () => pod && deleteIfbs(pod, owner),
    () => pod && link && clearLink(pod.rtnl, link.index),
    () => deleteIfbs(host, owner),
    () => {
      if (end !== undefined) clearLink(host.rtnl, end);
      else if (link === undefined) clearReported(host.rtnl, prevResult);
    },
  );
}

/** The pod cannot be asked: the links of the node that the result names. Our root qdisc is only ever at a pod's own link. */
function clearReported(rtnl: Rtnl, { interfaces = [] }: Result): void {
  for (const { name } of interfaces.filter(({ sandbox }) => (sandbox ?? '') === '')) {
    const link = rtnl.links.find({ name });
    if (link?.info?.kind === 'veth') deleteBucket(rtnl, link.index);
  }
}

/** Removes the IFBs of a network on the node whose attachments are not valid any more. */
export function collect(host: End, network: string, valid: readonly ValidAttachment[]): void {
  const names = new Set(
    valid.flatMap((one) => DIRECTIONS.map((direction) => ifbName(ownerOf(one, network), direction))),
  );
  const stale = host.rtnl.links
    .list({ kind: 'ifb' })
    .filter((link) => isOfNetwork(link, network) && !names.has(link.name));
  attemptAll(...stale.map((link) => () => deleteIfb(host, link)));
}
