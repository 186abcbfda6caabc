import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { compiled } from '@cni/testkit/compile';
import { inTemporaryDirectory, type Job, writeJob } from '../job.ts';
import { GuestOutput } from './output.ts';

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
    return boot(directory, job);
  });
}

function boot(directory: string, { memory = '1G', timeout, onLine }: Job): Promise<number> {
  const output = new GuestOutput(onLine);
  const guest = spawn(kernel, kernelArguments(directory, memory), {
    // A group of its own, so that the guest's processes can be ended with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: searchPath(), HOME: directory, LD_PRELOAD: xstate() },
  });
  const end = (): void => endGroup(guest.pid);
  process.once('exit', end);
  return new Promise<number>((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end();
    }, timeout);
    const settle = (): void => {
      clearTimeout(timer);
      process.off('exit', end);
      end();
      output.flush();
      if (late) reject(new Error(`run in User-Mode Linux: no end after ${timeout / 1000} s\n${output.console}`));
      else if (output.status === undefined)
        reject(new Error(`run in User-Mode Linux: the guest died\n${output.console}`));
      else resolve(output.status);
    };
    guest.stdout.on('data', (chunk: Buffer) => output.add(chunk.toString('utf8')));
    guest.stderr.on('data', (chunk: Buffer) => output.addNoise(chunk.toString('utf8')));
    guest.once('error', reject);
    guest.once('close', settle);
  });
}

function kernelArguments(directory: string, memory: string): string[] {
  const root = ['rootfstype=hostfs', 'rootflags=/', 'ro', `init=${directory}/init.sh`];
  const console = ['con=null', 'con0=fd:0,fd:1', 'quiet', 'loglevel=3'];
  return [`uml_dir=${directory}`, 'umid=guest', `mem=${memory}`, ...root, ...console];
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
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

function findProgram(name: string): string | undefined {
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
