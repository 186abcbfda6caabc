import { now } from '@cni/sys';
import { openTable, type Table } from './table.ts';

/** Addresses that are kept for the pods that had them. */
export interface Sticky {
  /** Names of the addresses that a pod had last. */
  addressesOf(pod: string): string[];
  /** Since when an address that nobody holds is kept for another pod, in milliseconds since the epoch; `undefined` when it is not. */
  keptSince(name: string, pod: string | undefined): number | undefined;
  /** Notes that a pod, or somebody who is none, has these addresses and no others. */
  hold(pod: string | undefined, names: readonly string[]): void;
  /** Notes that these addresses are free, which is when their time begins. */
  free(names: readonly string[]): void;
}

/** Nothing is kept. */
export const NOT_STICKY: Sticky = {
  addressesOf: () => [],
  keptSince: () => undefined,
  hold: () => {},
  free: () => {},
};

/**
 * Addresses kept for `lifetime` milliseconds after they were freed, by what is in a directory: `addresses/` says for whom an
 * address is and since when it is free, 0 as long as it is not known to be; `pods/` where to look for a pod. What cannot be written
 * down is forgotten, which is no failure; to read throws `SysError`.
 */
export function openSticky(directory: string, lifetime: number): Sticky {
  const moment = Math.floor(now());
  const addresses = openTable(`${directory}/addresses`, (_, value) => isKept(parseKept(value), moment, lifetime));
  const isPods = (pod: string, name: string) => findKept(addresses, name)?.pod === pod;
  const pods = openTable(`${directory}/pods`, (pod, names) => names.split(',').some((name) => isPods(pod, name)));
  const save = () => {
    try {
      addresses.save();
      pods.save();
    } catch {}
  };
  const addressesOf = (pod: string) => (pods.get(pod) ?? '').split(',').filter((name) => isPods(pod, name));
  return {
    addressesOf,
    keptSince(name, pod) {
      const kept = findKept(addresses, name);
      if (kept === undefined || kept.pod === pod || !isKept(kept, moment, lifetime)) return undefined;
      if (kept.since !== 0) return kept.since;
      // Freed by somebody who does not know of this, or never reserved.
      addresses.set(name, formatKept({ pod: kept.pod, since: moment }));
      save();
      return moment;
    },
    hold(pod, names) {
      const left = pod === undefined ? [] : addressesOf(pod);
      for (const name of left) addresses.set(name, undefined);
      for (const name of names) addresses.set(name, pod && formatKept({ pod, since: 0 }));
      if (pod !== undefined) pods.set(pod, names.join(','));
      save();
    },
    free(names) {
      for (const name of names) {
        const kept = findKept(addresses, name);
        if (kept?.since === 0) addresses.set(name, formatKept({ pod: kept.pod, since: moment }));
      }
      save();
    },
  };
}

interface Kept {
  readonly pod: string;
  /** Milliseconds since the epoch, 0 while it is held. */
  readonly since: number;
}

function parseKept(value: string): Kept {
  const [since = '', pod = ''] = value.split(' ');
  return { pod, since: Number.parseInt(since, 10) || 0 };
}

function formatKept({ pod, since }: Kept): string {
  return `${since} ${pod}`;
}

function findKept(addresses: Table, name: string): Kept | undefined {
  const value = addresses.get(name);
  return value === undefined ? undefined : parseKept(value);
}

/** A time to come is of a clock that was set back. */
function isKept({ since }: Kept, moment: number, lifetime: number): boolean {
  return since === 0 || (since <= moment && moment - since < lifetime);
}
