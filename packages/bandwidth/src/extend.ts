/** Limits of links that a pod gets after ADD of this plugin, for the plugin that makes them. */
import { openRtnl } from '@cni/rtnetlink';
import { type Attachment, type Network, type Result, type Undo, withUndo } from '@cni/skel';
import type { Netns } from '@cni/sys';
import { apply } from './apply.ts';
import { factsOf, othersIn, within } from './facts.ts';
import { ownerOf } from './ifb.ts';
import { plan } from './plan.ts';
import { readRecord, writeRecord } from './record.ts';

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
  const record = readRecord(owner, netns);
  const { held } = record;
  if (held === undefined) return;
  const [pod, host] = [openRtnl(netns), openRtnl()];
  const facts = factsOf({ pod, host, attachment, prevResult: result });
  if (othersIn(facts).length === 0) return;
  const before = within(facts, record.links ?? []);
  const sides = { pod: { rtnl: pod, netns }, host: { rtnl: host } };
  undo.defer('limit the links from before', () =>
    withUndo((inner) => apply(plan(held, before), { sides, owner, facts: before, undo: inner })),
  );
  undo.defer('restore the record', () => writeRecord(owner, netns, record));
  writeRecord(owner, netns, { ...record, links: othersIn(facts) });
  apply(plan(held, facts), { sides, owner, facts, undo });
}
