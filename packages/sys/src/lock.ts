import { syscalls } from '#syscalls';
import { monotonic, sleep } from './clock.ts';
import { checked, SysError, uninterrupted } from './errno.ts';
import { close, findText, open, statDescriptor } from './files.ts';
import { ownNetns } from './netns.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const EAGAIN = -11;

/** Held until it is released, or until the process ends. */
export interface Lock {
  release(): void;
}

/**
 * Takes the exclusive flock(2) of a file, made with `permissions` if it is not there, waiting at most `timeout` milliseconds.
 * Throws {@link SysError}; `EAGAIN` with the holder's pid when it is not free by then.
 */
export function lockFile(path: string, timeout: number, permissions = 0o600): Lock {
  return lockDescriptor(open(path, 'create', permissions), path, timeout);
}

/** Milliseconds: longer than any that is held. */
const NETNS_TIMEOUT = 30_000;

/**
 * Runs `run` while it has the exclusive lock of the network namespace the process is in: one for the node, with no file to leave
 * behind. Throws {@link SysError} as {@link lockFile} does.
 */
export function withNetnsLock<T>(run: () => T, timeout: number = NETNS_TIMEOUT): T {
  const { fd, path } = ownNetns();
  const lock = lockDescriptor(fd, path, timeout);
  try {
    return run();
  } finally {
    lock.release();
  }
}

function lockDescriptor(fd: number, name: string, timeout: number): Lock {
  let deadline: number | undefined;
  try {
    for (let wait = 0.5; ; wait = Math.min(wait * 2, 20)) {
      const result = uninterrupted(() => syscalls.flock(fd, LOCK_EX | LOCK_NB));
      if (result !== EAGAIN) {
        checked(result, () => `lock ${name}`);
        return { release: () => release(fd) };
      }
      deadline ??= monotonic() + timeout;
      if (monotonic() >= deadline) throw new SysError(`lock ${name}, ${heldBy(fd)}, for ${timeout} ms`, -EAGAIN);
      sleep(wait);
    }
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Closing would leave it to the copy of the descriptor that a process has which was begun meanwhile (`detach`). */
function release(fd: number): void {
  syscalls.flock(fd, LOCK_UN);
  close(fd);
}

/** Looks the holder up in /proc/locks, which names inodes: `1: FLOCK ADVISORY WRITE 321 fe:00:4711 0 EOF`. */
function heldBy(fd: number): string {
  const { ino } = statDescriptor(fd);
  const holder = findText('/proc/locks')
    ?.split('\n')
    .map((line) => line.split(/\s+/))
    .find((words) => words[1] === 'FLOCK' && words[5]?.endsWith(`:${ino}`));
  return holder === undefined ? 'held by an unknown process' : `held by pid ${holder[4]}`;
}
