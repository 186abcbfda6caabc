import { CniError, toFailure, withDetails } from './error.ts';

/** What has to be taken back should ADD fail further on. */
export interface Undo {
  /** `what` completes "undo:", as in `release the addresses`. */
  defer(what: string, undo: () => void): void;
}

/**
 * Runs `work`; if it throws, takes back in reverse order what it deferred. The error thrown is the first one, with failed
 * undos in its details.
 */
export function withUndo<T>(work: (undo: Undo) => T): T {
  const deferred: { what: string; undo: () => void }[] = [];
  try {
    return work({ defer: (what, undo) => void deferred.push({ what, undo }) });
  } catch (error) {
    throw withDetails(error, deferred.reverse().flatMap(attempt));
  }
}

function attempt({ what, undo }: { what: string; undo: () => void }): string[] {
  try {
    undo();
    return [];
  } catch (error) {
    return [failedUndo(what, error)];
  }
}

/** The line that tells of an undo that failed. */
export function failedUndo(what: string, error: unknown): string {
  const { msg, details } = toFailure(error);
  return [`undo: ${what}: ${msg}`, ...(details === '' ? [] : details.split('\n'))].join('; ');
}

/**
 * Does each piece of `work` whatever becomes of the others, and then throws what failed: one error itself, several as a
 * {@link CniError} `INCOMPLETE` with the first as its message and the others in its details. For GC and DEL, which are to
 * remove as much as they can.
 */
export function attemptAll(...work: readonly (() => void)[]): void {
  const errors = work.flatMap((piece) => {
    try {
      piece();
      return [];
    } catch (error) {
      return [error];
    }
  });
  if (errors.length === 1) throw errors[0];
  if (errors.length === 0) return;
  const [first, ...others] = errors.map(toFailure);
  const lines = [first?.details, ...others.flatMap(({ msg, details }) => [msg, details])].filter(Boolean);
  throw new CniError('INCOMPLETE', `${first?.msg}, and ${others.length} more`, { details: lines.join('\n') });
}
