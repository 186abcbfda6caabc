import { findText, makeDirectories, rename, utf8, writeFile } from '@cni/sys';

/** Values by key, in 64 files so that none gets large. A key has no white space. Each call throws `SysError`. */
export interface Table {
  get(key: string): string | undefined;
  /** Kept in memory until {@link Table.save}. */
  set(key: string, value: string | undefined): void;
  /** Writes what was set; of each file that is written, entries that are not `isAlive` any more may be left out. */
  save(): void;
}

interface Bucket {
  /** Bytes of its file; 0 where there is none. */
  size: number;
  readonly values: Map<string, string>;
  /** How many there were when it was last looked which are alive. */
  alive: number;
  changed: boolean;
}

const BUCKETS = 64;
/** So few are not worth a look. */
const FEW = 16;

/** A table in a directory, which is made when something is written. */
export function openTable(directory: string, isAlive: (key: string, value: string) => boolean): Table {
  const buckets = new Map<string, Bucket>();
  const bucketFor = (key: string): Bucket => {
    const name = bucketOf(key);
    const bucket = buckets.get(name) ?? parse(findText(`${directory}/${name}`) ?? '');
    buckets.set(name, bucket);
    return bucket;
  };
  return {
    get: (key) => bucketFor(key).values.get(key),
    set(key, value) {
      const bucket = bucketFor(key);
      if (bucket.values.get(key) === value) return;
      if (value === undefined) bucket.values.delete(key);
      else bucket.values.set(key, value);
      bucket.changed = true;
    },
    save() {
      for (const [name, bucket] of buckets) {
        if (!bucket.changed) continue;
        clean(bucket, isAlive);
        write(directory, name, bucket);
        bucket.changed = false;
      }
    },
  };
}

/** FNV-1a. */
function bucketOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return ((hash >>> 8) % BUCKETS).toString(16).padStart(2, '0');
}

/** The first line is a number, each of the others `<key> <value>`, or without a blank in it and nothing. */
function parse(text: string): Bucket {
  const [alive = '', ...lines] = text.split('\n');
  const values = lines.flatMap((line): [string, string][] => {
    const end = line.indexOf(' ');
    return end === -1 ? [] : [[line.slice(0, end), line.slice(end + 1)]];
  });
  return { size: utf8(text).length, values: new Map(values), alive: Number.parseInt(alive, 10) || 0, changed: false };
}

/** Looks only when there are twice as many as were left the last time, so that it is seldom. */
function clean(bucket: Bucket, isAlive: (key: string, value: string) => boolean): void {
  if (bucket.values.size < Math.max(FEW, 2 * bucket.alive)) return;
  for (const [key, value] of bucket.values) if (!isAlive(key, value)) bucket.values.delete(key);
  bucket.alive = bucket.values.size;
}

/** Bytes that one write(2) writes all or none of. */
const PAGE = 4096;

/** A small file is written over, for one that replaces another ext4 writes to the disk at once. */
function write(directory: string, name: string, bucket: Bucket): void {
  const lines = Array.from(bucket.values, ([key, value]) => `${key} ${value}\n`);
  const text = `${bucket.alive}\n${lines.join('')}`;
  const size = utf8(text).length;
  if (bucket.size > 0 && Math.max(bucket.size, size) <= PAGE) {
    writeFile(`${directory}/${name}`, `${text}${filler(bucket.size - size)}`, { mode: 'write' });
    bucket.size = Math.max(bucket.size, size);
  } else {
    makeDirectories(directory, 0o700);
    writeFile(`${directory}/aside`, text);
    rename(`${directory}/aside`, `${directory}/${name}`);
    bucket.size = size;
  }
}

/** A line of so many bytes that says nothing. */
function filler(size: number): string {
  return size > 0 ? `${'.'.repeat(size - 1)}\n` : '';
}
