import { join } from 'node:path';
import { runGuest, type Talk } from '../guest.ts';
import { inTemporaryDirectory, type Job, writeJob } from '../job.ts';
import { searchPath } from '../uml/boot.ts';
import { kernelImage, writeImage } from './image.ts';

/**
 * Boots Debian's kernel for virtual machines in an emulated one, runs the job in it as root and gives its exit status. The machine has
 * the programs of {@link writeImage} and nothing else of the host's; what the job writes is gone with it. `talk` writes to its
 * `/dev/console`. Throws when the machine does not boot, dies or exceeds `timeout`; then the console is shown.
 */
export function runEmulated(job: Job, talk?: Talk): Promise<number> {
  return inTemporaryDirectory('cni-emulated-', (directory) => {
    writeJob(directory, job, join(import.meta.dirname, 'init.sh'));
    const image = join(directory, 'image.cpio');
    writeImage(image, directory, job);
    const guest = { name: 'an emulated machine', command: machine(image, job), env: { PATH: searchPath() } } as const;
    return runGuest(guest, job, talk);
  });
}

function machine(image: string, { memory = '1G' }: Job): [string, ...string[]] {
  // -no-reboot: a panic, which reboots, ends it.
  const hardware = ['-accel', 'tcg', '-smp', '2', '-m', memory, '-no-reboot'];
  const nothingElse = ['-nodefaults', '-no-user-config', '-display', 'none'];
  const console = ['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'];
  const words = ['console=ttyS0', 'quiet', 'loglevel=3', 'panic=-1', 'rdinit=/init.sh', 'mitigations=off'];
  const kernel = ['-kernel', kernelImage(), '-initrd', image, '-append', words.join(' ')];
  const qemu = ['qemu-system-x86_64', ...hardware, ...nothingElse, ...console, ...kernel];
  // However this process ends.
  return ['setpriv', '--pdeathsig', 'KILL', ...qemu];
}
