import { type Syscalls, syscalls } from '@cni/sys/syscalls';

/** Which of the calls that change something is refused. */
export interface Fault {
  /** Counted from 0. */
  readonly at: number;
  /** `once`: the next one works again. `crash`: none works any more, as when the process is killed before that call. */
  readonly kind: 'once' | 'crash';
  readonly errno: number;
  /** A write that is refused has written half of its bytes. */
  readonly torn?: boolean;
}

const O_ACCMODE = 0o3;
const CHANGING = ['open', 'write', 'link', 'rename', 'unlink', 'mkdir', 'rmdir'] as const satisfies (keyof Syscalls)[];

/** Runs `work` with a fault; what it returned, and whether the fault was reached. */
export function withFault<T>({ at, kind, errno, torn = false }: Fault, work: () => T): { value: T; hit: boolean } {
  const real = { ...syscalls };
  let calls = 0;
  const isRefused = () => {
    const call = calls++;
    if (call === at && torn) return 'in the middle';
    return kind === 'once' ? call === at : call >= at;
  };
  for (const name of CHANGING) {
    const call = real[name] as (...args: unknown[]) => number;
    const refusing = (...args: unknown[]) => {
      const refused = changes(name, args) && isRefused();
      const [fd, bytes] = args;
      if (refused === 'in the middle' && bytes instanceof Uint8Array) call(fd, bytes.subarray(0, bytes.length >> 1));
      return refused ? -errno : call(...args);
    };
    Object.assign(syscalls, { [name]: refusing });
  }
  try {
    return { value: work(), hit: calls > at };
  } finally {
    Object.assign(syscalls, real);
  }
}

/** Opening a lock or a file to be read changes nothing, nor does writing to standard output or error. */
function changes(name: (typeof CHANGING)[number], args: unknown[]): boolean {
  if (name === 'open') return (Number(args[1]) & O_ACCMODE) === 1;
  return name !== 'write' || Number(args[0]) > 2;
}

/** Repeats `work` with the fault at each call in turn, until one run does not reach it. How many did. */
export function eachFault(fault: Omit<Fault, 'at'>, work: (fault: Fault) => boolean): number {
  for (let at = 0; ; at++) {
    if (!work({ ...fault, at })) return at;
  }
}
