import { syscalls } from '#syscalls';

/** The UTF-8 bytes of a text; a lone surrogate becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  return syscalls.utf8(text);
}

/** The text of UTF-8 bytes; ill-formed ones become U+FFFD. */
export function text(utf8: Uint8Array): string {
  return syscalls.text(utf8);
}
