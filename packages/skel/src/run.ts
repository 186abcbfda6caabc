import { environ, readStdin, start, writeStderr, writeStdout } from '@cni/sys';
import { answer, type Surroundings } from './execute.ts';
import type { Plugin } from './plugin.ts';
import { LARGEST_REQUEST } from './request.ts';
import { readFirstJson } from './stdin.ts';

/** Exit status when even the answer could not be written. */
const UNHEARD = 1;

/**
 * Makes the plugin the program: the last line of its `main.ts`. Plugins that it `contains` are called without a process
 * where the file found on CNI_PATH is of the same build (`cni-aot build --contains`), and executed where it is not.
 */
export function run(plugin: Plugin, contains: readonly Plugin[] = []): void {
  const parts = Object.fromEntries(contains.map((part) => [part.name, (around: Surroundings) => answer(part, around)]));
  start(() => {
    const { status, stdout } = answer(plugin, {
      env: environ(),
      readStdin: (extent) => (extent === 'all' ? readStdin(LARGEST_REQUEST) : readFirstJson(LARGEST_REQUEST)),
      stderr: writeStderr,
      parts,
    });
    return stdout === '' || wasWritten(stdout) ? status : UNHEARD;
  });
}

function wasWritten(stdout: string): boolean {
  try {
    writeStdout(stdout);
    return true;
  } catch (error) {
    writeStderr(`${error instanceof Error ? error.message : error}\n`);
    return false;
  }
}
