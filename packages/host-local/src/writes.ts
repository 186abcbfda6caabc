import { isErrno, link, makeDirectories, randomHex, removeIfPresent, rename, writeFile } from '@cni/sys';
import type { Paths } from './paths.ts';

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
export function replace({ aside, addresses }: Paths, name: string, content: string): void {
  writeFile(aside, content, { mode: 'exclusive' });
  try {
    rename(aside, `${addresses}/${name}`);
  } catch (error) {
    if (!isErrno(error, 'EXDEV')) throw error;
    writeFile(`${addresses}/${name}`, content);
    removeIfPresent(aside);
  }
}

/** Takes something out of the way without destroying it; what was done. */
export function setAside({ addresses, damaged }: Paths, name: string): string {
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
