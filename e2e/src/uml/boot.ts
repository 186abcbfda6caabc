import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { compiled } from '@cni/testkit/compile';
import { runGuest } from '../guest.ts';
import { inTemporaryDirectory, type Job, writeJob } from '../job.ts';

const here = import.meta.dirname;
const kernel = 'linux.uml';

/** Why no guest can be started on this machine; `undefined` when one can. */
export function umlObstacle(): string | undefined {
  if (process.arch !== 'x64') return `User-Mode Linux runs on x86-64 only, not on ${process.arch}`;
  const missing = [kernel, 'modprobe', 'ip', 'gcc'].filter((program) => findProgram(program) === undefined);
  return missing.length === 0 ? undefined : `missing on this machine: ${missing.join(', ')}`;
}

/**
 * Boots Debian's User-Mode Linux on the host's root, runs the job in it as root and gives its exit status. Whatever the job
 * writes is gone with the guest. Throws when the guest does not boot, dies or exceeds `timeout`; then the console is shown.
 */
export function runInUml(job: Job): Promise<number> {
  return inTemporaryDirectory('cni-uml-', (directory) => {
    writeJob(directory, job, join(here, 'init.sh'));
    const env = { PATH: searchPath(), HOME: directory, LD_PRELOAD: xstate() };
    return runGuest({ name: 'User-Mode Linux', command: [kernel, ...kernelArguments(directory, job)], env }, job);
  });
}

function kernelArguments(directory: string, { memory = '1G' }: Job): string[] {
  const root = ['rootfstype=hostfs', 'rootflags=/', 'ro', `init=${directory}/init.sh`];
  const console = ['con=null', 'con0=fd:0,fd:1', 'quiet', 'loglevel=3'];
  return [`uml_dir=${directory}`, 'umid=guest', `mem=${memory}`, ...root, ...console];
}

/** The library that keeps the guest's vector registers. */
function xstate(): string {
  return compiled(join(here, 'xstate.c'), '-shared', '-fPIC');
}

/** As of root's login, also for users whose PATH has no sbin. */
export function searchPath(): string {
  return [process.env['PATH'], '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']
    .filter(Boolean)
    .join(delimiter);
}

export function findProgram(name: string): string | undefined {
  return searchPath()
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
