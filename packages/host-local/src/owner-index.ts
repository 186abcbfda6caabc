import { findText, listDirectory, makeDirectories, removeIfPresent, writeFile } from '@cni/sys';
import { isAddressName } from './record.ts';

/**
 * Finds the addresses of a container without reading every record. 256 files, named by the first two digits of a hash of the
 * container id, hold a line for each address: `<the other digits> <boot> <address>`. A line may be stale, so what it says has
 * to be verified; that none is missing is for the journal to know. Each call throws `SysError`.
 */
export interface OwnerIndex {
  find(containerId: string): Entry[];
  /** Every entry. */
  list(): Entry[];
  add(entry: Entry): void;
  /** Removes the entries of these addresses from those of a container. */
  remove(containerId: string, addresses: ReadonlySet<string>): void;
  /** Makes the index consist of these. An entry that it has already keeps its boot. */
  rebuild(entries: readonly Entry[]): void;
}

/** One address of one container. */
export interface Entry {
  /** Of the container id, 16 hexadecimal digits. */
  readonly hash: string;
  /** The first eight digits of the kernel's boot id at the time the address was reserved, or first seen. */
  readonly boot: string;
  /** The name of the address's file. */
  readonly name: string;
}

/** The entry of an address that a container holds. */
export function entryOf(containerId: string, boot: string, name: string): Entry {
  return { hash: hashOf(containerId), boot, name };
}

/** Two times FNV-1a, 32 bits, mixed so that ids that differ in their last digits only are spread. Collisions do no harm: what is found is verified. */
function hashOf(text: string): string {
  let high = 0x811c9dc5;
  let low = 0xcbf29ce4;
  for (let at = 0; at < text.length; at++) {
    high = Math.imul(high ^ text.charCodeAt(at), 0x01000193);
    low = Math.imul(low ^ text.charCodeAt(at) ^ at, 0x01000193);
  }
  return [mix(high ^ low), mix(low)].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

/** The finalizer of MurmurHash3. */
function mix(half: number): number {
  const once = Math.imul(half ^ (half >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}

const BUCKET_DIGITS = 2;
const BUCKET = /^[0-9a-f]{2}$/;

function bucketOf(hash: string): string {
  return hash.slice(0, BUCKET_DIGITS);
}

function lineOf({ hash, boot, name }: Entry): string {
  return `${hash.slice(BUCKET_DIGITS)} ${boot} ${name}`;
}

function entriesIn(bucket: string, lines: readonly string[]): Entry[] {
  return lines.flatMap((line) => {
    const [rest = '', boot = '', name = ''] = line.split(' ');
    return isAddressName(name) ? [{ hash: bucket + rest, boot, name }] : [];
  });
}

function isOf(line: string, hash: string): boolean {
  return line.startsWith(`${hash.slice(BUCKET_DIGITS)} `);
}

function nameIn(line: string): string {
  return line.slice(line.lastIndexOf(' ') + 1);
}

/** The index in a directory of its own. */
export function openOwnerIndex(directory: string): OwnerIndex {
  const read = (bucket: string) => (findText(`${directory}/${bucket}`) ?? '').split('\n').filter((line) => line !== '');
  const write = (bucket: string, lines: readonly string[]) =>
    writeFile(`${directory}/${bucket}`, lines.map((line) => `${line}\n`).join(''));
  return {
    find(containerId) {
      const hash = hashOf(containerId);
      return entriesIn(
        bucketOf(hash),
        read(bucketOf(hash)).filter((line) => isOf(line, hash)),
      );
    },
    list: () =>
      listDirectory(directory)
        .filter((name) => BUCKET.test(name))
        .flatMap((bucket) => entriesIn(bucket, read(bucket))),
    add(entry) {
      writeFile(`${directory}/${bucketOf(entry.hash)}`, `${lineOf(entry)}\n`, { mode: 'append' });
    },
    remove(containerId, addresses) {
      const hash = hashOf(containerId);
      const lines = read(bucketOf(hash));
      const kept = lines.filter((line) => !isOf(line, hash) || !addresses.has(nameIn(line)));
      if (kept.length < lines.length) write(bucketOf(hash), kept);
    },
    rebuild(entries) {
      makeDirectories(directory, 0o700);
      const wanted = bucketsOf(entries);
      for (const bucket of listDirectory(directory)) {
        if (BUCKET.test(bucket) && !wanted.has(bucket)) removeIfPresent(`${directory}/${bucket}`);
      }
      for (const [bucket, lines] of wanted) {
        const present = read(bucket);
        const merged = merge(lines, present);
        if (merged.length !== present.length || merged.some((line, at) => line !== present[at])) write(bucket, merged);
      }
    },
  };
}

/** The lines of each bucket. */
function bucketsOf(entries: readonly Entry[]): Map<string, string[]> {
  const buckets = new Map<string, string[]>();
  for (const entry of entries) {
    const bucket = bucketOf(entry.hash);
    const lines = buckets.get(bucket);
    if (lines === undefined) buckets.set(bucket, [lineOf(entry)]);
    else lines.push(lineOf(entry));
  }
  return buckets;
}

/** The wanted lines, as they are present if they are: in their order, and with their boot. */
function merge(wanted: readonly string[], present: readonly string[]): string[] {
  const missing = new Map(wanted.map((line) => [keyOf(line), line]));
  const kept = present.filter((line) => missing.delete(keyOf(line)));
  return [...kept, ...missing.values()];
}

/** A line without its boot. */
function keyOf(line: string): string {
  return `${line.slice(0, line.indexOf(' '))} ${nameIn(line)}`;
}
