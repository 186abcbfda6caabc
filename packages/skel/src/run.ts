import { environ, readStdin, start, writeStderr, writeStdout } from '@cni/sys';
import { answer } from './execute.ts';
import type { Plugin } from './plugin.ts';
import { LARGEST_REQUEST } from './request.ts';
import { readFirstJson } from './stdin.ts';

/** Exit status when even the answer could not be written. */
const UNHEARD = 1;

/** Makes the plugin the program: the last line of its `main.ts`. */
export function run(plugin: Plugin): void {
  start(() => {
    const { status, stdout } = answer(plugin, {
      env: environ(),
      readStdin: (extent) => (extent === 'all' ? readStdin(LARGEST_REQUEST) : readFirstJson(LARGEST_REQUEST)),
      stderr: writeStderr,
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
