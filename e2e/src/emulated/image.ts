import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Job } from '../job.ts';
import { findProgram } from '../uml/boot.ts';

const root = join(import.meta.dirname, '../../..');
/** Debian's package, unpacked by the set-up. */
const kernel = join(root, '.cache/emulated');
const bin = join(root, 'dist/bin');

/** What jobs find beside our own executables, and the Debian packages that have them. */
const programs: Readonly<Record<string, string>> = {
  sh: 'dash',
  busybox: 'busybox-static',
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  ping: 'iputils-ping',
  socat: 'socat',
  modprobe: 'kmod',
};
/** On the host, to boot. */
const tools: Readonly<Record<string, string>> = { 'qemu-system-x86_64': 'qemu-system-x86', cpio: 'cpio' };

/** Of the kernel's modules. */
const moduleFolders = ['net', 'lib', 'crypto', 'drivers/net'];

/** Bytes. */
const ARCHIVE_MAX = 1 << 29;

/** Why no machine can be booted here; `undefined` when one can. */
export function emulatedObstacle(): string | undefined {
  if (process.arch !== 'x64') return `the emulated machine's kernel is for x86-64, this is ${process.arch}`;
  const missing = Object.entries({ ...tools, ...programs }).filter(([program]) => findProgram(program) === undefined);
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))];
    return `missing on this machine: ${missing.map(([program]) => program).join(', ')} (Debian: ${packages.join(' ')})`;
  }
  return existsSync(kernel) ? undefined : `there is no kernel in ${kernel}: \`npm run setup\` gets it`;
}

/** The kernel, as a file. */
export function kernelImage(): string {
  const name = readdirSync(join(kernel, 'boot')).find((one) => one.startsWith('vmlinuz-'));
  if (name === undefined) throw new Error(`find the kernel in ${kernel}/boot: no vmlinuz there`);
  return join(kernel, 'boot', name);
}

/**
 * Writes the archive that becomes the machine's root: programs, our executables and `job`'s directory where the host has them, the
 * kernel's modules, and at the top all that is in `directory`. The kernel unpacks archives one behind the other.
 */
export function writeImage(path: string, directory: string, { directory: where }: Job): void {
  const found = Object.keys(programs).map((name) => findProgram(name) ?? name);
  const executables = readdirSync(bin).map((name) => join(bin, name));
  const archives = [
    archive('/', [...found, ...found.flatMap(libraries), ...executables, where].map(inUsr)),
    archive(kernel, moduleFiles()),
    archive(directory, readdirSync(directory)),
  ];
  writeFileSync(path, Buffer.concat(archives));
}

/** Of a program that is linked dynamically, the loader among them. */
function libraries(program: string): string[] {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, library = '']) => library);
}

/** `/lib/x` as `/usr/lib/x`, where it is: links to folders are made by init.sh. */
function inUsr(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}

function moduleFiles(): string[] {
  const [release = ''] = readdirSync(join(kernel, 'usr/lib/modules'));
  const modules = join('usr/lib/modules', release);
  const tables = readdirSync(join(kernel, modules)).filter((name) => name.startsWith('modules.'));
  const folders = moduleFolders.flatMap((name) => {
    const folder = join(modules, 'kernel', name);
    const files = readdirSync(join(kernel, folder), { recursive: true, encoding: 'utf8' });
    return files.map((file) => join(folder, file));
  });
  return [...tables.map((name) => join(modules, name)), ...folders];
}

/** Files and folders below `base`, and the folders that lead to them, as root's. What a symbolic link leads to stands in its place. */
function archive(base: string, names: readonly string[]): Buffer {
  const all = new Set(names.flatMap((name) => steps(name.replace(/^\//, ''))));
  const options = ['--create', '--format=newc', '--dereference', '--owner=+0:+0', '--quiet', '--null'];
  return execFileSync('cpio', [...options, `--directory=${base}`], {
    input: [...all].join('\0'),
    maxBuffer: ARCHIVE_MAX,
  });
}

/** `a`, `a/b` and `a/b/c` of `a/b/c`. */
function steps(name: string): string[] {
  const words = name.split('/');
  return words.map((_, index) => words.slice(0, index + 1).join('/'));
}
