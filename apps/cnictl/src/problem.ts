import { toFailure } from '@cni/skel';

/** Something wrong with a configuration. A warning is something that has no effect, or probably not the one that was meant. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** `plugins[0].mode: expected …` */
  readonly message: string;
}

/** What `read` makes of it, or why it cannot: one error for each line that it has to say, with `path` before it. */
export function attempt<T>(path: string, read: () => T): { readonly value?: T; readonly problems: readonly Problem[] } {
  try {
    return { value: read(), problems: [] };
  } catch (error) {
    const { msg, details } = toFailure(error);
    const lines = new Set([msg, ...(details === '' ? [] : details.split('\n'))]);
    return { problems: Array.from(lines, (line) => ({ severity: 'error', message: joinPath(path, line) })) };
  }
}

export function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
