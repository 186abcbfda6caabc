import type { Rtnl } from '../rtnl.ts';
import type { Link } from './link.ts';

/**
 * The other end of a veth, if it is in the namespace of `other`: an index alone could be that of another link, so both must
 * name each other.
 */
export function findPeer({ info, parent, index }: Link, other: Rtnl): Link | undefined {
  if (info?.kind !== 'veth' || parent === undefined) return undefined;
  const peer = other.links.find({ index: parent });
  if (peer?.info?.kind !== 'veth' || peer.parent !== index || peer.parentNetnsId === undefined) return undefined;
  return peer;
}
