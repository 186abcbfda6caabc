import { type Syscalls, syscalls } from '@cni/sys/syscalls';

/** Which of the calls that can change something is refused. */
export interface Fault {
  /** Counted from 0. */
  readonly at: number;
  /** `once`: the next one works again. `crash`: none works any more, as if the process was killed before that call. */
  readonly kind: 'once' | 'crash';
}

/** What `work` came to, and the call that the fault refused: its number and name, `undefined` when it was not reached. */
export interface Disturbed<T> {
  readonly value: T;
  readonly refused: string | undefined;
}

/**
 * The calls that are steps of a command. Not among them: `close`, which nobody can do anything about, and `setns`, whose way
 * back must not fail in a process that goes on.
 */
const STEPS = [
  'open',
  'write',
  'fsync',
  'ftruncate',
  'rename',
  'link',
  'unlink',
  'mkdir',
  'rmdir',
  'flock',
  'socket',
  'bind',
  'sendto',
  'memfd',
  'spawn',
] as const satisfies readonly (keyof Syscalls)[];

const EIO = 5;

/** Runs `work` with a fault, in this process. */
export function withFault<T>({ at, kind }: Fault, work: () => T): Disturbed<T> {
  const real = { ...syscalls };
  let calls = 0;
  let refused: string | undefined;
  const isRefused = (name: string): boolean => {
    const call = calls++;
    if (call === at) refused = `call ${call}, ${name}`;
    return kind === 'once' ? call === at : call >= at;
  };
  for (const name of STEPS) {
    const call = real[name] as (...args: unknown[]) => number;
    const disturbed = (...args: unknown[]) => (isStep(name, args) && isRefused(name) ? -EIO : call(...args));
    Object.assign(syscalls, { [name]: disturbed });
  }
  try {
    return { value: work(), refused };
  } finally {
    Object.assign(syscalls, real);
  }
}

/** What a plugin says to its user is no step. */
function isStep(name: (typeof STEPS)[number], args: unknown[]): boolean {
  return name !== 'write' || Number(args[0]) > 2;
}

/** Repeats `work` with the fault at each call in turn until one run does not reach it. How many did. */
export function eachFault(kind: Fault['kind'], work: (fault: Fault) => Disturbed<unknown>): number {
  for (let at = 0; ; at++) {
    if (work({ at, kind }).refused === undefined) return at;
  }
}
