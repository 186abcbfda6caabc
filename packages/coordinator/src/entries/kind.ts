import type { Ground, Look } from '../ground.ts';

/** What a kind of entry is to the kernel. Verbs throw `NetlinkError`, `SysError` and `CniError`. */
export interface Kind<E> {
  /** The thing, for people, whatever it is like: no two of one place have the same words. */
  words(entry: E): string;
  /** Makes it; what is there already is changed. */
  put(entry: E, ground: Ground): void;
  /** Takes it back, as far as it is there. */
  take(entry: E, ground: Ground): void;
  /** What is wrong with it, if anything, in words. */
  faultOf(entry: E, look: Look): string | undefined;
}

/** Where a thing is, for people. */
export function placeOf({ side }: { readonly side: 'pod' | 'host' }): string {
  return side === 'host' ? 'on the node' : 'in the pod';
}
