import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Netns } from './netns.ts';

/** What an operator would look for after the last pod: everything that could be left on a node, as one line each. */
export interface State {
  readonly links: readonly string[];
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  readonly rules: readonly string[];
  readonly qdiscs: readonly string[];
  readonly files: readonly string[];
}

/** What is kept for a network or a node, not for a pod: locks, host-local's cursor, the index over its address files. */
const BOOKKEEPING = /\/(\.?lock|last_reserved_ip\.[^/]+|\.host-local\/.*)$/;

/** The state of a node's namespace, and the files below the directories. */
export function stateOf({ run }: Pick<Netns, 'run'>, ...directories: string[]): State {
  const lines = (...words: string[]) =>
    run(...words)
      .split('\n')
      .filter(Boolean);
  const ip = (...words: string[]) => lines('ip', '-o', ...words);
  return {
    links: ip('link').map((line) => line.split(': ')[1] ?? line),
    addresses: ip('address').map((line) => line.split(/\s+/).slice(1, 4).join(' ')),
    routes: [4, 6].flatMap((family) => ip(`-${family}`, 'route', 'list', 'table', 'all')),
    rules: [4, 6].flatMap((family) => ip(`-${family}`, 'rule')),
    // A handle of 0: is one that the kernel put there by itself.
    qdiscs: lines('tc', 'qdisc', 'show').filter((line) => !/^qdisc \S+ 0: /.test(line)),
    files: directories.flatMap(filesBelow).filter((path) => !BOOKKEEPING.test(path)),
  };
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
