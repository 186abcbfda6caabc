import { utf8 } from '@cni/sys';

/** FNV-1a, 32 bits, of a text as UTF-8. Another `basis` gives another hash. To name things, not to withstand anyone. */
export function fnv1a(text: string, basis = 0x811c9dc5): number {
  let hash = basis;
  for (const byte of utf8(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
