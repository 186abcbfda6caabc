import { rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Packed, packPackages, publish } from './npm.ts';
import { type Options, parseOptions, Refusal, USAGE } from './options.ts';
import { pendingChangesets, type Repository, readRepository, run, uncommitted } from './repository.ts';
import { makeTarball, type Tarball } from './tarball.ts';

async function release(options: Options): Promise<void> {
  const repository = readRepository(join(import.meta.dirname, '../..'));
  const obstacles = obstaclesTo(repository);
  if (!options.dryRun && obstacles.length > 0) throw new Refusal(`not published:\n  ${obstacles.join('\n  ')}`);
  const whole = options.names.length === 0 && options.architectures.length > 1;
  const directory = join(repository.root, 'dist/release');
  rmSync(directory, { recursive: true, force: true });
  console.log(`release ${repository.version}`);
  const names = namesOf(repository, options);
  for (const architecture of options.architectures)
    showTarball(repository, makeTarball(repository, architecture, names, directory));
  const packed = whole ? await packPackages(repository, join(directory, 'npm')) : [];
  for (const one of packed) showPackage(repository, one);
  if (options.dryRun)
    console.log(['\ndry run: nothing was published', ...obstacles.map((one) => `  ${one}`)].join('\n'));
  else {
    const published = publish(repository.root, packed);
    console.log(
      `\n${published.length} packages published to npm; the tarballs in ${relative(process.cwd(), directory)} are for the page of the release`,
    );
  }
}

/** Why this must not be published, in sentences. */
function obstaclesTo(repository: Repository): string[] {
  const pending = pendingChangesets(repository).length;
  const changed = uncommitted(repository).length;
  return [
    ...(pending > 0 ? [`${pending} changesets are in no version yet: npm run changeset version`] : []),
    ...(changed > 0 ? [`${changed} files are not committed`] : []),
    ...(isLoggedIn(repository) ? [] : ['npm is not logged in: npm login']),
  ];
}

function isLoggedIn({ root }: Repository): boolean {
  try {
    return run(root, 'npm', 'whoami').trim() !== '';
  } catch {
    return false;
  }
}

function namesOf({ apps }: Repository, { names }: Options): readonly string[] {
  const unknown = names.find((name) => !apps.includes(name));
  if (unknown !== undefined) throw new Refusal(`no app ${unknown}: ${apps.join(', ')}`);
  return names.length === 0 ? apps : names.toSorted();
}

function showTarball({ root }: Repository, { path, sha256, executables }: Tarball): void {
  console.log(`\n${relative(root, path)}  ${megabytes(statSync(path).size)}\n  sha256 ${sha256}`);
  for (const [name, size] of executables) console.log(`  ${name.padEnd(12)} ${megabytes(size)}`);
}

function showPackage({ root }: Repository, { path, size }: Packed): void {
  console.log(`${relative(root, path)}  ${(size / 1e3).toFixed(0)} kB`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await release(options);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}
