import { CODES, type CodeName } from './codes.ts';

export interface CniErrorOptions {
  /** What else helps, one fact a line. */
  readonly details?: string | undefined;
  readonly cause?: unknown;
}

/** A refusal with a code of its own. `message` reads *doing what to which thing: what was said*. */
export class CniError extends Error {
  override readonly name = 'CniError';
  readonly code: number;
  readonly details: string | undefined;

  /** A number instead of a name is for the error of another plugin, carried through. */
  constructor(code: CodeName | number, message: string, { details, cause }: CniErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = typeof code === 'number' ? code : CODES[code][0];
    this.details = details;
  }
}

/** Whether an error is a {@link CniError}, of this copy of the package or another; with names, whether of one of these codes. */
export function isCniError(error: unknown, ...names: CodeName[]): error is CniError {
  if (!(error instanceof Error) || error.name !== 'CniError' || !('code' in error)) return false;
  return names.length === 0 || names.some((name) => CODES[name][0] === error.code);
}

/** What the runtime is told of a failure. */
export interface Failure {
  readonly code: number;
  readonly msg: string;
  readonly details: string;
}

/** The one place where something thrown becomes a code, a message and, one line each, its causes. */
export function toFailure(error: unknown): Failure {
  return { code: codeOf(error), msg: messageOf(error), details: detailsOf(error).join('\n') };
}

function codeOf(error: unknown): number {
  if (isCniError(error)) return error.code;
  const errno = errnoOf(error);
  if (errno === 'EAGAIN' || errno === 'EBUSY') return CODES.TRY_AGAIN_LATER[0];
  return errno !== undefined && (error as Error).name === 'SysError' ? CODES.IO_FAILURE[0] : CODES.INTERNAL[0];
}

/** The C name of an errno that the operating system's or the kernel's refusal carries. */
function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'string' ? error.errno : undefined;
}

/** A refusal speaks for itself; a bug may look like one: `TypeError: x is not a function`. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const told = isCniError(error) || errnoOf(error) !== undefined || error.name === 'Error';
  const message = error.message.replace(/\s*\n\s*/g, ' ');
  return told && message !== '' ? message : `${error.name}: ${message}`;
}

const DEEPEST_CAUSE = 16;

function detailsOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error)) return [];
  const own = isCniError(error) && error.details ? error.details.split('\n') : [];
  const parts = error instanceof AggregateError ? error.errors : [];
  const causes = error.cause === undefined ? parts : [...parts, error.cause];
  if (depth === DEEPEST_CAUSE) return own;
  return [...own, ...causes.flatMap((cause) => [...unsaid(error, messageOf(cause)), ...detailsOf(cause, depth + 1)])];
}

/** Many a message ends with its cause's. */
function unsaid({ message }: Error, line: string): string[] {
  return message.endsWith(line) ? [] : [line];
}

/** The same error with more lines of details; for what went wrong while it was dealt with. */
export function withDetails(error: unknown, lines: readonly string[]): unknown {
  if (lines.length === 0) return error;
  const { code, msg, details } = toFailure(error);
  const all = [...(details === '' ? [] : [details]), ...lines].join('\n');
  const told = new CniError(code, msg, { details: all });
  if (error instanceof Error && error.stack !== undefined) told.stack = error.stack;
  return told;
}
