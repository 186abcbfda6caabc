import { syscalls } from '#syscalls';
import { namesIn } from './dirents.ts';
import { checked } from './errno.ts';
import { CHUNK, isPresent, stat, withFile } from './files.ts';

/** Removes an empty directory if there is one; whether there was. Throws {@link SysError}. */
export function removeDirectoryIfPresent(path: string): boolean {
  return isPresent(syscalls.rmdir(path), () => `remove directory ${path}`);
}

/** Makes a directory and those above it; fine when it is there. Throws {@link SysError}. */
export function makeDirectories(path: string, permissions = 0o755): void {
  let result = syscalls.mkdir(path, permissions);
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  if (result === ENOENT && parent !== '') {
    makeDirectories(parent, permissions);
    result = syscalls.mkdir(path, permissions);
  }
  if (result !== EEXIST) checked(result, () => `make directory ${path}`);
  else if (stat(path).type !== 'directory') checked(ENOTDIR, () => `make directory ${path}`);
}

const ENOENT = -2;
const EEXIST = -17;
const ENOTDIR = -20;

/** Makes the names in a directory durable: a rename or unlink counts only once its directory is synced. */
export function syncDirectory(path: string): void {
  withFile(path, 'read', 0, (fd) => checked(syscalls.fsync(fd), () => `sync ${path}`));
}

/** The names in a directory, in the file system's order, without `.` and `..`. Throws {@link SysError}. */
export function listDirectory(path: string): string[] {
  const names: string[] = [];
  eachPart(path, CHUNK, (_, records) => {
    for (const name of namesIn(records)) names.push(syscalls.text(name));
  });
  return names;
}

/** Bytes of records that are read at once, where what is in each file has to have room: no record is shorter than 24. */
const PART = 16_384;
const MOST_FILES = Math.ceil(PART / 24);
const LONGEST_NAME = 255;

/**
 * The name and the content of each file in a directory, each ended by NUL, in the file system's order: many small files at once.
 * The content is empty of what is longer than `limit` bytes, has a NUL, is no file, or cannot be read now. Throws {@link SysError}
 * where the directory cannot be read.
 */
export function readSmallFiles(path: string, limit: number): string {
  const into = new Uint8Array(MOST_FILES * (LONGEST_NAME + limit + 2));
  const parts: string[] = [];
  eachPart(path, PART, (fd, records) => {
    const length = checked(syscalls.readEach(fd, records, into, limit), () => `read files in ${path}`);
    parts.push(syscalls.text(into.subarray(0, length)));
  });
  return parts.join('');
}

/** Calls `use` with the records of getdents64(2) of a directory, as they come. */
function eachPart(path: string, size: number, use: (fd: number, records: Uint8Array) => void): void {
  withFile(path, 'read', 0, (fd) => {
    const records = new Uint8Array(size);
    for (;;) {
      const length = checked(syscalls.getdents(fd, records), () => `list ${path}`);
      if (length === 0) return;
      use(fd, records.subarray(0, length));
    }
  });
}
