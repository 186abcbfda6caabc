import { makeDirectories, removeIfPresent, writeFile } from '@cni/sys';
import type { Node } from './plugin.ts';

/** Addresses of others, outside every range of a test. */
const OTHERS = Array.from({ length: 80 }, (_, at) => `10.9.0.${at}`);
/** So long that there are 64 KiB of them, which are not sorted at once. */
const RECORD = `${'x'.repeat(900)}\r\neth0`;

/** Puts records into a store as the reference plugin does: so many that one command reads them and the next one sorts them. */
export function crowd(node: Node): void {
  makeDirectories(node.path(''));
  for (const name of OTHERS) writeFile(node.path(name), RECORD);
}

/** Whether an address is one of those. */
export function isOfCrowd(name: string): boolean {
  return OTHERS.includes(name);
}

/** Changes the directory as somebody does who knows of no index. */
export function meddle(node: Node): void {
  writeFile(node.path('10.9.1.1'), RECORD);
  removeIfPresent(node.path('10.9.1.1'));
}
