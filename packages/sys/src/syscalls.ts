/**
 * The system calls a plugin may make. Two implementations answer them: the C host of a static executable
 * (`native.ts`) and Node (`node.ts`); `#syscalls` picks one when the program is bundled or run.
 *
 * Every call is synchronous and returns a number: the call's own result, or a negated errno. Nothing is thrown and
 * nothing is retried here; `EINTR` is retried by the callers in this package. Paths are UTF-8; one with a NUL byte is
 * refused with `-EINVAL`. Descriptors are opened close-on-exec.
 */
export interface Syscalls {
  // --- files
  open(path: string, flags: number, mode: number): number;
  close(fd: number): number;
  read(fd: number, into: Uint8Array): number;
  /** lseek(2) to a position from the start. */
  seek(fd: number, position: number): number;
  write(fd: number, from: Uint8Array): number;
  fsync(fd: number): number;
  ftruncate(fd: number, length: number): number;
  rename(from: string, to: string): number;
  link(from: string, to: string): number;
  unlink(path: string): number;
  chmod(path: string, mode: number): number;
  mkdir(path: string, mode: number): number;
  rmdir(path: string): number;
  /** `struct linux_dirent64` records, getdents64(2); 0 at the end. */
  getdents(fd: number, into: Uint8Array): number;
  /**
   * Reads each file of the directory `fd` that `records` of getdents64(2) name, without its access time: writes the name and the content,
   * each ended by NUL; no content of what is longer than `limit` bytes, has a NUL, or cannot be read. The length written; `-ENOBUFS` where it does not fit.
   */
  readEach(fd: number, records: Uint8Array, into: Uint8Array, limit: number): number;
  /** Writes the target, unterminated; the length. */
  readlink(path: string, into: Uint8Array): number;
  /** Follows links. Writes {@link STAT_FIELDS} as little-endian 64-bit integers. */
  stat(path: string, into: Uint8Array): number;
  fstat(fd: number, into: Uint8Array): number;
  /** The file system's magic number, `f_type` of statfs(2). */
  fstatfs(fd: number): number;
  flock(fd: number, operation: number): number;

  // --- sockets and namespaces
  socket(domain: number, type: number, protocol: number): number;
  /** `address` is a `struct sockaddr_*`. */
  bind(fd: number, address: Uint8Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  /** An empty `address` sends to the connected (or, for netlink, the kernel's) one. */
  sendto(fd: number, from: Uint8Array, flags: number, address: Uint8Array): number;
  /** With `MSG_TRUNC` in `flags` the real length of a datagram that did not fit. */
  recv(fd: number, into: Uint8Array, flags: number): number;
  setns(fd: number, type: number): number;

  // --- waiting
  /** `pollfds` holds `struct pollfd` records, changed in place. `timeout` in milliseconds, -1 for ever. */
  poll(pollfds: Uint8Array, timeout: number): number;

  // --- processes
  /** Writes two 32-bit descriptors: the read end, the write end. */
  pipe(into: Uint8Array): number;
  /** memfd_create(2): a file without a name, in memory. */
  memfd(name: string): number;
  /**
   * posix_spawn(3) with the three descriptors as 0, 1, 2 and every signal at its default; the child's pid.
   * (The program itself runs with SIGPIPE ignored: writing to a pipe that nobody reads is `-EPIPE`.)
   */
  spawn(path: string, argv: string[], env: string[], stdin: number, stdout: number, stderr: number): number;
  /** pidfd_open(2): a descriptor that is readable when the process has ended. */
  pidfd(pid: number): number;
  /** The wait status of `pid`, or {@link STILL_RUNNING} with `WNOHANG`. */
  waitpid(pid: number, options: number): number;
  kill(pid: number, signal: number): number;
  getpid(): number;
  /** 0 in the child. `-ENOSYS` where a process cannot be copied (Node). */
  fork(): number;
  /** Ends the process at once; buffers are the caller's business. */
  exit(code: number): never;

  // --- the process's surroundings
  argv(): string[];
  /** `NAME=value` strings. */
  environ(): string[];
  /** Milliseconds with fractions, microsecond precision: `CLOCK_REALTIME` 0, `CLOCK_MONOTONIC` 1. */
  clock(id: number): number;
  getrandom(into: Uint8Array): number;

  // --- what a script engine is too slow for
  /** Writes the SHA-256 of `from`, 32 bytes. */
  sha256(from: Uint8Array, into: Uint8Array): number;

  // --- text
  utf8(text: string): Uint8Array;
  /** Ill-formed bytes become U+FFFD. */
  text(utf8: Uint8Array): string;

  // --- the program
  /**
   * Makes `main` the program; its result is the exit status. Node calls it at once. In a static executable this runs at
   * build time, and `main` is called each time the executable is started.
   */
  start(main: () => number): void;
  /**
   * An error's `stack` with source files and lines. In a static executable, whose stacks know only the bundled script,
   * `(plugin.js:12:34)` becomes `(@cni/skel/src/run.ts:7)`; Node's own stack is as good as it gets.
   */
  describeStack(stack: string): string;
}

/** What {@link Syscalls.stat} writes, in order. Times in milliseconds. */
export const STAT_FIELDS = ['dev', 'ino', 'mode', 'size', 'uid', 'gid', 'mtime'] as const;

/** Not a wait status: the process has not ended. */
export const STILL_RUNNING = 0x10000;
