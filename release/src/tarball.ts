/** The tarball of one architecture: the same sources give the same bytes, whoever builds it, when and where. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { mergeNotices } from '@cni/aot';
import { changelogOf } from './changelog.ts';
import { ARCHITECTURES, type Architecture, Refusal } from './options.ts';
import { epochOf, type Repository, run } from './repository.ts';

export interface Tarball {
  readonly path: string;
  readonly sha256: string;
  /** Bytes of the executables, by name. */
  readonly executables: ReadonlyMap<string, number>;
}

/** Builds the executables and packs them into `directory`, with a file of its checksum beside it. */
export function makeTarball(
  repository: Repository,
  architecture: Architecture,
  names: readonly string[],
  directory: string,
): Tarball {
  const stage = join(directory, `.${architecture}`);
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  try {
    const notices = names.map((name) => buildExecutable(repository, name, architecture, stage));
    const sizes = new Map(names.map((name) => [name, statSync(join(stage, name)).size]));
    writeFileSync(join(stage, 'NOTICES'), mergeNotices(...notices));
    writeFileSync(join(stage, 'SHA256SUMS'), names.map((name) => sumLine(join(stage, name))).join(''));
    addTexts(repository, stage);
    const path = join(directory, `cni-ipvlan-plugins-linux-${architecture}-v${repository.version}.tgz`);
    pack(stage, names, path, epochOf(repository));
    writeFileSync(`${path}.sha256`, sumLine(path));
    return { path, sha256: sumLine(path).slice(0, 64), executables: sizes };
  } finally {
    rmSync(stage, { recursive: true });
  }
}

/** By the app's own `build` script, of whose options given twice the last counts. Gives the licence notices. */
function buildExecutable({ root }: Repository, name: string, architecture: Architecture, stage: string): string {
  const notices = join(stage, `${name}.notices`);
  const words = ['-o', join(stage, name), '--target', ARCHITECTURES[architecture], '--notices', notices];
  run(join(root, 'apps', name), 'npm', 'run', '--silent', 'build', '--', ...words);
  const text = readFileSync(notices, 'utf8');
  rmSync(notices);
  return text;
}

/** As sha256sum(1) prints it. */
function sumLine(path: string): string {
  return `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${basename(path)}\n`;
}

/** What an operator reads. */
function addTexts(repository: Repository, stage: string): void {
  const { root } = repository;
  copyFileSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
  copyFileSync(join(root, 'release/tarball/README.md'), join(stage, 'README.md'));
  writeFileSync(join(stage, 'CHANGELOG.md'), changelogOf(repository));
  for (const folder of ['conflists', 'kubernetes'])
    cpSync(join(root, 'examples', folder), join(stage, 'examples', folder), { recursive: true });
}

/** Nothing of the machine is in it: order, owners, times, permissions and the compressor's header are fixed. */
function pack(stage: string, executables: readonly string[], path: string, epoch: number): void {
  for (const entry of globSync('**', { cwd: stage })) {
    const isOpen = statSync(join(stage, entry)).isDirectory() || executables.includes(entry);
    chmodSync(join(stage, entry), isOpen ? 0o755 : 0o644);
  }
  const top = globSync('*', { cwd: stage }).toSorted();
  const flags = ['--format=ustar', '--sort=name', `--mtime=@${epoch}`, '--owner=0', '--group=0', '--numeric-owner'];
  const env = { ...process.env, LC_ALL: 'C' };
  const command = [
    '--create',
    '--use-compress-program=gzip -9n',
    `--file=${path}`,
    ...flags,
    `--directory=${stage}`,
    ...top,
  ];
  const { status, stderr, error } = spawnSync('tar', command, { env, encoding: 'utf8' });
  if (status !== 0) throw new Refusal(`tar: ${error?.message ?? stderr}`);
}
