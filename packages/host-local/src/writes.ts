import { findStat, isErrno, link, makeDirectories, randomHex, removeIfPresent, rename, writeFile } from '@cni/sys';
import type { Doomed } from './journal.ts';
import type { Paths } from './paths.ts';
import { contentOf, type Survey } from './survey.ts';

/** What a file system without hard links, or two of them, answer to link(2). */
const NO_LINKS = ['EXDEV', 'EPERM', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** Makes a file appear whole, under a name that must be free. Throws `SysError`. */
export function place({ aside, addresses }: Paths, name: string, content: string): void {
  writeFile(aside, content, { mode: 'exclusive' });
  try {
    link(aside, `${addresses}/${name}`);
  } catch (error) {
    if (!isErrno(error, ...NO_LINKS)) throw error;
    writeFile(`${addresses}/${name}`, content, { mode: 'exclusive' });
  }
  removeIfPresent(aside);
}

/** Replaces a file by another; between two file systems it is written in place. Throws `SysError`. */
function replace({ aside, addresses }: Paths, name: string, content: string): void {
  writeFile(aside, content, { mode: 'exclusive' });
  try {
    rename(aside, `${addresses}/${name}`);
  } catch (error) {
    if (!isErrno(error, 'EXDEV')) throw error;
    writeFile(`${addresses}/${name}`, content);
    removeIfPresent(aside);
  }
}

/** Removes what is there of a command that did not, or must not, come to its end. Throws `SysError`. */
export function finish({ addresses, aside }: Paths, doomed: readonly Doomed[]): void {
  removeIfPresent(aside);
  for (const [name, record] of doomed) {
    const content = contentOf(`${addresses}/${name}`)?.trim();
    if (content === record || content === '') removeIfPresent(`${addresses}/${name}`);
  }
}

/** Lets a cursor point at an address. `report` is told what was in the way. Throws `SysError`. */
export function moveCursor(paths: Paths, name: string, address: string, report: (line: string) => void): void {
  const path = `${paths.addresses}/${name}`;
  const found = findStat(path);
  if (found?.type === 'directory') report(`${path}: is a directory; ${setAside(paths, name)}`);
  // Overwritten by one write(2) where that leaves nothing of the old text: cheaper on ext4, see `writeJournal`.
  if (found?.type === 'file' && found.size <= address.length) writeFile(path, address, { mode: 'write' });
  else replace(paths, name, address);
}

/** Takes out of the way what is named like an address and belongs to nobody; `report` is told. */
export function clear(paths: Paths, { empty, damaged, foreign }: Survey, report: (line: string) => void): void {
  const path = (name: string) => `${paths.addresses}/${name}`;
  for (const name of empty) report(`${path(name)}: empty, left by a crash; ${discard(paths, name)}`);
  for (const name of damaged) report(`${path(name)}: names no owner; ${setAside(paths, name)}`);
  for (const name of foreign) report(`${path(name)}: not an address, or not readable; left alone`);
}

/** Takes something out of the way without destroying it; what was done. */
function setAside({ addresses, damaged }: Paths, name: string): string {
  const target = `${damaged}/${name}.${randomHex(4)}`;
  try {
    makeDirectories(damaged, 0o700);
    rename(`${addresses}/${name}`, target);
    return `moved to ${target}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Removes what is worth nothing; what was done. */
export function discard({ addresses }: Paths, name: string): string {
  try {
    removeIfPresent(`${addresses}/${name}`);
    return 'removed';
  } catch (error) {
    return (error as Error).message;
  }
}
