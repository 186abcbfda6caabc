import { syscalls } from '#syscalls';
import { checked, isAbsent, uninterrupted } from './errno.ts';
import { STAT_FIELDS } from './syscalls.ts';
import { isReady, POLLIN, POLLOUT } from './wait.ts';

/** `replace` creates or truncates, `exclusive` fails on a file that is there, `create` keeps its content: for a lock. */
export type OpenMode = 'read' | 'write' | 'replace' | 'exclusive' | 'append' | 'create';

const O_WRONLY = 0o1;
const O_RDWR = 0o2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;

const FLAGS: Record<OpenMode, number> = {
  read: 0,
  write: O_WRONLY,
  replace: O_WRONLY | O_CREAT | O_TRUNC,
  exclusive: O_WRONLY | O_CREAT | O_EXCL,
  append: O_WRONLY | O_CREAT | O_APPEND,
  create: O_RDWR | O_CREAT,
};

/** Opens a file; `permissions` apply when it is created. Throws {@link SysError}. */
export function open(path: string, mode: OpenMode = 'read', permissions = 0o600): number {
  return checked(attempt(path, mode, permissions), () => `open ${path}`);
}

/** The descriptor, or a negated errno. */
function attempt(path: string, mode: OpenMode, permissions: number): number {
  return uninterrupted(() => syscalls.open(path, FLAGS[mode], permissions));
}

/** Closes a descriptor. A failure to close loses nothing that `sync` has not already promised, so none is reported. */
export function close(fd: number): void {
  syscalls.close(fd);
}

/** Runs `use` with an open file and closes it whatever happens. */
export function withFile<T>(path: string, mode: OpenMode, permissions: number, use: (fd: number) => T): T {
  return closing(open(path, mode, permissions), use);
}

/** {@link withFile} to read one, `undefined` when there is none of that name. */
function withFileIfPresent<T>(path: string, use: (fd: number) => T): T | undefined {
  const fd = attempt(path, 'read', 0);
  if (isAbsent(fd)) return undefined;
  checked(fd, () => `open ${path}`);
  return closing(fd, use);
}

function closing<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    close(fd);
  }
}

export const CHUNK = 65_536;
/** Most of what is read is smaller. A buffer is cleared first, and each of its pages costs more than to read into it. */
const FEW = 4096;
const PIECE = 16_384;

/** Everything up to the end of a descriptor, at most `limit` bytes and one more, so that the caller can tell it was too much. */
export function readAll(
  fd: number,
  limit: number = Number.MAX_SAFE_INTEGER,
  doing: () => string = () => `read descriptor ${fd}`,
): Uint8Array {
  let bytes = new Uint8Array(Math.min(FEW, limit + 1));
  let length = 0;
  for (;;) {
    const rest = bytes.subarray(length);
    const count = checked(
      uninterrupted(() => readWhenReady(fd, rest)),
      doing,
    );
    length += count;
    if (count === 0 || length > limit) return bytes.subarray(0, length);
    if (length === bytes.length) {
      const larger = new Uint8Array(Math.min(bytes.length * 2, limit + 1));
      larger.set(bytes);
      bytes = larger;
    }
  }
}

const EAGAIN = -11;

/** What can be read now, or comes next; nothing at the end. Throws {@link SysError}. */
export function readSome(fd: number, doing: () => string): Uint8Array {
  const bytes = new Uint8Array(PIECE);
  const count = checked(
    uninterrupted(() => readWhenReady(fd, bytes)),
    doing,
  );
  return bytes.subarray(0, count);
}

/** Standard input and output may be non-blocking, set so by whoever shares the pipe. */
function readWhenReady(fd: number, into: Uint8Array): number {
  for (;;) {
    const count = syscalls.read(fd, into);
    if (count !== EAGAIN) return count;
    isReady(fd, POLLIN);
  }
}

/** Writes all of `bytes`, however many calls it takes. Throws {@link SysError}. */
export function writeAll(fd: number, bytes: Uint8Array, doing: () => string = () => `write descriptor ${fd}`): void {
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at);
    const count = uninterrupted(() => syscalls.write(fd, rest));
    if (count === EAGAIN) isReady(fd, POLLOUT);
    else at += checked(count, doing);
  }
}

/** The bytes of a file, at most `limit` and one more. Throws {@link SysError}. */
export function readFile(path: string, limit?: number): Uint8Array {
  return withFile(path, 'read', 0, (fd) => readAll(fd, limit, () => `read ${path}`));
}

/** The first `length` bytes of a file, less of one that is shorter. Throws {@link SysError}. */
export function readStart(path: string, length: number): Uint8Array {
  return withFile(path, 'read', 0, (fd) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const count = checked(
        uninterrupted(() => syscalls.read(fd, bytes.subarray(at))),
        () => `read ${path}`,
      );
      if (count === 0) return bytes.subarray(0, at);
      at += count;
    }
    return bytes;
  });
}

/** The last `length` bytes of a file; `undefined` when it is shorter or not there. Throws {@link SysError}. */
export function findEnd(path: string, length: number): Uint8Array | undefined {
  return withFileIfPresent(path, (fd) => {
    const { size } = statDescriptor(fd);
    if (size < length) return undefined;
    checked(syscalls.seek(fd, size - length), () => `seek in ${path}`);
    return readAll(fd, length, () => `read ${path}`);
  });
}

/** The text of a file; ill-formed UTF-8 becomes U+FFFD. Throws {@link SysError}. */
export function readText(path: string): string {
  return syscalls.text(readFile(path));
}

/** The text of a file, `undefined` when there is none of that name. Throws {@link SysError} for any other refusal. */
export function findText(path: string): string | undefined {
  return withFileIfPresent(path, (fd) => syscalls.text(readAll(fd, undefined, () => `read ${path}`)));
}

export interface WriteOptions {
  /** Default `replace`. */
  readonly mode?: Exclude<OpenMode, 'read' | 'create'>;
  /** Permission bits of a new file, default 0600. */
  readonly permissions?: number;
  /** fsync(2) before it is closed, default false. */
  readonly sync?: boolean;
}

/** Writes a file in place; a crash can leave it short. Throws {@link SysError}. */
export function writeFile(path: string, content: string | Uint8Array, options: WriteOptions = {}): void {
  const { mode = 'replace', permissions = 0o600, sync = false } = options;
  withFile(path, mode, permissions, (fd) => {
    writeAll(fd, typeof content === 'string' ? syscalls.utf8(content) : content, () => `write ${path}`);
    if (sync) checked(syscalls.fsync(fd), () => `sync ${path}`);
  });
}

/**
 * Writes a file aside, as `aside`, syncs it and renames it over `path`: whoever looks finds the old content or the new,
 * never a part. Leaves nothing aside on failure. Throws {@link SysError}.
 */
export function replaceFile(path: string, content: string | Uint8Array, aside: string, permissions = 0o600): void {
  try {
    writeFile(aside, content, { permissions, sync: true });
    rename(aside, path);
  } catch (error) {
    syscalls.unlink(aside);
    throw error;
  }
}

/** Gives a file exactly these permission bits, whatever the umask. Throws {@link SysError}. */
export function setPermissions(path: string, permissions: number): void {
  checked(syscalls.chmod(path, permissions), () => `set permissions of ${path}`);
}

/** rename(2). Throws {@link SysError}. */
export function rename(from: string, to: string): void {
  checked(syscalls.rename(from, to), () => `rename ${from} to ${to}`);
}

/** A hard link, link(2): fails with EEXIST when `to` is there. Throws {@link SysError}. */
export function link(from: string, to: string): void {
  checked(syscalls.link(from, to), () => `link ${from} as ${to}`);
}

/** Removes a file if there is one; whether there was. Throws {@link SysError} for any other refusal. */
export function removeIfPresent(path: string): boolean {
  return isPresent(syscalls.unlink(path), () => `remove ${path}`);
}

/** Whether the thing that a call was for was there. Throws {@link SysError} for any other refusal. */
export function isPresent(result: number, doing: () => string): boolean {
  return !isAbsent(result) && checked(result, doing) >= 0;
}

export interface Stat {
  readonly type: 'file' | 'directory' | 'other';
  /** Permission bits, 0 to 0o7777. */
  readonly permissions: number;
  /** Bytes. */
  readonly size: number;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: number;
  readonly gid: number;
  /** Milliseconds since the epoch. */
  readonly mtime: number;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

function typeOf(mode: number): Stat['type'] {
  if ((mode & S_IFMT) === S_IFREG) return 'file';
  return (mode & S_IFMT) === S_IFDIR ? 'directory' : 'other';
}

/** {@link STAT_FIELDS}. */
type Fields = readonly [dev: bigint, ino: bigint, mode: bigint, size: bigint, uid: bigint, gid: bigint, mtime: bigint];

/** By the processor's own order, which is little-endian wherever this runs. */
function decodeStat(fields: BigInt64Array): Stat {
  const [dev, ino, mode, size, uid, gid, mtime] = fields as unknown as Fields;
  return {
    type: typeOf(Number(mode)),
    permissions: Number(mode) & 0o7777,
    size: Number(size),
    dev,
    ino,
    uid: Number(uid),
    gid: Number(gid),
    mtime: Number(mtime),
  };
}

function emptyFields(): BigInt64Array<ArrayBuffer> {
  return new BigInt64Array(STAT_FIELDS.length);
}

/** What stat(2) says, links followed. Throws {@link SysError}. */
export function stat(path: string): Stat {
  const fields = emptyFields();
  checked(syscalls.stat(path, new Uint8Array(fields.buffer)), () => `stat ${path}`);
  return decodeStat(fields);
}

/** {@link stat}, `undefined` when there is nothing of that name. */
export function findStat(path: string): Stat | undefined {
  const fields = emptyFields();
  return isPresent(syscalls.stat(path, new Uint8Array(fields.buffer)), () => `stat ${path}`)
    ? decodeStat(fields)
    : undefined;
}

/** What fstat(2) says of an open file. Throws {@link SysError}. */
export function statDescriptor(fd: number): Stat {
  const fields = emptyFields();
  checked(syscalls.fstat(fd, new Uint8Array(fields.buffer)), () => `stat descriptor ${fd}`);
  return decodeStat(fields);
}

/** The target of a symbolic link. Throws {@link SysError}, `EINVAL` for what is no link. */
export function readLink(path: string): string {
  const into = new Uint8Array(4096);
  const length = checked(syscalls.readlink(path, into), () => `read link ${path}`);
  return syscalls.text(into.subarray(0, length));
}
