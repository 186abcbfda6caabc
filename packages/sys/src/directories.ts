import { syscalls } from '#syscalls';
import { checked } from './errno.ts';
import { absentAsUndefined, CHUNK, stat, withFile } from './files.ts';

/** Removes an empty directory if there is one; whether there was. Throws {@link SysError}. */
export function removeDirectoryIfPresent(path: string): boolean {
  return absentAsUndefined(() => checked(syscalls.rmdir(path), () => `remove directory ${path}`)) !== undefined;
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
  return withFile(path, 'read', 0, (fd) => {
    const names: string[] = [];
    const records = new Uint8Array(CHUNK);
    for (;;) {
      const length = checked(syscalls.getdents(fd, records), () => `list ${path}`);
      if (length === 0) return names;
      pushNames(records.subarray(0, length), names);
    }
  });
}

/** `struct linux_dirent64`: d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name. */
function pushNames(records: Uint8Array, names: string[]): void {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  for (let at = 0; at < records.length; ) {
    const next = at + view.getUint16(at + 16, true);
    const end = records.indexOf(0, at + 19);
    const name = syscalls.text(records.subarray(at + 19, end));
    if (name !== '.' && name !== '..') names.push(name);
    at = next;
  }
}
