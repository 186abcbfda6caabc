import { syscalls } from '#syscalls';
import { readAll, readSome, writeAll } from './files.ts';
import { isReady, POLLIN } from './wait.ts';

/** A variable of the environment; `undefined` when it is unset. */
export function env(name: string): string | undefined {
  const prefix = `${name}=`;
  return syscalls
    .environ()
    .find((entry) => entry.startsWith(prefix))
    ?.slice(prefix.length);
}

/** The whole environment. Of two entries of one name the first counts, as for {@link env}; one without a `=` is no variable. */
export function environ(): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const entry of syscalls.environ()) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, Math.max(0, equals));
    if (equals !== -1 && !Object.hasOwn(variables, name)) variables[name] = entry.slice(equals + 1);
  }
  return variables;
}

/** The words of the command line after the program's name. */
export function args(): string[] {
  return syscalls.argv().slice(1);
}

/** Standard input to its end, at most `limit` bytes and one more. Throws {@link SysError}. */
export function readStdin(limit: number): Uint8Array {
  return readAll(0, limit, () => 'read stdin');
}

/**
 * The next piece of standard input, waited for at most `milliseconds`; `undefined` at its end, or when nothing has come by
 * then. Throws {@link SysError}.
 */
export function readStdinPiece(milliseconds: number): Uint8Array | undefined {
  if (!isReady(0, POLLIN, milliseconds)) return undefined;
  const piece = readSome(0, () => 'read stdin');
  return piece.length === 0 ? undefined : piece;
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

/** `cni-aot build`'s answer to which release this is. */
declare const __version: string | undefined;

/** The version of the package that the program's entry lies in; `undefined` on Node. */
export function programVersion(): string | undefined {
  return typeof __version === 'undefined' ? undefined : __version;
}

/**
 * Makes `main` the program; its result is the exit status. On Node it runs at once; in a static executable the call is made
 * while the executable is built, and `main` runs each time it is started.
 */
export function start(main: () => number): void {
  syscalls.start(main);
}

/**
 * An error's `stack` by source files and lines, as far as they are known: in a static executable the stack itself knows only
 * the bundled script.
 */
export function describeStack(stack: string): string {
  return syscalls.describeStack(stack);
}

const O_PATH = 0o10000000;

/** Lets go of a standard descriptor, and holds its number: the next file opened must not become the program's output. */
function abandon(fd: number): void {
  syscalls.close(fd);
  syscalls.open('/', O_PATH, 0);
}

/**
 * Does `work` in a process of its own that nobody waits for, without standard input, output and error so that no reader
 * waits for it either. Where processes cannot be copied (Node) the work is done before this returns.
 */
export function detach(work: () => void): void {
  const child = syscalls.fork();
  if (child > 0) return;
  const copied = child === 0;
  if (copied) for (const fd of [0, 1, 2]) abandon(fd);
  try {
    work();
  } finally {
    if (copied) syscalls.exit(0);
  }
}
