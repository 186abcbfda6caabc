import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is to run on a kernel with ipvlan. */
export interface Job {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly directory: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Memory of a guest, in the kernel's spelling; `1G` when absent. */
  readonly memory?: string;
  /** Milliseconds until it is killed. */
  readonly timeout: number;
  /** Gets each line of its output, standard error included, as soon as it is there. */
  readonly onLine: (line: string) => void;
}

/** Calls `run` with a new directory, which is gone afterwards, and also when this process ends meanwhile. */
export async function inTemporaryDirectory<T>(prefix: string, run: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), prefix));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await run(directory);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** Writes `job.sh`, and beside it a copy of the script that starts it. */
export function writeJob(directory: string, { command, directory: where, env }: Job, init: string): void {
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`);
  const lines = [...exports, `cd ${quoted(where)} || exit`, `exec ${command.map(quoted).join(' ')} 2>&1`];
  writeFileSync(join(directory, 'job.sh'), `${lines.join('\n')}\n`);
  copyFileSync(init, join(directory, 'init.sh'));
}

/** One word for a shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
