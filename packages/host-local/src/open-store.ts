import { findStat, isErrno, type Lock, lockFile, makeDirectories } from '@cni/sys';
import { pathsOf } from './paths.ts';
import { Store, type StoreOptions } from './store.ts';

/** Runs `use` with the store of a network, locked against every other command and the reference plugin; makes it if need be. Throws `SysError`. */
export function withStore<T>(options: StoreOptions, use: (store: Store) => T): T {
  const paths = pathsOf(options);
  const lock = lockIn(paths.addresses, options.lockTimeout, 0o755);
  try {
    return use(new Store(paths, options));
  } finally {
    lock.release();
  }
}

/** {@link withStore}, but where there is no store none is made: `undefined`. */
export function withStoreIfPresent<T>(options: StoreOptions, use: (store: Store) => T): T | undefined {
  return findStat(pathsOf(options).addresses) === undefined ? undefined : withStore(options, use);
}

/** Takes the lock of a directory, made with `permissions` if it is not there; waits at most `timeout` milliseconds. Throws `SysError`. */
export function lockIn(directory: string, timeout: number, permissions: number): Lock {
  const path = `${directory}/lock`;
  try {
    return lockFile(path, timeout);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    makeDirectories(directory, permissions);
    return lockFile(path, timeout);
  }
}
