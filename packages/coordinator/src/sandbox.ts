import { findPeer, type Link, openRtnl } from '@cni/rtnetlink';
import { type Netns, openNetns, SysError } from '@cni/sys';
import type { Side } from './ground.ts';
import type { Record } from './record.ts';

/** The namespace of the ADD, should it be there still: a path may be another pod's by now, but the way to the node is not. */
export function sandboxOf({ sandbox, inputs: { way } }: Record, host: Side): Netns | undefined {
  const netns = netnsIfAny(sandbox);
  if (netns === undefined) return undefined;
  let isSame = false;
  try {
    const link = findIn(netns, way.link);
    isSame = link !== undefined && findPeer(link, host.rtnl)?.name === way.hostLink;
    return isSame ? netns : undefined;
  } finally {
    if (!isSame) netns.close();
  }
}

function findIn(netns: Netns, name: string): Link | undefined {
  const rtnl = openRtnl(netns);
  try {
    return rtnl.links.find({ name });
  } finally {
    rtnl.close();
  }
}

function netnsIfAny(path: string): Netns | undefined {
  try {
    return openNetns(path);
  } catch (error) {
    if (error instanceof SysError) return undefined;
    throw error;
  }
}
