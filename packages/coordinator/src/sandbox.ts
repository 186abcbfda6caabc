import { findPeer } from '@cni/rtnetlink';
import { type Netns, openNetns, SysError } from '@cni/sys';
import { openSide, type Side } from './ground.ts';
import type { Record } from './record.ts';

/** The namespace of the ADD, should it be there still: a path may be another pod's by now, but the way to the node is not. */
export function sandboxOf({ sandbox, inputs: { way } }: Record, host: Side): Netns | undefined {
  const netns = netnsIfAny(sandbox);
  if (netns === undefined) return undefined;
  const pod = openSide(netns);
  const link = pod.find(way.link);
  pod.close();
  if (link !== undefined && findPeer(link, host.rtnl)?.name === way.hostLink) return netns;
  netns.close();
  return undefined;
}

function netnsIfAny(path: string): Netns | undefined {
  try {
    return openNetns(path);
  } catch (error) {
    if (error instanceof SysError) return undefined;
    throw error;
  }
}
