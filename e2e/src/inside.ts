import { delimiter, join } from 'node:path';
import type { Job } from './job.ts';
import type { Kernel } from './kernel.ts';
import { searchPath } from './uml/boot.ts';

const root = join(import.meta.dirname, '../..');
const INHERITED = ['HOME', 'LANG', 'CI', 'TERM', 'FORCE_COLOR', 'NO_COLOR', 'CNI_DEBUG'];

/** A command of this folder as a job, with the repository's tools in its PATH; `CNI_E2E_INSIDE` tells it that it is one. */
export function jobInside(command: readonly string[], kernel: Kernel, minutes: number, onLine: Job['onLine']): Job {
  const inherited = INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return {
    command,
    directory: join(root, 'e2e'),
    env: {
      ...Object.fromEntries(inherited),
      CNI_E2E_INSIDE: kernel,
      PATH: [join(root, 'e2e/node_modules/.bin'), join(root, 'node_modules/.bin'), searchPath()].join(delimiter),
    },
    timeout: minutes * 60_000,
    onLine,
  };
}

/** What has to end with this process does, and it leaves by `exit` so that its handlers run. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
}
