import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, Failure, must, step } from './run.mjs';

/** What an emulated machine boots: see e2e/src/emulated/image.ts. */
const directory = join(cache, 'emulated');

/** The newest kernel of Debian for virtual machines, unpacked into `$1`. */
const GET = `
cd "$1"
get() {
  name=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
  [ -n "$name" ] && apt-get -q download "$name"
}
get || { apt-get -q update; get; }
dpkg-deb -x "$name"_*.deb root
[ -e root/usr/lib ] || mv root/lib root/usr/lib
ln -sfn usr/lib root/lib
depmod -b "$PWD/root" "$(ls root/lib/modules)"
`;

/**
 * Debian's kernel with ipvlan and nf_tables, in `.cache/`: unpacked and not installed, since that changes how this machine boots.
 * Where it cannot be had, says so in one line.
 */
export async function prepareKernel() {
  if (process.arch !== 'x64' || existsSync(directory) || spawnSync('apt-cache', ['--version']).error) return;
  const unfinished = `${directory}.${process.pid}`;
  try {
    mkdirSync(unfinished, { recursive: true });
    await step('set-up: linux-image-cloud-amd64, unpacked', () => must('kernel', 'sh', ['-ec', GET, 'sh', unfinished]));
    renameSync(join(unfinished, 'root'), directory);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.log('set-up: going on without linux-image-cloud-amd64');
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
