import { formatCidr } from '@cni/ip';
import type { WithKind } from '../codec/kind.ts';
import type { Conversation } from '../conversation.ts';
import { Flags, type Parts, type Request } from '../message.ts';
import type { LinkNames } from '../names.ts';
import { unlessErrno, wasPresent } from '../refusal.ts';
import { RTM_DELTFILTER, RTM_GETTFILTER, RTM_NEWTFILTER, type TcHeader, tcBody } from './codec.ts';
import type { Filter, FilterAction, FilterKey, FilterPlace, Match, NewFilter } from './filter.ts';
import { filterAttributes, filterShape, type U32 } from './filter-codec.ts';
import { fromNumber, hookNumber, toNumber } from './handle.ts';
import { keysOf, matchOf, protocolOf } from './u32.ts';

/** Filters of one namespace. Every verb throws `NetlinkError`. */
export interface Filters {
  /** Adds one more, whatever is there. Throws `EINVAL` without an ingress or clsact qdisc. */
  add(filter: NewFilter): void;
  /** One filter, or with the handle 0 all of its priority. */
  delete(key: FilterKey): void;
  /** Whether it was there. */
  deleteIfPresent(key: FilterKey): boolean;
  /**
   * Those of a hook of a link; none where there is no such hook or link. The kernel lists u32 filters of one priority under
   * every protocol and both hooks of a link (`u32_walk` in net/sched/cls_u32.c): each should have a priority of its own.
   */
  list(place: FilterPlace & { readonly priority?: number }): Filter[];
}

/** The verbs on filters over a conversation. */
export function filterVerbs(conversation: Conversation, names: LinkNames): Filters {
  const request = (type: number, flags: number, body: Uint8Array, doing: () => string): Request => ({
    type,
    flags,
    body,
    doing,
    shape: filterShape,
  });
  const inWords = ({ link, hook }: FilterPlace) => `${hook} of ${names.of(link)}`;
  const actionInWords = (action: FilterAction) => {
    if (action === 'pass') return action;
    return 'redirect' in action
      ? `to ${names.of(action.redirect)}`
      : `mark ${hexOf(action.mark)}/${hexOf(action.mask)}`;
  };

  function remove(key: FilterKey): void {
    const body = tcBody(headerOf(key, key), filterAttributes, { kind: key.kind });
    conversation.change(request(RTM_DELTFILTER, 0, body, () => `delete filter at ${inWords(key)}`));
  }

  return {
    add(filter) {
      const doing = () =>
        `add filter (${matchInWords(filter.match)}${actionInWords(filter.action)}) at ${inWords(filter)}`;
      conversation.change(request(RTM_NEWTFILTER, Flags.create | Flags.exclusive, addBody(filter), doing));
    },
    delete: remove,
    // ENOENT: no such filter; EINVAL: no hook; ENODEV: no link.
    deleteIfPresent: (key) => wasPresent(() => remove(key), 'ENOENT', 'EINVAL', 'ENODEV'),
    list({ priority = 0, link, hook }) {
      const place = { link, hook };
      const body = tcBody(headerOf(place, { priority, protocol: 0, handle: 0 }), filterAttributes, {});
      const list = request(RTM_GETTFILTER, 0, body, () => `list filters at ${inWords(place)}`);
      const found = unlessErrno(() => conversation.dump(list, filterShape), 'EINVAL', 'ENODEV', 'ENOENT') ?? [];
      return found
        .flatMap((parts) => filterOf(parts, place))
        .filter((one) => priority === 0 || one.priority === priority);
    },
  };
}

function hexOf(value: number): string {
  return `0x${value.toString(16)}`;
}

function matchInWords({ source, destination }: Match): string {
  return [source && `from ${formatCidr(source)} `, destination && `to ${formatCidr(destination)} `].join('');
}

/** Priority in the upper half of `tcm_info`, protocol in network order in the lower. */
function headerOf(
  { link, hook }: FilterPlace,
  { priority, protocol, handle }: Pick<Filter, 'priority' | 'protocol' | 'handle'>,
): Partial<TcHeader> {
  const swapped = ((protocol & 0xff) << 8) | (protocol >> 8);
  return { link, parent: hookNumber(hook), handle, info: priority * 0x10000 + swapped };
}

function addBody({ match, action, flow, priority, ...place }: NewFilter): Uint8Array {
  const options: U32 = {
    flow: toNumber(flow),
    ...(action !== 'pass' && { actions: { first: { kind: actionKind(action), options: action } } }),
    keys: keysOf(match),
  };
  const header = headerOf(place, { priority, protocol: protocolOf(match), handle: 0 });
  return tcBody(header, filterAttributes, { kind: 'u32', options });
}

/** Nothing for what is listed beside filters: the heads of priorities, and hash tables. */
function filterOf({ header, attributes }: Parts<TcHeader, WithKind>, { link, hook }: FilterPlace): Filter[] {
  const { kind = '', options } = attributes;
  const { flow, divisor, keys, actions } = (options ?? {}) as U32;
  if (header.handle === 0 || divisor !== undefined || header.link !== link) return [];
  const protocol = ((header.info & 0xff) << 8) | ((header.info >> 8) & 0xff);
  const match = keys && matchOf(protocol, keys);
  const action = keys && actionOf(actions);
  const statistics = actions?.first?.statistics;
  return [
    {
      link,
      hook,
      kind,
      priority: header.info >>> 16,
      protocol,
      handle: header.handle,
      ...(flow !== undefined && { flow: fromNumber(flow) }),
      ...(match !== undefined && { match }),
      ...(action !== undefined && { action }),
      ...(statistics !== undefined && { statistics }),
    },
  ];
}

function actionKind(action: Exclude<FilterAction, 'pass'>): string {
  return 'redirect' in action ? 'mirred' : 'skbedit';
}

/** What the codecs of the two kinds have read; nothing of other kinds. */
function actionOf(actions: U32['actions']): FilterAction | undefined {
  if (actions?.first === undefined) return 'pass';
  return actions.second === undefined ? (actions.first.options as FilterAction | undefined) : undefined;
}
