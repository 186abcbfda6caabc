import { spawn } from 'node:child_process';
import type { Job } from './job.ts';
import { GuestOutput } from './output.ts';

/** A program that is a machine, with one console: its standard input and output. */
export interface Guest {
  /** What it is, for errors. */
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Is called when the job begins; what it writes comes to the guest's console. */
export type Talk = (write: (text: string) => void) => void;

/**
 * Runs a guest until it ends, and gives the exit status of the job in it. Throws when the guest does not boot, dies or exceeds the
 * job's `timeout`; then the console is shown.
 */
export function runGuest({ name, command, env }: Guest, { timeout, onLine }: Job, talk?: Talk): Promise<number> {
  const [program, ...args] = command;
  const input = talk === undefined ? 'ignore' : 'pipe';
  // A group of its own, so that the guest's processes can be ended with it.
  const guest = spawn(program, args, { detached: true, stdio: [input, 'pipe', 'pipe'], env });
  const output = new GuestOutput(onLine, () => talk?.((text) => void guest.stdin?.write(text)));
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
      if (late) reject(new Error(`run in ${name}: no end after ${timeout / 1000} s\n${output.console}`));
      else if (output.status === undefined) reject(new Error(`run in ${name}: the guest died\n${output.console}`));
      else resolve(output.status);
    };
    // What is written to a guest that ends meanwhile is lost; that it ended is told below.
    guest.stdin?.on('error', () => undefined);
    guest.stdout?.on('data', (chunk: Buffer) => output.add(chunk.toString('utf8')));
    guest.stderr?.on('data', (chunk: Buffer) => output.addNoise(chunk.toString('utf8')));
    guest.once('error', reject);
    guest.once('close', settle);
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}
