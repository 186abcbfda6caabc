/**
 * Connections that come in by the pod's link to its node are marked, and their replies with them, so that a rule can send these
 * back the same way. One bit is touched, and no other.
 */
import { equalTables, type Filter, lacksNftables, type Table, type Tables } from '@cni/rtnetlink';
import { isErrno, writeSysctls } from '@cni/sys';
import type { Side } from '../ground.ts';
import type { MarkingEntry } from './entry.ts';
import type { Kind } from './kind.ts';

/** Replies of connections that came in by a link: by nf_tables, or else as far as a filter and sysctls go. */
export const marking: Kind<MarkingEntry> = {
  words: ({ link }) => `the marking of what comes in by ${link}`,
  put(entry, { pod }) {
    if (!putTable(pod.tables(), tableOf(entry))) putFilter(pod, entry);
  },
  take(entry, { pod }) {
    if (!pod.tables()?.deleteIfPresent(TABLE)) takeFilter(pod, entry);
  },
  faultOf(entry, { pod }) {
    const found = pod.tables()?.find(TABLE);
    if (found !== undefined)
      return equalTables(found, tableOf(entry)) ? undefined : `table ${TABLE.name} of nf_tables in the pod was changed`;
    const { action } = findFilter(pod, entry) ?? {};
    const marks =
      typeof action === 'object' && 'mark' in action && action.mark === entry.bit && action.mask === entry.bit;
    return marks ? undefined : `${marking.words(entry)} is gone from the pod`;
  },
};

/** Whether a refusal says that the kernel has no means to mark: neither nf_tables nor act_skbedit. */
export function isUnable(error: unknown): boolean {
  return isErrno(error, 'ENOENT', 'EOPNOTSUPP');
}

const TABLE = { family: 'inet', name: 'cni-coordinator' } as const;
/** `NF_IP_PRI_MANGLE`, linux/netfilter_ipv4.h */
const MANGLE = -150;

function tableOf({ link, bit }: MarkingEntry): Table {
  const ours = { mark: bit, mask: bit };
  const reply = { ctDirection: 'reply', ctMark: ours } as const;
  return {
    ...TABLE,
    chains: [
      {
        name: 'prerouting',
        type: 'filter',
        hook: 'prerouting',
        priority: MANGLE,
        rules: [
          { match: { iif: link, ctState: ['new'] }, set: { ctMark: ours } },
          // Of those that the pod forwards, to a virtual machine in it.
          { match: { iif: { not: link }, ...reply }, set: { packetMark: ours } },
        ],
      },
      {
        name: 'output',
        type: 'route',
        hook: 'output',
        priority: MANGLE,
        rules: [{ match: reply, set: { packetMark: ours } }],
      },
    ],
  };
}

/** Whether the kernel can. To replace one that is not there would take as long as to delete one. */
function putTable(tables: Tables | undefined, table: Table): boolean {
  try {
    tables?.add(table);
  } catch (error) {
    if (lacksNftables(error)) return false;
    if (!isErrno(error, 'EEXIST')) throw error;
    tables?.replace(table);
  }
  return tables !== undefined;
}

/** Before the filters of bandwidth, which lead packets away. */
const PRIORITY = 0xbf00;
const FLOW = { major: 0xc4, minor: 1 } as const;
/** Sockets answer with the mark of what they were asked with: TCP, ICMP, and resets; nothing else. */
const ANSWERS = ['net/ipv4/tcp_fwmark_accept', 'net/ipv4/fwmark_reflect', 'net/ipv6/fwmark_reflect'];

function setAnswers({ netns }: Side, value: 0 | 1): void {
  for (const key of ANSWERS) {
    try {
      writeSysctls({ [key]: value }, netns);
    } catch (error) {
      // A kernel without IPv6.
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
}

/** Without connection tracking. The hook stays: it goes with the link, and others may use it. */
function putFilter(pod: Side, entry: MarkingEntry): void {
  const { bit } = entry;
  const link = pod.index(entry.link);
  try {
    pod.rtnl.qdiscs.add({ link, parent: 'ingress', kind: 'clsact' });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  const before = findFilter(pod, entry);
  if (before !== undefined) pod.rtnl.filters.deleteIfPresent(before);
  const action = { mark: bit, mask: bit };
  pod.rtnl.filters.add({ link, hook: 'ingress', priority: PRIORITY, match: {}, action, flow: FLOW });
  setAnswers(pod, 1);
}

function findFilter({ find, rtnl }: Side, { link }: MarkingEntry): Filter | undefined {
  const index = find(link)?.index;
  if (index === undefined) return undefined;
  return rtnl.filters.list({ link: index, hook: 'ingress' }).find(({ priority }) => priority === PRIORITY);
}

function takeFilter(pod: Side, entry: MarkingEntry): void {
  const filter = findFilter(pod, entry);
  if (filter === undefined) return;
  pod.rtnl.filters.deleteIfPresent(filter);
  setAnswers(pod, 0);
}
