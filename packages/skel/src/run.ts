import { environ, readStdin, start, writeStderr, writeStdout } from '@cni/sys';
import { answer, type Surroundings } from './execute.ts';
import type { Plugin } from './plugin.ts';
import { LARGEST_REQUEST } from './request.ts';
import { readFirstJson } from './stdin.ts';

/**
 * Makes the plugin the program: the last line of its `main.ts`. Plugins that it `contains` are called without a process
 * where the file found on CNI_PATH is of the same build (`cni-aot build --contains`), and executed where it is not.
 */
export function run(plugin: Plugin, contains: readonly Plugin[] = []): void {
  const parts = Object.fromEntries(contains.map((part) => [part.name, (around: Surroundings) => answer(part, around)]));
  start(() =>
    answer(plugin, {
      env: environ(),
      readStdin: (extent) => (extent === 'all' ? readStdin(LARGEST_REQUEST) : readFirstJson(LARGEST_REQUEST)),
      stdout: writeStdout,
      stderr: writeStderr,
      parts,
    }),
  );
}
