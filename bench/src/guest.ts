/** Jobs of the bench on a kernel with ipvlan. */
import { delimiter, join } from 'node:path';
import { ipvlanKernel, type Kernel, onIpvlanKernel } from '@cni/e2e/src/kernel.ts';
import { searchPath } from '@cni/e2e/src/uml/boot.ts';
import { ours } from './candidates.ts';

const MINUTES = 30;
const root = join(import.meta.dirname, '../..');

/** The kernel to use, or why there is none. */
export function findKernel(): Kernel | { readonly obstacle: string } {
  try {
    return ipvlanKernel();
  } catch (error) {
    return { obstacle: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Runs a script of this folder there; gives what follows `mark` in the lines that begin with it; `onMarked` is told how many there are, at
 * each. Throws when it fails, with what it said.
 */
export async function runOnIpvlan(
  script: string,
  kernel: Kernel,
  mark: string,
  onMarked: (count: number) => void = () => {},
): Promise<string[]> {
  const marked: string[] = [];
  const said: string[] = [];
  // A guest is in a process group of its own, and ends with this process.
  const end = (): never => process.exit(1);
  process.once('SIGINT', end).once('SIGTERM', end);
  const status = await onIpvlanKernel(
    {
      command: [process.execPath, '--conditions=@cni/source', join(import.meta.dirname, script)],
      directory: root,
      env: { PATH: ['/usr/sbin', searchPath()].join(delimiter), CNI_BENCH_BIN: ours },
      timeout: MINUTES * 60_000,
      onLine: (line) => {
        if (line.startsWith(mark)) onMarked(marked.push(line.slice(mark.length)));
        else said.push(line);
      },
    },
    kernel,
  );
  process.off('SIGINT', end).off('SIGTERM', end);
  if (status !== 0) throw new Error(`run ${script}: exit status ${status}\n${said.join('\n')}`);
  return marked;
}
