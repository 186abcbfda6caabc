import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from './options.ts';

/** One repository: this one, or a copy of it. */
export interface Repository {
  readonly root: string;
  /** That of every package: they are versioned as one. */
  readonly version: string;
  /** The folders of `apps/`, which are the names of their executables. */
  readonly apps: readonly string[];
  /** What npm gets: the folders of the packages that are not private. */
  readonly published: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
}

/** Throws {@link Refusal} where the versions differ. */
export function readRepository(root: string): Repository {
  const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const isPackage = (folder: string) => existsSync(join(root, folder, 'package.json'));
  const apps = readdirSync(join(root, 'apps'))
    .filter((name) => isPackage(`apps/${name}`))
    .toSorted();
  const packages = globSync(['packages/*', 'packages/aot/platforms/*'], { cwd: root }).filter(isPackage).toSorted();
  const published = packages.filter((folder) => manifestOf(folder).private !== true);
  const all = [...apps.map((name) => `apps/${name}`), ...published].map(manifestOf);
  const [{ version, name } = { version: '', name: '' }, ...others] = all;
  const other = others.find((one) => one.version !== version);
  if (other !== undefined)
    throw new Refusal(`one release, one version: ${name} is ${version}, ${other.name} is ${other.version}`);
  return { root, version, apps, published };
}

/** The changesets that are in no version yet, by the names of their files. */
export function pendingChangesets({ root }: Repository): string[] {
  return readdirSync(join(root, '.changeset')).filter((name) => name.endsWith('.md') && name !== 'README.md');
}

/** Paths that are not as in the last commit. */
export function uncommitted({ root }: Repository): string[] {
  return run(root, 'git', 'status', '--porcelain')
    .split('\n')
    .filter((line) => line !== '');
}

/**
 * Seconds since the epoch that every file of a release is dated with: of the last commit, or what `SOURCE_DATE_EPOCH` says.
 * https://reproducible-builds.org/specs/source-date-epoch/
 */
export function epochOf({ root }: Repository): number {
  const text = process.env['SOURCE_DATE_EPOCH'] ?? run(root, 'git', 'log', '-1', '--format=%ct').trim();
  if (!/^\d+$/.test(text)) throw new Refusal(`SOURCE_DATE_EPOCH: expected seconds since the epoch (got "${text}")`);
  return Number(text);
}

/** What a program printed. Throws {@link Refusal} with all of it when it fails. */
export function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status === 0) return stdout;
  throw new Refusal(
    `${[command, ...args].join(' ')}: ${error?.message ?? `exit status ${status}`}\n${stdout}${stderr}`,
  );
}
