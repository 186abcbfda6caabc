import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runEmulated } from './emulated/boot.ts';
import { inTemporaryDirectory, type Job, writeJob } from './job.ts';
import { runInUml, searchPath, umlObstacle } from './uml/boot.ts';

const kernels = ['native', 'uml', 'emulated'] as const;
/** Where a job runs: on the host's own kernel, in namespaces of its own; in a guest; or in an emulated machine, slow and complete. */
export type Kernel = (typeof kernels)[number];

/** Whether the host's kernel makes ipvlan links, and this user may; tried in a namespace that is gone afterwards. */
export function hasIpvlan(): boolean {
  const attempt =
    'ip link add name master type veth peer name peer && ip link add name slave link master type ipvlan mode l3s';
  const options = { stdio: 'ignore', env: { PATH: searchPath() } } as const;
  return process.getuid?.() === 0 && spawnSync('unshare', ['--net', 'sh', '-c', attempt], options).status === 0;
}

/** Picks the kernel; throws where there is none with ipvlan. `CNI_E2E_KERNEL` decides instead. */
export function ipvlanKernel(): Kernel {
  const wanted = kernels.find((name) => name === process.env['CNI_E2E_KERNEL']);
  if (wanted !== undefined) return wanted;
  if (hasIpvlan()) return 'native';
  const obstacle = umlObstacle();
  if (obstacle !== undefined) throw new Error(`find a kernel with ipvlan: this one has none for us, and ${obstacle}`);
  return 'uml';
}

/** Runs a job as root on a kernel with ipvlan, where it finds no links but `lo`, and leaves nothing behind. Gives its exit status. */
export function onIpvlanKernel(job: Job, kernel: Kernel = ipvlanKernel()): Promise<number> {
  return { native: runNatively, uml: runInUml, emulated: runEmulated }[kernel](job);
}

/** Whether this user may make the namespaces and mounts in which a job runs on the host's kernel; tried. */
export async function runsNatively(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const nothing = { command: ['true'], directory: '/', env: {}, timeout: 10_000, onLine: () => {} };
  return (await runNatively(nothing).catch(() => 1)) === 0;
}

/** The host's kernel, in new namespaces that end with the job, and with this process however it ends. */
function runNatively(job: Job): Promise<number> {
  return inTemporaryDirectory('cni-native-', (directory) => {
    writeJob(directory, job, join(import.meta.dirname, 'native-init.sh'));
    const namespaces = ['--mount', '--net', '--pid', '--ipc', '--uts', '--propagation', 'private'];
    const command = ['unshare', ...namespaces, '--fork', '--kill-child', 'sh', join(directory, 'init.sh')];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: searchPath() },
      timeout: job.timeout,
      killSignal: 'SIGKILL',
    });
    createInterface({ input: child.stdout }).on('line', job.onLine);
    return new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => {
        if (status === null) reject(new Error(`run on the host's kernel: ended by ${signal}`));
        else resolve(status);
      });
    });
  });
}
