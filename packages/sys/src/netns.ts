import { syscalls } from '#syscalls';
import { checked, SysError } from './errno.ts';
import { close, open, readText, type Stat, stat, statDescriptor, writeFile } from './files.ts';

/** An open network namespace; it exists at least until `close`. */
export interface Netns {
  /** What it was opened by. */
  readonly path: string;
  readonly fd: number;
  /** Device and inode: equal for two names of one namespace. */
  readonly id: string;
  close(): void;
}

/** linux/magic.h. A namespace file is on nsfs; below /proc/PID/ns on old kernels it is on proc. */
const NSFS_MAGIC = 0x6e736673;
const PROC_SUPER_MAGIC = 0x9fa0;
const EINVAL = 22;

/** Opens a network namespace by a path such as /var/run/netns/x. Throws {@link SysError}, `EINVAL` for what is no namespace. */
export function openNetns(path: string): Netns {
  const fd = open(path);
  try {
    const magic = checked(syscalls.fstatfs(fd), () => `stat file system of ${path}`);
    if (magic !== NSFS_MAGIC && magic !== PROC_SUPER_MAGIC)
      throw new SysError(`open namespace ${path}, which is none`, EINVAL);
    return { path, fd, id: idOf(statDescriptor(fd)), close: () => close(fd) };
  } catch (error) {
    close(fd);
    throw error;
  }
}

function idOf({ dev, ino }: Stat): string {
  return `${dev}:${ino}`;
}

const OWN = '/proc/self/ns/net';

/** The namespace this process is in. */
export function ownNetns(): Netns {
  return openNetns(OWN);
}

/** Whether this process is in a namespace. Throws {@link SysError}. */
export function isOwnNetns({ id }: Netns): boolean {
  return idOf(stat(OWN)) === id;
}

const CLONE_NEWNET = 0x40000000;

/**
 * Runs `run` inside a namespace. Not for export: a callback that outlives the call, or a thread that is already running,
 * would act on the host. Sockets are opened in a namespace, sysctls are read and set in one, and nothing else is.
 */
export function inside<T>(netns: Netns | undefined, run: () => T): T {
  if (netns === undefined) return run();
  const own = ownNetns();
  try {
    checked(syscalls.setns(netns.fd, CLONE_NEWNET), () => `enter namespace ${netns.path}`);
    try {
      return run();
    } finally {
      checked(syscalls.setns(own.fd, CLONE_NEWNET), () => 'return to the own namespace');
    }
  } finally {
    own.close();
  }
}

/** As sysctl(8) reads a key: its first separator, dot or slash, is the separator, and the other one is a character. */
function sysctlPath(key: string): string {
  const path = /^[^/]*\./.test(key) ? key.replace(/[./]/g, (character) => (character === '.' ? '/' : '.')) : key;
  return `/proc/sys/${path}`;
}

/**
 * The value of a sysctl such as `net.ipv4.ip_forward` or `net/ipv4/conf/eth0.7/forwarding`, in `netns` or the own namespace.
 * Throws {@link SysError}.
 */
export function readSysctl(key: string, netns?: Netns): string {
  return inside(netns, () => readText(sysctlPath(key))).trimEnd();
}

/** Sets sysctls in `netns` or the own namespace, in order. Throws {@link SysError}. */
export function writeSysctls(values: Readonly<Record<string, string | number>>, netns?: Netns): void {
  inside(netns, () => {
    for (const [key, value] of Object.entries(values)) writeFile(sysctlPath(key), String(value), { mode: 'write' });
  });
}
