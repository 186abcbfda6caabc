import { syscalls } from '#syscalls';
import { checked } from './errno.ts';

/** The UTF-8 bytes of a text; a lone surrogate becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  return syscalls.utf8(text);
}

/** Lower-case hexadecimal digits, two for each byte. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The SHA-256 of bytes, as {@link hex}. */
export function sha256(bytes: Uint8Array): string {
  const digest = new Uint8Array(32);
  checked(syscalls.sha256(bytes, digest), () => 'compute a SHA-256');
  return hex(digest);
}

/** The text of UTF-8 bytes; ill-formed ones become U+FFFD. */
export function text(utf8: Uint8Array): string {
  return syscalls.text(utf8);
}
