import type { Conversation } from '../conversation.ts';
import { Flags, type Parts, type Request } from '../message.ts';
import type { LinkNames } from '../names.ts';
import type { LinkHeader } from '../npm.ts';
import { unlessErrno, wasPresent } from '../refusal.ts';
import {
  type LinkAttributes,
  linkShape,
  operStates,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_SETLINK,
} from './codec.ts';
import type { Link, LinkChange, LinkInfo, LinkKey, NewLink } from './link.ts';
import { addBody, deleteBody, getBody, listBody, setBody } from './request.ts';

/** Links of one namespace. Every verb throws `NetlinkError`. */
export interface Links {
  /** Throws `ENODEV` when it is not there. */
  get(key: LinkKey): Link;
  /** Nothing when it is not there. */
  find(key: LinkKey): Link | undefined;
  /** All, those of a kind, or those on a parent of the same namespace. */
  list(filter?: { readonly kind?: string; readonly parent?: number }): Link[];
  /** Throws `EEXIST` when the name is taken: in `netns`, and on older kernels (6.1) also in the namespace of the conversation. */
  add(link: NewLink): void;
  set(index: number, change: LinkChange): void;
  /** Throws `ENODEV` when it is not there. Waits for a grace period of the kernel, some 20 ms. */
  delete(index: number): void;
  /** Whether it was there. */
  deleteIfPresent(index: number): boolean;
}

/** The verbs on links over a conversation. */
export function linkVerbs(conversation: Conversation, names: LinkNames): Links {
  const request = (type: number, flags: number, body: Uint8Array, doing: () => string): Request => ({
    type,
    flags,
    body,
    doing,
    shape: linkShape,
  });

  function learned(parts: Parts<LinkHeader, LinkAttributes>): Link {
    const link = linkOf(parts);
    names.learn(link.index, link.name);
    return link;
  }

  function get(key: LinkKey): Link {
    const doing = () => `get link ${'name' in key ? key.name : names.of(key.index)}`;
    return learned(conversation.get(request(RTM_GETLINK, 0, getBody(key), doing), linkShape));
  }

  function remove(index: number): void {
    conversation.change(request(RTM_DELLINK, 0, deleteBody(index), () => `delete ${names.of(index)}`));
  }

  return {
    get,
    find: (key) => unlessErrno(() => get(key), 'ENODEV'),
    list({ kind, parent } = {}) {
      const doing = () => (kind === undefined ? 'list links' : `list ${kind} links`);
      // The kernel does not filter by parent, and by kind only when it knows the kind.
      return conversation
        .dump(request(RTM_GETLINK, 0, listBody(kind), doing), linkShape)
        .map(learned)
        .filter((link) => kind === undefined || link.info?.kind === kind)
        .filter((link) => parent === undefined || (link.parent === parent && link.parentNetnsId === undefined));
    },
    add(link) {
      const doing = () => `add link ${link.name} (${kindInWords(link, names)})`;
      // Never without EXCL: older kernels (6.1) would take a link of that name in this namespace for the one meant.
      conversation.change(request(RTM_NEWLINK, Flags.create | Flags.exclusive, addBody(link), doing));
    },
    set(index, change) {
      const doing = () => `set ${names.of(index)} (${changeInWords(change, names)})`;
      conversation.change(request(RTM_SETLINK, 0, setBody(index, change), doing));
      if (change.name !== undefined) names.learn(index, change.name);
    },
    delete: remove,
    deleteIfPresent: (index) => wasPresent(() => remove(index), 'ENODEV'),
  };
}

function kindInWords({ info, parent }: NewLink, names: LinkNames): string {
  const peer = info.kind === 'veth' ? ` to ${info.data.peer.name}` : '';
  return `${info.kind}${peer}${parent === undefined ? '' : ` on ${names.of(parent)}`}`;
}

function changeInWords({ netns, master, ...rest }: LinkChange, names: LinkNames): string {
  const words = Object.entries(rest).map(([key, value]) =>
    key === 'up' ? (value ? 'up' : 'down') : `${key} ${value}`,
  );
  if (master !== undefined) words.push(master === 0 ? 'no master' : `master ${names.of(master)}`);
  if (netns !== undefined) words.push(`namespace ${netns.path}`);
  return words.join(', ');
}

function linkOf({ header: { index = 0, flags = {} }, attributes: found }: Parts<LinkHeader, LinkAttributes>): Link {
  const { parent, parentNetnsId, master, alias, info } = found;
  return {
    index,
    name: found.name ?? '',
    up: flags.up === true,
    running: flags.running === true,
    loopback: flags.loopback === true,
    arp: flags.noarp !== true,
    operState: operStates[found.operState ?? 0] ?? 'unknown',
    mtu: found.mtu ?? 0,
    address: found.address ?? '',
    txQueueLength: found.txQueueLength ?? 0,
    group: found.group ?? 0,
    ...(parent !== undefined && { parent }),
    ...(parentNetnsId !== undefined && { parentNetnsId }),
    ...(master !== undefined && { master }),
    ...(alias !== undefined && { alias }),
    ...(info !== undefined && { info: info as LinkInfo }),
  };
}
