import { syscalls } from '#syscalls';
import { monotonic } from './clock.ts';

/** There is something to read, or there never will be: the end, an error, a closed descriptor. */
export const POLLIN = 1;
/** There is room to write, or there never will be. */
export const POLLOUT = 4;

const EINTR = -4;

/** Milliseconds, the most that poll(2) takes: 24 days. */
const LONGEST_WAIT = 0x7fffffff;

/** Waits until one of `events` has come, at most `milliseconds`; whether it has. Whoever reads or writes then learns what it is. */
export function isReady(fd: number, events: number, milliseconds: number = LONGEST_WAIT): boolean {
  const deadline = monotonic() + Math.min(milliseconds, LONGEST_WAIT);
  for (;;) {
    const result = syscalls.poll(pollfd(fd, events), Math.max(0, Math.ceil(deadline - monotonic())));
    if (result !== EINTR) return result !== 0;
  }
}

/** One `struct pollfd`, poll(2). */
function pollfd(fd: number, events: number): Uint8Array {
  const record = new Uint8Array(8);
  const view = new DataView(record.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, events, true);
  return record;
}
