import { findStat, findText, isErrno, readStart, removeIfPresent, text, writeFile } from '@cni/sys';
import { isAddressName } from './record.ts';
import { contentOf, type Held } from './survey.ts';

/**
 * What the last command left behind. `clean`: it ended, and the directory of addresses looked like this. `unfinished`: it was
 * to put these addresses in or to take them out; either way they must go.
 */
export type Journal = { readonly clean: string } | { readonly unfinished: readonly Doomed[] };

/** The name of an address's file and its content, without which it is left alone. */
export type Doomed = readonly [name: string, record: string];

export function doomedOf(held: readonly Held[]): Doomed[] {
  return held.map(({ name, record }) => [name, record]);
}

/** The journal at `path`, its first line; `undefined` when there is none or it cannot be understood. */
export function readJournal(path: string): Journal | undefined {
  try {
    const [line = ''] = (findText(path) ?? '').split('\n', 1);
    const journal: unknown = JSON.parse(line);
    return typeof journal === 'object' && journal !== null ? (journal as Journal) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Replaces the journal by one write(2), so that a process that is killed leaves the old one or the new. Overwritten rather than
 * truncated or renamed over: either of these makes ext4 write to the disk at once. Throws `SysError`.
 */
export function writeJournal(path: string, journal: Journal): void {
  const line = `${JSON.stringify(journal)}\n`;
  try {
    writeFile(path, line, { mode: 'write' });
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    writeFile(path, line);
  }
}

/** Lets the next command complete a removal. On a full disk addresses are freed without that. Throws `SysError`. */
export function announceRemoval(path: string, doomed: readonly Doomed[]): void {
  try {
    writeJournal(path, { unfinished: doomed });
  } catch {
    dropJournal(path);
  }
}

/** Makes the next command look at everything. Throws `SysError`. */
export function dropJournal(path: string): void {
  removeIfPresent(path);
}

/**
 * Tells whether anybody has changed the directory: the boot, its identity and time, and of each cursor its text and whom the
 * address it points at belongs to. After a reboot nothing is taken for granted: the disk may not have got all of it. The reference plugin moves a cursor with every address it hands out, so that it is noticed even
 * within one tick of the file system's clock.
 */
export function fingerprintOf(directory: string, boot: string, cursors: readonly string[]): string {
  const found = findStat(directory);
  const identity = found === undefined ? 'none' : `${found.dev} ${found.ino} ${found.mtime}`;
  return [cursors.join(' '), boot, identity, ...cursors.map((name) => cursorPrint(directory, name))].join('\n');
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
  const holder = text !== undefined && isAddressName(text) ? readable(`${directory}/${text}`) : undefined;
  return JSON.stringify([text, holder]);
}

/** The text of a file that may be anything. */
function readable(path: string): string | undefined {
  try {
    return contentOf(path);
  } catch {
    return undefined;
  }
}

/** Of a kernel that does not tell. */
export const UNKNOWN_BOOT = '00000000';

/** The first eight digits of the kernel's boot id. */
export function bootId(): string {
  try {
    return text(readStart('/proc/sys/kernel/random/boot_id', UNKNOWN_BOOT.length));
  } catch {
    return UNKNOWN_BOOT;
  }
}
