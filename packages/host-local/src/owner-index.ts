import { findText, listDirectory, makeDirectories, removeIfPresent, utf8, writeFile } from '@cni/sys';
import { isAddressName } from './record.ts';
import type { Held, HeldList } from './survey.ts';
import { eachFile, type Unsorted } from './unsorted.ts';

/**
 * Finds the addresses of a container without reading every record. 64 files hold an entry for each address: `<record>
 * <boot> <address>`, ended by NUL, in the file that some of the container id's characters tell, or blanks in the place of one. An
 * entry may be stale, so what it says has to be verified; that none is missing is for the journal to know. Each call throws `SysError`.
 */
export interface OwnerIndex {
  /** Names of files of addresses that may be the container's. */
  find(containerId: string): string[];
  /** Every entry. */
  list(): Entry[];
  add(boot: string, held: Held): void;
  /** Removes the entries of these addresses from those of a container. */
  remove(containerId: string, addresses: ReadonlySet<string>): void;
  /** Makes the index consist of these; those that it has not yet are of `boot`. */
  rebuild(held: HeldList, boot: string): void;
  /** Puts what is not sorted beside the entries, which then need not be complete. */
  keep(unsorted: Unsorted): void;
  findUnsorted(): Unsorted | undefined;
}

/** One address of one container. */
export interface Entry extends Held {
  /** The first eight digits of the kernel's boot id at the time the address was reserved, or first seen. */
  readonly boot: string;
}

const BLANK = ' ';
const CARRIAGE_RETURN = 13;
const BUCKETS = 64;
const BUCKET = /^[0-9a-f]{2}$/;

/** Which file, by some characters of the id that ends at `end`: to look at all of them takes as long as to read the record. */
function bucketOf(record: string, end: number): number {
  const last = record.charCodeAt(end - 1) * 31 + record.charCodeAt(end - 2) * 167;
  // Where there is no such character it is NaN, which counts as 0.
  return (last + record.charCodeAt(end - 5) * 59 + record.charCodeAt(end >> 1)) & (BUCKETS - 1);
}

function nameOfBucket(bucket: number): string {
  return bucket.toString(16).padStart(2, '0');
}

function formatEntry(boot: string, { name, record }: Held): string {
  return `${record} ${boot} ${name}`;
}

function parseEntry(entry: string): Entry {
  const [record = '', boot = '', name = ''] = entry.split(' ');
  return { record, boot, name };
}

function nameIn(entry: string): string {
  return entry.slice(entry.lastIndexOf(' ') + 1);
}

function isOf(containerId: string): (entry: string) => boolean {
  const end = containerId.length;
  return (entry) => entry.startsWith(containerId) && (entry[end] === '\r' || entry[end] === ' ');
}

/** The index in a directory of its own. */
export function openOwnerIndex(directory: string): OwnerIndex {
  const pathOf = (bucket: number) => `${directory}/${nameOfBucket(bucket)}`;
  const bucketFor = (containerId: string) => pathOf(bucketOf(containerId, containerId.length));
  const unsortedPath = `${directory}/unsorted`;
  /** The one that was looked up last. */
  let found: { readonly path: string; readonly text: string } | undefined;
  const findUnsorted = () => parseUnsorted(findText(unsortedPath));
  return {
    findUnsorted,
    keep: ({ boot, contents }) => writeFile(unsortedPath, `${boot}\0${contents}`),
    find(containerId) {
      const path = bucketFor(containerId);
      found = { path, text: findText(path) ?? '' };
      const names = partsOf(found.text).filter(isOf(containerId)).map(nameIn);
      return [...new Set(names)].filter(isAddressName);
    },
    list: () =>
      listDirectory(directory)
        .filter((name) => BUCKET.test(name))
        .flatMap((bucket) => read(`${directory}/${bucket}`).map(parseEntry))
        .concat(entriesOf(findUnsorted()))
        .filter(({ name }) => isAddressName(name)),
    add(boot, held) {
      const path = pathOf(bucketOf(held.record, endOfId(held.record)));
      found = undefined;
      writeFile(path, `${formatEntry(boot, held)}\0`, { mode: 'append' });
    },
    remove(containerId, addresses) {
      const path = bucketFor(containerId);
      const isOurs = isOf(containerId);
      const text = found?.path === path ? found.text : (findText(path) ?? '');
      found = undefined;
      const kept = partsOf(text).filter((part) => isEntry(part) && !(isOurs(part) && addresses.has(nameIn(part))));
      // What an append left that did not come to its end goes too: the next one would be read together with it.
      const less = utf8(text).length - utf8(textOf(kept)).length;
      if (less > 0) writeOver(path, kept, less);
    },
    rebuild(held, boot) {
      found = undefined;
      makeDirectories(directory, 0o700);
      const present = new Set(listDirectory(directory));
      for (const [bucket, entries] of bucketsOf(held, boot).entries()) {
        const text = present.has(nameOfBucket(bucket)) ? (findText(pathOf(bucket)) ?? '') : '';
        const old = partsOf(text).filter(isEntry);
        if (entries.length === 0 && text !== '') removeIfPresent(pathOf(bucket));
        else if (entries.length > 0) rewrite(pathOf(bucket), entries, old, text.endsWith('\0'));
      }
      removeIfPresent(unsortedPath);
    },
  };
}

function parseUnsorted(text: string | undefined): Unsorted | undefined {
  const end = text?.indexOf('\0') ?? -1;
  return text === undefined || end === -1 ? undefined : { boot: text.slice(0, end), contents: text.slice(end + 1) };
}

function entriesOf(unsorted: Unsorted | undefined): Entry[] {
  if (unsorted === undefined) return [];
  return eachFile(unsorted.contents).map((held) => ({ ...held, boot: unsorted.boot }));
}

function read(path: string): string[] {
  return partsOf(findText(path) ?? '').filter(isEntry);
}

/** Entries and blanks. What comes after the last NUL was not written to its end. */
function partsOf(text: string): string[] {
  return text.split('\0').slice(0, -1);
}

function isEntry(part: string): boolean {
  return part[0] !== BLANK && part.split(BLANK).length === 3;
}

function textOf(entries: readonly string[]): string {
  return entries.map((entry) => `${entry}\0`).join('');
}

function write(path: string, entries: readonly string[]): void {
  writeFile(path, textOf(entries));
}

/** More blanks than this are not left in a file. */
const MOST_BLANKS = 4096;

/** Replaces what is in a file by `less` bytes less, and fills the rest with blanks: were it truncated, ext4 would write it to the disk at once. */
function writeOver(path: string, entries: readonly string[], less: number): void {
  if (less > MOST_BLANKS) write(path, entries);
  else writeFile(path, `${textOf(entries)}${BLANK.repeat(less - 1)}\0`, { mode: 'write' });
}

function rewrite(path: string, wanted: readonly string[], old: readonly string[], isWhole: boolean): void {
  const present = new Set(old);
  if (old.length === 0) write(path, wanted);
  else if (!isWhole || old.length !== wanted.length || wanted.some((entry) => !present.has(entry)))
    write(path, withBoots(wanted, old));
}

function endOfId(record: string): number {
  const end = record.indexOf('\r');
  return end === -1 ? record.length : end;
}

/** The entries of each bucket. */
function bucketsOf({ names, records }: HeldList, boot: string): string[][] {
  const buckets = Array.from({ length: BUCKETS }, (): string[] => []);
  // Most ids are as long as the one before.
  let end = 0;
  for (let at = 0; at < records.length; at++) {
    const record = records[at] as string;
    if (record.charCodeAt(end) !== CARRIAGE_RETURN) end = endOfId(record);
    buckets[bucketOf(record, end)]?.push(`${record} ${boot} ${names[at]}`);
  }
  return buckets;
}

/** The wanted entries, those that are there already with the boot that they have. */
function withBoots(wanted: readonly string[], old: readonly string[]): string[] {
  const present = new Map(old.map((entry) => [withoutBoot(entry), entry]));
  return wanted.map((entry) => present.get(withoutBoot(entry)) ?? entry);
}

function withoutBoot(entry: string): string {
  return `${entry.slice(0, entry.indexOf(' '))} ${nameIn(entry)}`;
}
