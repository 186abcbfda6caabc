import { CniError, type Network } from '@cni/skel';
import { isErrno } from '@cni/sys';
import type { Ground } from './allocate.ts';
import type { IpamConfig, StorageConfig } from './config.ts';
import { amongNeighbours, neighboursOf } from './neighbours.ts';
import { withStore } from './open-store.ts';
import { pathsOf } from './paths.ts';
import { nameOf } from './record.ts';
import { restingAt } from './resting.ts';
import { NOT_STICKY, openSticky, type Sticky } from './sticky.ts';
import type { Store, StoreOptions } from './store.ts';

/** The store of a network, as it is configured; what is freed is kept for its pod. */
export function storeOf(
  storage: StorageConfig,
  network: Pick<Network, 'name'>,
  sticky: Sticky = stickyOf(storage, network),
): StoreOptions {
  const { dataDir, lockTimeout, reuseDelay } = storage;
  return { dataDir, lockTimeout, reuseDelay, network: network.name, onFreed: (names) => sticky.free(names) };
}

/** What is kept for pods; to be used while the store is locked. */
function stickyOf({ dataDir, sticky }: StorageConfig, network: Pick<Network, 'name'>): Sticky {
  return sticky === 0 ? NOT_STICKY : openSticky(pathsOf({ dataDir, network: network.name }).sticky, sticky);
}

/** How long an address that somebody else answers for is not handed out, in milliseconds. */
const SET_ASIDE = 600_000;

/** A store with all that a choice depends on. */
export interface Grounds {
  readonly store: Store;
  readonly ground: Ground;
  readonly sticky: Sticky;
}

/** Uses a store, with what it and the other networks of this node tell of addresses to somebody who is `pod`. Throws `SysError`. */
export function withGrounds<T>(
  ipam: IpamConfig,
  network: Network,
  pod: string | undefined,
  use: (grounds: Grounds) => T,
): T {
  const sticky = stickyOf(ipam, network);
  const options = storeOf(ipam, network, sticky);
  const { holder } = neighboursOf(options, ipam.isolated);
  return amongNeighbours(options, ipam.isolated, ipam.lockTimeout, () =>
    withStore(options, (store) => {
      const answered = ipam.probe ? restingAt(pathsOf(options).answered, SET_ASIDE) : undefined;
      const ground: Ground = {
        holder,
        isTaken: (ip) => store.isTaken(ip) || answered?.freedAt(ip) !== undefined,
        freedAt: (ip) => store.freedAt(ip),
        keptSince: (ip) => sticky.keptSince(nameOf(ip), pod),
        cursor: (name) => store.cursor(name),
      };
      return use({ store, ground, sticky });
    }),
  );
}

/** {@link withGrounds} for STATUS: that the store cannot be used is the answer. */
export function withUsableGrounds(ipam: IpamConfig, network: Network, use: (grounds: Grounds) => void): void {
  try {
    withGrounds(ipam, network, undefined, use);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SysError') throw error;
    const busy = isErrno(error, 'EAGAIN');
    throw busy ? error : new CniError('NOT_AVAILABLE', `use the store: ${error.message}`, { cause: error });
  }
}
