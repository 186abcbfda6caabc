import type { WithKind } from '../codec/kind.ts';
import type { Conversation } from '../conversation.ts';
import { Flags, type Parts, type Request } from '../message.ts';
import type { LinkNames } from '../names.ts';
import { unlessErrno, wasPresent } from '../refusal.ts';
import { RTM_DELQDISC, RTM_GETQDISC, RTM_NEWQDISC, statistics, type TcHeader, tcBody } from './codec.ts';
import { formatHandle, fromNumber, parentNumber, parentOf, type QdiscParent, toNumber } from './handle.ts';
import type { NewQdisc, Qdisc, QdiscKey, QdiscPlace } from './qdisc.ts';
import { type QdiscAttributes, qdiscAttributes, qdiscShape } from './qdisc-codec.ts';

/** Qdiscs of one namespace. Every verb throws `NetlinkError`. */
export interface Qdiscs {
  /** Throws `EEXIST` when there is one that the kernel did not put there by itself. */
  add(qdisc: NewQdisc): void;
  /** Changes the one of that kind and handle in place, keeping what waits in it; makes it where there is none. */
  replace(qdisc: NewQdisc): void;
  /** Changes it in place. Throws `ENOENT` when there is none. */
  change(qdisc: NewQdisc): void;
  delete(key: QdiscKey): void;
  /** Whether it was there, with this handle and of this kind as far as they are given. */
  deleteIfPresent(key: QdiscKey): boolean;
  /** All, or those of a link; `invisible` ones too are those that a qdisc made as its child by itself (kernel 4.12). */
  list(filter?: { readonly link?: number; readonly invisible?: boolean }): Qdisc[];
}

/** The verbs on qdiscs over a conversation. */
export function qdiscVerbs(conversation: Conversation, names: LinkNames): Qdiscs {
  const request = (type: number, flags: number, body: Uint8Array, doing: () => string): Request => ({
    type,
    flags,
    body,
    doing,
    shape: qdiscShape,
  });
  const inWords = ({ link, parent, kind = 'qdisc' }: QdiscPlace & { kind?: string }) =>
    `${kind} at ${parentInWords(parent)} of ${names.of(link)}`;

  function make(verb: string, flags: number, qdisc: NewQdisc): void {
    const doing = () => `${verb} ${inWords(qdisc)}`;
    conversation.change(request(RTM_NEWQDISC, flags, newBody(qdisc), doing));
  }
  function remove(key: QdiscKey): void {
    conversation.change(request(RTM_DELQDISC, 0, deleteBody(key), () => `delete ${inWords(key)}`));
  }

  return {
    add: (qdisc) => make('add', Flags.create | Flags.exclusive, qdisc),
    replace: (qdisc) => make('replace', Flags.create | Flags.replace, qdisc),
    change: (qdisc) => make('change', 0, qdisc),
    delete: remove,
    // ENOENT: none, or the kernel's own; EINVAL: another one; ENODEV: the link is gone.
    deleteIfPresent: (key) => wasPresent(() => remove(key), 'ENOENT', 'EINVAL', 'ENODEV'),
    list({ link, invisible } = {}) {
      const doing = () => `list qdiscs${link === undefined ? '' : ` of ${names.of(link)}`}`;
      const body = tcBody({ link: link ?? 0 }, qdiscAttributes, invisible ? { dumpInvisible: true } : {});
      // The kernel does not filter by link.
      const found = unlessErrno(() => conversation.dump(request(RTM_GETQDISC, 0, body, doing), qdiscShape), 'ENODEV');
      return (found ?? []).filter(({ header }) => link === undefined || header.link === link).map(qdiscOf);
    },
  };
}

function parentInWords(parent: QdiscParent): string {
  return typeof parent === 'string' ? parent : formatHandle(parent);
}

/** The handle of ingress and clsact is the kernel's business, and the same for both. */
function newBody({ link, parent, handle, kind, options }: NewQdisc): Uint8Array {
  const number = parent === 'ingress' ? 0xffff0000 : handle === undefined ? 0 : toNumber(handle);
  const header = { link, parent: parentNumber(parent), handle: number };
  return tcBody(header, qdiscAttributes, { kind, ...(options !== undefined && { options }) });
}

function deleteBody({ link, parent, handle, kind }: QdiscKey): Uint8Array {
  const header = { link, parent: parentNumber(parent), handle: handle === undefined ? 0 : toNumber(handle) };
  return tcBody(header, qdiscAttributes, kind === undefined ? {} : { kind });
}

function qdiscOf({ header, attributes }: Parts<TcHeader, QdiscAttributes & WithKind>): Qdisc {
  const { kind = '', options, raw, statistics: counted = statistics.decode(new Uint8Array(0), 0, 0) } = attributes;
  return {
    link: header.link,
    parent: parentOf(header.parent),
    handle: fromNumber(header.handle),
    statistics: counted,
    kind,
    ...(options !== undefined && { options }),
    ...(raw !== undefined && raw.length > 0 && { raw }),
  } as Qdisc;
}
