import { findStat, now, pid, rename, writeFile } from '@cni/sys';
import type { CommonKeys } from './request.ts';

/** How much is written: `error` failures only, `info` each command, `debug` its trace as well. */
export type LogLevel = 'error' | 'info' | 'debug';

/** Writes one line of facts, which are asked for only then. */
export type Log = (level: LogLevel, facts: () => Readonly<Record<string, unknown>>) => void;

/** Bytes. A larger file is renamed, replacing the last one so renamed: a log takes twice this at most, and one line. */
export const LARGEST_LOG = 4_194_304;

const LEVELS: readonly LogLevel[] = ['error', 'info', 'debug'];

/** The log that a configuration asks for with `logFile` and `logLevel` (default `info`): one JSON object a line. */
export function logOf({ logFile, logLevel }: Pick<CommonKeys, 'logFile' | 'logLevel'>): Log {
  if (typeof logFile !== 'string') return () => {};
  const most = LEVELS.indexOf(logLevel ?? 'info');
  return (level, facts) => {
    if (LEVELS.indexOf(level) > most) return;
    append(logFile, `${JSON.stringify({ time: new Date(now()).toISOString(), level, pid: pid(), ...facts() })}\n`);
  };
}

/** A log that cannot be written must not keep a container from its network; a pipe that nobody reads would, once opened. */
function append(path: string, line: string): void {
  try {
    const { type, size } = findStat(path) ?? { type: 'file', size: 0 };
    if (type !== 'file') return;
    if (size > LARGEST_LOG) rename(path, `${path}.1`);
    writeFile(path, line, { mode: 'append', permissions: 0o640 });
  } catch {}
}
