/**
 * Connections that come in by the pod's link to its node are marked, and their replies with them, so that a rule can send these
 * back the same way. One bit is touched, and no other.
 */
import { isErrno } from '@cni/sys';
import type { Side } from '../ground.ts';
import type { MarkingEntry } from './entry.ts';
import type { Kind } from './kind.ts';

/** Before filters of bandwidth, which lead packets away, and behind those of whoever chooses a number. */
const PRIORITY = 0xbf00;
const FLOW = { major: 0xc4, minor: 1 } as const;

/** How this kernel marks replies. */
export function replyWay(_pod: Side): MarkingEntry['by'] {
  return 'skbedit';
}

/** Whether a refusal says that the kernel has no means to mark. */
export function isUnable(error: unknown): boolean {
  return isErrno(error, 'ENOENT', 'EOPNOTSUPP', 'EPROTONOSUPPORT');
}

/** Replies of connections that came in by a link. */
export const marking: Kind<MarkingEntry> = {
  words: ({ link }) => `the marking of what comes in by ${link}`,
  put(entry, { pod }) {
    putFilter(pod, entry);
  },
  take(entry, { pod }) {
    takeFilter(pod, entry);
  },
  faultOf(entry, { pod }) {
    return faultOfFilter(pod, entry);
  },
};

/** Without connection tracking: what comes in is marked, and sysctls (tcp_fwmark_accept, fwmark_reflect) hand the mark on to answers. */
function putFilter(side: Side, entry: MarkingEntry): void {
  const link = side.index(entry.link);
  try {
    side.rtnl.qdiscs.add({ link, parent: 'ingress', kind: 'clsact' });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  if (faultOfFilter(side, entry) === undefined) return;
  const { bit } = entry;
  side.rtnl.filters.add({
    link,
    hook: 'ingress',
    priority: PRIORITY,
    match: {},
    action: { mark: bit, mask: bit },
    flow: FLOW,
  });
}

function faultOfFilter(side: Side, { link, bit }: MarkingEntry): string | undefined {
  const index = side.find(link)?.index;
  const filters = index === undefined ? [] : side.rtnl.filters.list({ link: index, hook: 'ingress' });
  const isThere = filters.some(
    ({ priority, action }) =>
      priority === PRIORITY && typeof action === 'object' && 'mark' in action && action.mark === bit,
  );
  return isThere ? undefined : `the filter at ${link} in the pod that marks what comes in is gone`;
}

/** The hook goes with the link. */
function takeFilter(side: Side, { link }: MarkingEntry): void {
  const index = side.find(link)?.index;
  if (index === undefined) return;
  for (const filter of side.rtnl.filters.list({ link: index, hook: 'ingress' }))
    if (filter.priority === PRIORITY) side.rtnl.filters.deleteIfPresent(filter);
}
