import { createHash } from 'node:crypto';
import { type BigIntStats, fstatSync, readlinkSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';
import { readEach } from './node-read-each.ts';
import { STAT_FIELDS, STILL_RUNNING, type Syscalls } from './syscalls.ts';

const libc = koffi.load(null);

/** Declares a C function whose failure is -1 and errno, as a function that returns the negated errno. */
function call(prototype: string): (...args: unknown[]) => number {
  const invoke = libc.func(prototype);
  return (...args) => {
    if (args.some((argument) => typeof argument === 'string' && argument.includes('\0')))
      return -constants.errno.EINVAL;
    const result: number | bigint = invoke(...args);
    return result < 0 ? -koffi.errno() : Number(result);
  };
}

/** Runs a function of node:fs, which throws with the errno, as a system call. */
function attempt(run: () => number): number {
  try {
    return run();
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    return typeof errno === 'number' ? errno : -constants.errno.EINVAL;
  }
}

function writeStat(stat: BigIntStats, into: Uint8Array): number {
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  for (const [index, field] of STAT_FIELDS.entries()) {
    view.setBigInt64(index * 8, field === 'mtime' ? stat.mtimeMs : stat[field], true);
  }
  return 0;
}

const O_CLOEXEC = 0o2000000;
const SOCK_CLOEXEC = O_CLOEXEC;
const MFD_CLOEXEC = 1;

const open = call('int open(const char *path, int flags, uint32_t mode)');
const read = call('intptr_t read(int fd, _Out_ uint8_t *into, size_t length)');
const lseek = call('int64_t lseek(int fd, int64_t position, int whence)');
const write = call('intptr_t write(int fd, const uint8_t *from, size_t length)');
const ftruncate = call('int ftruncate(int fd, int64_t length)');
const getdents = call('intptr_t getdents64(int fd, _Out_ uint8_t *into, size_t length)');
const fstatfs = call('int fstatfs(int fd, _Out_ uint8_t *into)');
const socket = call('int socket(int domain, int type, int protocol)');
const bind = call('int bind(int fd, const uint8_t *address, uint32_t length)');
const setsockopt = call('int setsockopt(int fd, int level, int option, const uint8_t *value, uint32_t length)');
const sendto = call(
  'intptr_t sendto(int fd, const uint8_t *from, size_t length, int flags, const uint8_t *address, uint32_t addressLength)',
);
const recv = call('intptr_t recv(int fd, _Out_ uint8_t *into, size_t length, int flags)');
const poll = call('int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)');
const pipe2 = call('int pipe2(_Out_ uint8_t *into, int flags)');
const memfdCreate = call('int memfd_create(const char *name, unsigned int flags)');
const pidfdOpen = call('int pidfd_open(int pid, unsigned int flags)');
const waitpid = call('int waitpid(int pid, _Out_ int *status, int options)');
const getrandom = call('intptr_t getrandom(_Out_ uint8_t *into, size_t length, unsigned int flags)');

/** posix_spawn(3) and its helpers return the errno instead of setting it. */
const actionsInit = libc.func('int posix_spawn_file_actions_init(_Out_ uint8_t *actions)');
const actionsDup2 = libc.func('int posix_spawn_file_actions_adddup2(_Inout_ uint8_t *actions, int from, int to)');
const actionsDestroy = libc.func('int posix_spawn_file_actions_destroy(_Inout_ uint8_t *actions)');
const posixSpawn = libc.func(
  'int posix_spawn(_Out_ int *pid, const char *path, const uint8_t *actions, const void *attributes, const char **argv, const char **env)',
);
/** sizeof(posix_spawn_file_actions_t) of glibc is 80 on 64-bit machines; musl's is 80 too. */
const ACTIONS_SIZE = 128;

function spawn(path: string, argv: string[], env: string[], ...stdio: [number, number, number]): number {
  const actions = new Uint8Array(ACTIONS_SIZE);
  actionsInit(actions);
  for (const [target, fd] of stdio.entries()) actionsDup2(actions, fd, target);
  const pid = [0];
  const errno: number = posixSpawn(pid, path, actions, null, [...argv, null], [...env, null]);
  actionsDestroy(actions);
  return errno === 0 ? (pid[0] ?? 0) : -errno;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export const syscalls: Syscalls = {
  open: (path, flags, mode) => open(path, flags | O_CLOEXEC, mode),
  close: call('int close(int fd)'),
  read: (fd, into) => read(fd, into, into.length),
  seek: (fd, position) => lseek(fd, position, 0),
  write: (fd, from) => write(fd, from, from.length),
  fsync: call('int fsync(int fd)'),
  ftruncate,
  rename: call('int rename(const char *from, const char *to)'),
  link: call('int link(const char *from, const char *to)'),
  unlink: call('int unlink(const char *path)'),
  chmod: call('int chmod(const char *path, uint32_t mode)'),
  mkdir: call('int mkdir(const char *path, uint32_t mode)'),
  rmdir: call('int rmdir(const char *path)'),
  getdents: (fd, into) => getdents(fd, into, into.length),
  readEach,
  readlink: (path, into) =>
    attempt(() => {
      const target = readlinkSync(path, 'buffer').subarray(0, into.length);
      into.set(target);
      return target.length;
    }),
  stat: (path, into) => attempt(() => writeStat(statSync(path, { bigint: true }), into)),
  fstat: (fd, into) => attempt(() => writeStat(fstatSync(fd, { bigint: true }), into)),
  fstatfs(fd) {
    const into = new Uint8Array(256);
    const result = fstatfs(fd, into);
    return result < 0 ? result : new DataView(into.buffer).getUint32(0, true);
  },
  flock: call('int flock(int fd, int operation)'),

  socket: (domain, type, protocol) => socket(domain, type | SOCK_CLOEXEC, protocol),
  bind: (fd, address) => bind(fd, address, address.length),
  setsockopt: (fd, level, option, value) => setsockopt(fd, level, option, value, value.length),
  sendto: (fd, from, flags, address) =>
    sendto(fd, from, from.length, flags, address.length > 0 ? address : null, address.length),
  recv: (fd, into, flags) => recv(fd, into, into.length, flags),
  setns: call('int setns(int fd, int type)'),

  poll: (pollfds, timeout) => poll(pollfds, pollfds.length / 8, timeout),

  pipe: (into) => pipe2(into, O_CLOEXEC),
  memfd: (name) => memfdCreate(name, MFD_CLOEXEC),
  spawn,
  pidfd: (pid) => pidfdOpen(pid, 0),
  waitpid(pid, options) {
    const status = [0];
    const reaped = waitpid(pid, status, options);
    if (reaped === 0) return STILL_RUNNING;
    return reaped < 0 ? reaped : (status[0] ?? 0);
  },
  kill: call('int kill(int pid, int signal)'),
  getpid: () => process.pid,
  fork: () => -constants.errno.ENOSYS,
  exit: (code) => process.exit(code),

  argv: () => [process.argv0, ...process.argv.slice(2)],
  environ: () => Object.entries(process.env).map(([name, value]) => `${name}=${value}`),
  clock: (id) => (id === 0 ? performance.timeOrigin + performance.now() : Number(process.hrtime.bigint()) / 1e6),
  getrandom: (into) => getrandom(into, into.length, 0),

  sha256(from, into) {
    if (into.length < 32) return -constants.errno.EINVAL;
    into.set(createHash('sha256').update(from).digest());
    return 32;
  },

  utf8: (text) => encoder.encode(text),
  text: (utf8) => decoder.decode(utf8),

  start(main) {
    process.exitCode = main();
  },
  describeStack: (stack) => stack,
};
