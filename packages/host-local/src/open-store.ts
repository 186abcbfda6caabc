import { isErrno, type Lock, lockFile, makeDirectories } from '@cni/sys';
import { pathsOf } from './paths.ts';
import { Store, type StoreOptions } from './store.ts';

/** Runs `use` with the store of a network, locked against every other command and the reference plugin; makes it if need be. Throws `SysError`. */
export function withStore<T>(options: StoreOptions, use: (store: Store) => T): T {
  const paths = pathsOf(options);
  return holding(lockIn(paths.addresses, options.lockTimeout, 0o755), () => use(new Store(paths, options)));
}

/** {@link withStore}, but where there is no store none is made: `undefined`. */
export function withStoreIfPresent<T>(options: StoreOptions, use: (store: Store) => T): T | undefined {
  const paths = pathsOf(options);
  const lock = findLock(paths.addresses, options.lockTimeout);
  return lock && holding(lock, () => use(new Store(paths, options)));
}

function holding<T>(lock: Lock, use: () => T): T {
  try {
    return use();
  } finally {
    lock.release();
  }
}

/** Takes the lock of a directory, made with `permissions` if it is not there; waits at most `timeout` milliseconds. Throws `SysError`. */
export function lockIn(directory: string, timeout: number, permissions: number): Lock {
  const lock = findLock(directory, timeout);
  if (lock !== undefined) return lock;
  makeDirectories(directory, permissions);
  return lockFile(lockOf(directory), timeout);
}

/** Takes the lock of a directory; `undefined` when that is not there. Throws `SysError`. */
function findLock(directory: string, timeout: number): Lock | undefined {
  try {
    return lockFile(lockOf(directory), timeout);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function lockOf(directory: string): string {
  return `${directory}/lock`;
}
