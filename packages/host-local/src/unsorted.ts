import { isAddressName, ownerOf, recordIn } from './record.ts';
import type { Held } from './survey.ts';

/**
 * What many files of addresses say, before it is sorted by owner: the name and the content of each, each ended by NUL. To read sixty
 * thousand files and to sort them takes twice as long as to read them, so one command reads them and the next one sorts what it read.
 */
export interface Unsorted {
  /** The boot in which it was read. */
  readonly boot: string;
  readonly contents: string;
}

/** So much is worth a command of its own: 800 records of a runtime. */
const MUCH = 65_536;

/** Whether sorting is better left to the next command. */
export function isMuch(contents = ''): boolean {
  return contents.length > MUCH;
}

/** Names of files that may say they are of a container; what they say has to be verified. */
export function namesOf(contents: string, containerId: string): string[] {
  const names = new Set<string>();
  for (let at = contents.indexOf(containerId); at !== -1; at = contents.indexOf(containerId, at + 1)) {
    const start = contents.lastIndexOf('\0', at) + 1;
    const record = recordIn(contents.slice(start, contents.indexOf('\0', at)));
    if (record === undefined || ownerOf(record).containerId !== containerId) continue;
    // Found in a name, this is the content before it.
    const name = contents.slice(contents.lastIndexOf('\0', start - 2) + 1, start - 1);
    if (isAddressName(name)) names.add(name);
  }
  return [...names];
}

/** With a file more. */
export function withFile(contents: string, { name, record }: Held): string {
  return `${contents}${name}\0${record}\0`;
}

/** Without a file. */
export function withoutFile(contents: string, name: string): string {
  const start = contents.startsWith(`${name}\0`) ? 0 : contents.indexOf(`\0${name}\0`) + 1;
  if (start === 0 && !contents.startsWith(`${name}\0`)) return contents;
  const end = contents.indexOf('\0', start + name.length + 1) + 1;
  return contents.slice(0, start) + contents.slice(end);
}

/** One by one, without what is no record. */
export function eachFile(contents: string): Held[] {
  const parts = contents.split('\0');
  return parts.flatMap((name, at) => {
    const record = at % 2 === 0 && at + 1 < parts.length ? recordIn(parts[at + 1] as string) : undefined;
    return record === undefined ? [] : [{ name, record }];
  });
}
