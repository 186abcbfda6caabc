import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Whether our executables are those of this repository. */
export const isBuilt: boolean = process.env['CNI_BENCH_BIN'] === undefined;
/** Where our executables are: what was built, or those of `CNI_BENCH_BIN`. */
export const ours: string = process.env['CNI_BENCH_BIN'] ?? join(import.meta.dirname, '../../dist/bin');
/** Where the reference plugins are. */
export const reference: string = '/usr/lib/cni';

/** The names of our executables. Throws when there are none. */
export function ourNames(): string[] {
  const names = existsSync(ours) ? readdirSync(ours).sort() : [];
  if (names.length === 0) throw new Error(`find executables: none in ${ours}; npm run build`);
  return names;
}

/** One of our executables. Throws when it is not there. */
export function ourExecutable(name: string): string {
  const path = join(ours, name);
  if (!existsSync(path)) throw new Error(`find executable ${name}: not in ${ours}; npm run build`);
  return path;
}

/** The reference's plugin of a name; `undefined` when there is none. */
export function findReference(name: string): string | undefined {
  const path = join(reference, name);
  return existsSync(path) ? path : undefined;
}

/** The same. Throws when there is none. */
export function referenceExecutable(name: string): string {
  const path = findReference(name);
  if (path === undefined) throw new Error(`find the reference's ${name}: not in ${reference}`);
  return path;
}

/** In bytes. */
export function sizeOf(path: string): number {
  return statSync(path).size;
}
