/** `length` bytes: parts at their places, and zeros. */
export function bytesOf(
  length: number,
  ...parts: readonly (readonly [at: number, bytes: ArrayLike<number>])[]
): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const [at, part] of parts) bytes.set(part, at);
  return bytes;
}

/** Whether bytes are at a place. */
export function has(packet: Uint8Array, at: number, bytes: Uint8Array): boolean {
  return bytes.every((byte, index) => packet[at + index] === byte);
}
