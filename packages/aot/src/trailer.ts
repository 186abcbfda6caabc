/** What the end of an executable says about the parts before it; `struct trailer` of engine/engine.h. */
export interface Trailer {
  readonly snapshotOffset: number;
  readonly snapshotLength: number;
  readonly memoryPages: number;
  readonly mainFunction: number;
  readonly linesLength: number;
  /** SHA-256 of the bytecode: two executables with the same one are the same program. */
  readonly program: Uint8Array;
}

export const TRAILER_SIZE = 64;
const MAGIC = 'CNIAOT02';

export function encodeTrailer(trailer: Trailer): Uint8Array {
  const bytes = new Uint8Array(TRAILER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(trailer.snapshotOffset), true);
  view.setUint32(8, trailer.snapshotLength, true);
  view.setUint32(12, trailer.memoryPages, true);
  view.setUint32(16, trailer.mainFunction, true);
  view.setUint32(20, trailer.linesLength, true);
  bytes.set(trailer.program, 24);
  bytes.set(new TextEncoder().encode(MAGIC), 56);
  return bytes;
}
