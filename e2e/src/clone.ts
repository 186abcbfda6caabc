import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const repository = join(import.meta.dirname, '../..');

/** What is built once and not kept by git, and where pnpm's links to packages are. */
const UNTRACKED = [
  'packages/aot/platforms/*/{engine,NOTICES}',
  '{packages,apps}/*/node_modules',
  'release/node_modules',
];

/** The repository as it is now, uncommitted files included, in another directory: a git repository of one commit, dated `epoch`. */
export function cloneTo(directory: string, epoch: number): void {
  const tracked = run(repository, 'git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z').split('\0');
  const files = tracked.filter((path) => /^(?!corpus\/)./.test(path) && existsSync(join(repository, path)));
  for (const path of [...files, ...globSync(UNTRACKED, { cwd: repository })]) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    cpSync(join(repository, path), join(directory, path), { recursive: true, verbatimSymlinks: true });
  }
  // Only what the packages' links lead to, so that nothing in the copy could change what is installed.
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync(join(repository, 'node_modules/.pnpm'), join(directory, 'node_modules/.pnpm'));
  run(directory, 'git', 'init', '-q', '-b', 'main');
  commitAll(directory, epoch);
}

/** Commits everything. */
export function commitAll(directory: string, epoch: number): void {
  run(directory, 'git', 'add', '--all');
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  const date = `@${epoch} +0000`;
  run(directory, 'env', `GIT_COMMITTER_DATE=${date}`, 'git', ...who, 'commit', '-q', '-m', 'all', `--date=${date}`);
}

/** What a program printed; throws with all of it when it fails. */
export function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: ${error?.message ?? status}\n${stdout}${stderr}`);
  return stdout;
}
