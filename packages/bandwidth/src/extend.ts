/** Limits of links that a pod gets after ADD of this plugin, for the plugin that makes them. */
import { openRtnl } from '@cni/rtnetlink';
import { type Attachment, type Network, type Result, type Undo, withUndo } from '@cni/skel';
import type { Netns } from '@cni/sys';
import { apply } from './apply.ts';
import { aloneIn, factsOf } from './facts.ts';
import { ownerOf } from './ifb.ts';
import { plan, type Shaping } from './plan.ts';
import { deleteBucket } from './queue.ts';
import { readRecord } from './record.ts';

/** What a plugin that comes after this one knows when its own ADD is done. */
export interface Extension {
  readonly attachment: Attachment;
  readonly network: Pick<Network, 'name'>;
  /** Of the pod. */
  readonly netns: Netns;
  /** With the links that were made. */
  readonly result: Result;
  readonly undo: Undo;
}

/**
 * Lets traffic on the pod's other links count against the limits that bandwidth holds it to; without limits nothing is touched.
 * Throws `CniError` and `NetlinkError`.
 */
export function extendLimits({ attachment, network, netns, result, undo }: Extension): void {
  const owner = ownerOf(attachment, network.name);
  const { held } = readRecord(owner, netns);
  if (held === undefined) return;
  const [pod, host] = [openRtnl(netns), openRtnl()];
  const facts = factsOf({ pod, host, attachment, prevResult: result });
  const alone = aloneIn(facts);
  if (alone === undefined) return;
  const sides = { pod: { rtnl: pod, netns }, host: { rtnl: host } };
  const before = plan(held, alone);
  undo.defer('limit the first link alone', () => withUndo((inner) => apply(before, { sides, owner, undo: inner })));
  const shaping = plan(held, facts);
  apply(shaping, { sides, owner, undo });
  // Last, so that at no moment there is no limit.
  for (const { side, root } of rootsOf(before))
    if (!rootsOf(shaping).some((one) => one.side === side && one.root === root)) deleteBucket(sides[side].rtnl, root);
}

function rootsOf(shaping: Shaping) {
  return shaping.flatMap((shaper) => ('root' in shaper ? shaper : []));
}
