import { findText, makeDirectories, rename, writeFile } from '@cni/sys';

/** Values by key, in 64 files so that none gets large. A key has no white space. Each call throws `SysError`. */
export interface Table {
  get(key: string): string | undefined;
  /** Kept in memory until {@link Table.save}. */
  set(key: string, value: string | undefined): void;
  /** Writes what was set; of each file that is written, entries that are not `isAlive` any more may be left out. */
  save(): void;
}

interface Bucket {
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

/** The first line is a number, each of the others `<key> <value>`. */
function parse(text: string): Bucket {
  const [alive = '', ...lines] = text.split('\n');
  const values = lines.flatMap((line): [string, string][] => {
    const end = line.indexOf(' ');
    return end === -1 ? [] : [[line.slice(0, end), line.slice(end + 1)]];
  });
  return { values: new Map(values), alive: Number.parseInt(alive, 10) || 0, changed: false };
}

/** Looks only when there are twice as many as were left the last time, so that it is seldom. */
function clean(bucket: Bucket, isAlive: (key: string, value: string) => boolean): void {
  if (bucket.values.size < Math.max(FEW, 2 * bucket.alive)) return;
  for (const [key, value] of bucket.values) if (!isAlive(key, value)) bucket.values.delete(key);
  bucket.alive = bucket.values.size;
}

function write(directory: string, name: string, { values, alive }: Bucket): void {
  const lines = Array.from(values, ([key, value]) => `${key} ${value}\n`);
  makeDirectories(directory, 0o700);
  writeFile(`${directory}/aside`, `${alive}\n${lines.join('')}`);
  rename(`${directory}/aside`, `${directory}/${name}`);
}
