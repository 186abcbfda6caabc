import { syscalls } from '#syscalls';
import { checked, uninterrupted } from './errno.ts';
import { hex } from './text.ts';

/** Milliseconds since the epoch, with fractions; can jump. */
export function now(): number {
  return syscalls.clock(0);
}

/** Milliseconds since an arbitrary moment, with fractions; only forward. */
export function monotonic(): number {
  return syscalls.clock(1);
}

/** Does nothing for at least `milliseconds`. */
export function sleep(milliseconds: number): void {
  const end = monotonic() + milliseconds;
  for (let rest = milliseconds; rest > 0; rest = end - monotonic()) syscalls.poll(new Uint8Array(0), Math.ceil(rest));
}

/** Bytes of getrandom(2). */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const rest = bytes.subarray(at);
    at += checked(
      uninterrupted(() => syscalls.getrandom(rest)),
      () => 'read random bytes',
    );
  }
  return bytes;
}

/** `bytes` random bytes as lower-case hexadecimal digits, two each. */
export function randomHex(bytes: number): string {
  return hex(randomBytes(bytes));
}
