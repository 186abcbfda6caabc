import { formatIp, type Ip, ipToBytes, parseMac } from '@cni/ip';
import type { Conversation } from '../conversation.ts';
import { fromAf, toAf } from '../family.ts';
import { Flags, type Parts, type Request } from '../message.ts';
import type { LinkNames } from '../names.ts';
import {
  bytesOf,
  formatNeighbor,
  formatNeighborAttrs,
  given,
  type NeighbourAttrs,
  type NeighbourHeader,
  putU32,
} from '../npm.ts';
import { wasPresent } from '../refusal.ts';
import { type NeighbourAttributes, neighbourShape, RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from './codec.ts';
import type { Neighbour, NeighbourFilter, NeighbourState, NewNeighbour } from './neighbour.ts';

/** Neighbours (ARP and NDP entries) of one namespace. Every verb throws `NetlinkError`. */
export interface Neighbours {
  /** Sets the neighbour, whether or not there is one. */
  replace(neighbour: NewNeighbour): void;
  /** Throws `ENOENT` when there is none. */
  delete(link: number, ip: Ip): void;
  /** Whether it was there. */
  deleteIfPresent(link: number, ip: Ip): boolean;
  list(filter?: NeighbourFilter): Neighbour[];
}

/** The verbs on neighbours over a conversation. */
export function neighbourVerbs(conversation: Conversation, names: LinkNames): Neighbours {
  const request = (type: number, flags: number, body: Uint8Array, doing: () => string): Request => ({
    type,
    flags,
    body,
    doing,
    shape: neighbourShape,
  });
  const inWords = (link: number, ip: Ip) => `neighbour ${formatIp(ip)} on ${names.of(link)}`;

  function remove(link: number, ip: Ip): void {
    conversation.change(request(RTM_DELNEIGH, 0, deleteBody(link, ip), () => `delete ${inWords(link, ip)}`));
  }

  return {
    replace(neighbour) {
      const flags = Flags.create | Flags.replace;
      const doing = () => `replace ${inWords(neighbour.link, neighbour.ip)}`;
      conversation.change(request(RTM_NEWNEIGH, flags, replaceBody(neighbour), doing));
    },
    delete: remove,
    deleteIfPresent: (link, ip) => wasPresent(() => remove(link, ip), 'ENOENT', 'ENODEV'),
    list(filter = {}) {
      const doing = () => `list neighbours${filter.link === undefined ? '' : ` on ${names.of(filter.link)}`}`;
      return conversation
        .dump(request(RTM_GETNEIGH, 0, listBody(filter), doing), neighbourShape)
        .map(neighbourOf)
        .filter((found): found is Neighbour => found !== undefined && matches(found, filter));
    },
  };
}

/** The kernel filters too, since 5.0. */
function matches(found: Neighbour, { link, family }: NeighbourFilter): boolean {
  return (link === undefined || found.link === link) && (family === undefined || found.ip.family === family);
}

/** `RTM_NEWNEIGH`. */
export function replaceBody({ link, ip, mac, state = 'permanent' }: NewNeighbour): Uint8Array {
  const attrs = given<NeighbourAttrs>({ dst: ipToBytes(ip), lladdr: parseMac(mac) });
  const states = state === 'none' ? {} : { [state]: true };
  return bytesOf(formatNeighbor({ family: toAf(ip.family), ifindex: link, state: states }), formatNeighborAttrs(attrs));
}

function deleteBody(link: number, ip: Ip): Uint8Array {
  const attrs = given<NeighbourAttrs>({ dst: ipToBytes(ip) });
  return bytesOf(formatNeighbor({ family: toAf(ip.family), ifindex: link }), formatNeighborAttrs(attrs));
}

function listBody({ family, link }: NeighbourFilter): Uint8Array {
  return bytesOf(
    formatNeighbor({ family: family === undefined ? 0 : toAf(family) }),
    formatNeighborAttrs(link === undefined ? {} : { ifindex: putU32(link) }),
  );
}

/** Nothing for what is neither IPv4 nor IPv6: a bridge's forwarding table, for one. */
function neighbourOf({ header, attributes }: Parts<NeighbourHeader, NeighbourAttributes>): Neighbour | undefined {
  const { ip, mac } = attributes;
  if (fromAf(header.family) === undefined || ip === undefined) return undefined;
  const [state = 'none'] = Object.keys(header.state ?? {});
  return { link: header.ifindex ?? 0, ip, ...(mac !== undefined && { mac }), state: state as NeighbourState };
}
