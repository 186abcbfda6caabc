import { monotonic, readStdinPiece } from '@cni/sys';
import { JsonScan } from './json.ts';

/** Milliseconds to wait for a runtime that is still writing. Somebody at a terminal writes nothing. */
const PATIENCE = 500;

/**
 * Standard input to the end of the first JSON value, to its end, or as far as it has come in time: never blocks for long.
 * Stops when it has more than `limit` bytes. Throws `SysError`.
 */
export function readFirstJson(limit: number): Uint8Array {
  const scan = new JsonScan();
  const deadline = monotonic() + PATIENCE;
  const pieces: Uint8Array[] = [];
  for (let length = 0; length <= limit; ) {
    const piece = readStdinPiece(deadline - monotonic());
    if (piece === undefined) break;
    pieces.push(piece);
    length += piece.length;
    if (scan.feed(piece) !== undefined) break;
  }
  return joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
