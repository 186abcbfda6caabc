import { isErrno } from '@cni/sys';

/** The result, or nothing when it is refused with one of these errors. */
export function unlessErrno<T>(run: () => T, ...errnos: string[]): T | undefined {
  try {
    return run();
  } catch (error) {
    if (isErrno(error, ...errnos)) return undefined;
    throw error;
  }
}

/** Whether a deletion found what it was to delete; `errnos` are the refusals that say it did not. */
export function wasPresent(run: () => void, ...errnos: string[]): boolean {
  const deleted = unlessErrno(
    () => {
      run();
      return true;
    },
    ...errnos,
  );
  return deleted ?? false;
}
