import { findEnd, hex, text } from '@cni/sys';
import type { Surroundings } from './execute.ts';

/** A plugin that is a part of this program, as a function of its surroundings to its exit status. */
export type Part = (around: Surroundings) => number;

/** By the names of their executables. */
export type Parts = Readonly<Record<string, Part>>;

/** What `cni-aot build --contains` found out: of each part, the identity of the program its own executable is. */
declare const __programs: Readonly<Record<string, string>> | undefined;

/** The end of an executable, `struct trailer` of `@cni/aot`: the identity, a SHA-256, stands before the eight bytes of magic. */
const TRAILER = 40;
const IDENTITY = 32;
const MAGIC = 'CNIAOT02';

/** The part that the executable at `path` is: of the very same build, so that it does the same without a process. */
export function partAt(path: string, type: string, parts: Parts): Part | undefined {
  const identity = typeof __programs === 'undefined' ? undefined : __programs[type];
  if (identity === undefined || !Object.hasOwn(parts, type)) return undefined;
  const end = findEnd(path, TRAILER);
  if (end === undefined || text(end.subarray(IDENTITY)) !== MAGIC) return undefined;
  return hex(end.subarray(0, IDENTITY)) === identity ? parts[type] : undefined;
}
