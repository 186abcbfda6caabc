import { syscalls } from '#syscalls';
import { checked, uninterrupted } from './errno.ts';
import { close, readAll, writeAll } from './files.ts';
import { isReady, POLLIN } from './wait.ts';

export interface ExecOptions {
  /** Words after the program's name. */
  readonly args?: readonly string[];
  /** The child's whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  /** Milliseconds until the child is killed; for ever when absent. */
  readonly timeout?: number;
  /** Bytes of each output that are kept, and one more, so that the caller can tell there were more; all when absent. */
  readonly limit?: number;
}

export interface ExecResult {
  /** 0 to 255; `undefined` when a signal ended it. */
  readonly status: number | undefined;
  /** The signal that ended it. */
  readonly signal: number | undefined;
  /** It was killed because the time was up. */
  readonly timedOut: boolean;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

const SIGKILL = 9;

/**
 * Runs a program to its end. Its standard files are files in memory: neither side can block the other, and output of a
 * process it left behind is not waited for. Throws {@link SysError} when it cannot be started.
 */
export function exec(path: string, { args = [], env, stdin, timeout, limit }: ExecOptions): ExecResult {
  const files: number[] = [];
  const file = (name: string): number => {
    const fd = checked(syscalls.memfd(name), () => `make ${name} for ${path}`);
    files.push(fd);
    return fd;
  };
  try {
    const [input, output, errors] = [file('stdin'), file('stdout'), file('stderr')];
    writeAll(input, stdin);
    syscalls.seek(input, 0);
    const environment = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const child = checked(
      syscalls.spawn(path, [path, ...args], environment, input, output, errors),
      () => `run ${path}`,
    );
    const timedOut = timeout !== undefined && !endsWithin(child, timeout);
    if (timedOut) syscalls.kill(child, SIGKILL);
    const status = checked(
      uninterrupted(() => syscalls.waitpid(child, 0)),
      () => `wait for ${path}`,
    );
    return { ...decodeStatus(status), timedOut, stdout: contentOf(output, limit), stderr: contentOf(errors, limit) };
  } finally {
    files.forEach(close);
  }
}

/** Waits for the end of a child without reaping it. */
function endsWithin(child: number, milliseconds: number): boolean {
  const fd = checked(syscalls.pidfd(child), () => `open process ${child}`);
  try {
    return isReady(fd, POLLIN, milliseconds);
  } finally {
    close(fd);
  }
}

/** WIFEXITED, WEXITSTATUS and WTERMSIG of wait(2). */
function decodeStatus(status: number): Pick<ExecResult, 'status' | 'signal'> {
  const signal = status & 0x7f;
  return signal === 0 ? { status: (status >> 8) & 0xff, signal: undefined } : { status: undefined, signal };
}

function contentOf(fd: number, limit?: number): Uint8Array {
  syscalls.seek(fd, 0);
  return readAll(fd, limit);
}
