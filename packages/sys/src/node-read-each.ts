import { closeSync, constants, openSync, readSync } from 'node:fs';
import { namesIn } from './dirents.ts';

const { O_RDONLY, O_NONBLOCK, O_NOATIME, O_CLOEXEC } = { O_CLOEXEC: 0o2000000, ...constants };
const ENOBUFS = 105;

/** {@link Syscalls.readEach}, which the C host does in one call. */
export function readEach(fd: number, records: Uint8Array, into: Uint8Array, limit: number): number {
  const content = new Uint8Array(limit + 1);
  let at = 0;
  for (const name of namesIn(records)) {
    const length = readOne(`/proc/self/fd/${fd}/`, name, content, limit);
    if (at + name.length + length + 2 > into.length) return -ENOBUFS;
    into.set(name, at);
    into.set(content.subarray(0, length), at + name.length + 1);
    into[at + name.length] = into[at + name.length + 1 + length] = 0;
    at += name.length + length + 2;
  }
  return at;
}

function readOne(directory: string, name: Uint8Array, into: Uint8Array, limit: number): number {
  try {
    const path = Buffer.concat([Buffer.from(directory), name]);
    const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
    try {
      const length = readSync(fd, into);
      return length > limit || into.subarray(0, length).includes(0) ? 0 : length;
    } finally {
      closeSync(fd);
    }
  } catch {
    return 0;
  }
}
