import { findStat, findText, isErrno, removeIfPresent, writeFile } from '@cni/sys';
import { addressOfName } from './record.ts';

/**
 * What the last command left behind, `<side>/journal`. `clean`: it ended, and the directory of addresses looked like
 * `fingerprint`. `unfinished`: it was to put these addresses in or take them out for this record; either way they must go.
 */
export type Journal =
  | { readonly state: 'clean'; readonly fingerprint: string }
  | { readonly state: 'unfinished'; readonly addresses: readonly string[]; readonly record: string };

/** The journal at `path`; `undefined` when there is none or it cannot be understood. */
export function readJournal(path: string): Journal | undefined {
  const [state, first = '', ...rest] = (findText(path) ?? '').split('\n');
  const remainder = rest.join('\n');
  if (state === 'clean' && remainder.endsWith('\nend'))
    return { state, fingerprint: `${first}\n${remainder.slice(0, -4)}` };
  if (state === 'unfinished' && remainder.endsWith('\nend'))
    return { state, addresses: first.split(' '), record: remainder.slice(0, -4) };
  return undefined;
}

/** Writes in place: one that is cut short is as good as none. Throws `SysError`. */
export function writeJournal(path: string, journal: Journal): void {
  const body = journal.state === 'clean' ? journal.fingerprint : `${journal.addresses.join(' ')}\n${journal.record}`;
  writeFile(path, `${journal.state}\n${body}\nend`);
}

/** Makes the next command look at everything. Throws `SysError`. */
export function dropJournal(path: string): void {
  removeIfPresent(path);
}

/**
 * Tells whether anybody has changed the directory: its identity and time, and of each cursor its text and whom the address it
 * points at belongs to. The reference plugin moves a cursor with every address it hands out, so that it is noticed even
 * within one tick of the file system's clock.
 */
export function fingerprintOf(directory: string, cursors: readonly string[]): string {
  const found = findStat(directory);
  const identity = found === undefined ? 'none' : `${found.dev} ${found.ino} ${found.mtime}`;
  return [cursors.join(' '), identity, ...cursors.map((name) => cursorPrint(directory, name))].join('\n');
}

/** The cursors that a fingerprint is of. */
export function cursorsOf(fingerprint: string): string[] {
  return fingerprint
    .slice(0, fingerprint.indexOf('\n'))
    .split(' ')
    .filter((name) => name !== '');
}

function cursorPrint(directory: string, name: string): string {
  const text = readable(`${directory}/${name}`);
  const holder = text !== undefined && addressOfName(text) !== undefined ? readable(`${directory}/${text}`) : undefined;
  return JSON.stringify([text, holder]);
}

/** The text of a file that may be anything. */
function readable(path: string): string | undefined {
  try {
    return findText(path);
  } catch (error) {
    if (isErrno(error, 'EISDIR', 'EACCES', 'EPERM', 'ELOOP', 'EIO', 'ENXIO')) return undefined;
    throw error;
  }
}
