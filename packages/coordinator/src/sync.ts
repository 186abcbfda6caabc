import { attemptAll } from '@cni/skel';
import { converge } from './converge.ts';
import { type Ground, openSide, type Side } from './ground.ts';
import { findNodeAddresses } from './node-addresses.ts';
import { type Owner, ownerOf } from './owner.ts';
import { plan } from './plan.ts';
import { listRecords, type Record } from './record.ts';
import { sandboxOf } from './sandbox.ts';

/** What became of one attachment. */
export interface Synced extends Owner {
  /** The node's addresses that its pod did not know, and those that it knew and the node has no more. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Its pod is not there any more, or has lost the link by which it would be known: for DEL, or GC. */
  readonly gone: boolean;
}

/**
 * Tells pods of the node's addresses as they are now, and puts back what is missing of all that was made for them; of one network,
 * or of all. One that fails keeps the others from nothing. Throws as `attemptAll` does, when all are done.
 */
export function syncAttachments(network?: string): Synced[] {
  const host = openSide();
  const synced: Synced[] = [];
  const records = listRecords().filter((record) => network === undefined || record.network === network);
  attemptAll(...records.map((record) => () => void synced.push(sync(record, host))));
  return synced;
}

function sync(record: Record, host: Side): Synced {
  const owner = ownerOf(record, record.network);
  const netns = sandboxOf(record, host);
  if (netns === undefined) return { ...owner, added: [], removed: [], gone: true };
  let pod: Side | undefined;
  try {
    pod = openSide(netns);
    const ground: Ground = { pod, host, owner };
    const own = ground.pod.rtnl.links.get({ name: owner.ifName });
    const { inputs } = record;
    const known = inputs.nodeAddresses;
    const nodeAddresses = findNodeAddresses(host, own, inputs.nics[0]?.addresses ?? [], inputs);
    const renewed = { ...inputs, nodeAddresses };
    // The pod lives: what fails halfway is not taken back.
    converge({ ...record, inputs: renewed, entries: plan(renewed) }, { ground, undo: { defer() {} } });
    return {
      ...owner,
      added: nodeAddresses.filter((ip) => !known.includes(ip)),
      removed: known.filter((ip) => !nodeAddresses.includes(ip)),
      gone: false,
    };
  } finally {
    pod?.close();
    netns.close();
  }
}
