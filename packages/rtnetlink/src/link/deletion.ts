import { detach, monotonic, type Netns, sleep } from '@cni/sys';
import { openRtnl, type Rtnl } from '../rtnl.ts';

/** One namespace, and a conversation about it. */
export interface End {
  readonly rtnl: Rtnl;
  /** Absent for the own namespace. */
  readonly netns?: Netns;
}

/** How long a device may take to leave, in milliseconds; it takes about one. */
const DEPARTURE_TIMEOUT = 5_000;

/**
 * Deletes links and returns when they are gone. The kernel answers a DELLINK 10 to 50 ms later than that, after a grace period
 * that nobody needs to wait for, so a process of its own does. Throws `NetlinkError` and `SysError`.
 */
export function deleteQuietly({ rtnl, netns }: End, indexes: readonly number[]): void {
  if (indexes.length === 0) return;
  // Two processes cannot share one conversation.
  detach(() => {
    const own = openRtnl(netns);
    for (const index of indexes) own.links.deleteIfPresent(index);
  });
  const start = monotonic();
  for (const index of indexes) {
    while (rtnl.links.find({ index }) !== undefined) {
      const waited = monotonic() - start;
      if (waited > DEPARTURE_TIMEOUT) rtnl.links.deleteIfPresent(index);
      if (waited > 3) sleep(1);
    }
  }
}
