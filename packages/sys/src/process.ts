import { syscalls } from '#syscalls';
import { readAll, writeAll } from './files.ts';

/** A variable of the environment; `undefined` when it is unset. */
export function env(name: string): string | undefined {
  const prefix = `${name}=`;
  return syscalls
    .environ()
    .find((entry) => entry.startsWith(prefix))
    ?.slice(prefix.length);
}

/** The whole environment. */
export function environ(): Record<string, string> {
  const entries = syscalls.environ().map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return Object.fromEntries(entries);
}

/** The words of the command line after the program's name. */
export function args(): string[] {
  return syscalls.argv().slice(1);
}

/** Standard input to its end, at most `limit` bytes and one more. Throws {@link SysError}. */
export function readStdin(limit: number): Uint8Array {
  return readAll(0, limit, () => 'read stdin');
}

/** Writes to standard output. Throws {@link SysError}. */
export function writeStdout(text: string): void {
  writeAll(1, syscalls.utf8(text), () => 'write stdout');
}

/** Writes to standard error. There is nowhere to report a failure, so none is. */
export function writeStderr(text: string): void {
  try {
    writeAll(2, syscalls.utf8(text));
  } catch {}
}

/** This process's id. */
export function pid(): number {
  return syscalls.getpid();
}

/** Ends the process at once with a status of 0 to 255. */
export function exit(status: number): never {
  return syscalls.exit(status);
}

/**
 * Makes `main` the program; its result is the exit status. On Node it runs at once; in a static executable the call is made
 * while the executable is built, and `main` runs each time it is started.
 */
export function start(main: () => number): void {
  syscalls.start(main);
}

/**
 * Does `work` in a process of its own that nobody waits for, with standard input, output and error closed so that no reader
 * waits for it either. Where processes cannot be copied (Node) the work is done before this returns.
 */
export function detach(work: () => void): void {
  const child = syscalls.fork();
  if (child > 0) return;
  const copied = child === 0;
  if (copied) for (const fd of [0, 1, 2]) syscalls.close(fd);
  try {
    work();
  } finally {
    if (copied) syscalls.exit(0);
  }
}
