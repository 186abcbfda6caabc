/** `cnictl install`: puts the executables of an unpacked release into a directory of plugins, and takes them out again. */
import { CniError } from '@cni/skel';
import { readLink } from '@cni/sys';
import { absolute } from './attachment.ts';
import { BinDirectory } from './bin-directory.ts';
import { type CommandLine, UsageError } from './command-line.ts';
import { originOf } from './origin.ts';
import { type Executable, readExecutable, readSums } from './release.ts';
import { type Invocation, printJson } from './session.ts';
import { formatTable } from './table.ts';

/** What became of one file, and what it is or was. */
interface Outcome {
  readonly action: 'installed' | 'unchanged' | 'restored' | 'removed' | 'verified' | 'differs' | 'missing';
  readonly name: string;
  readonly is?: string;
  /** What was there before. */
  readonly before?: string;
}

interface Request {
  readonly names: readonly string[];
  /** Where the release was unpacked. */
  readonly from: string;
  readonly directory: BinDirectory;
  readonly force: boolean;
}

/** False when `--verify` finds a file that is not the release's. */
export function install({ line, terminal }: Invocation): boolean {
  const request = requestOf(line);
  const outcomes = actionOf(line)(request);
  if (line.given.has('json')) terminal.stdout(printJson({ directory: request.directory.path, files: outcomes }));
  else {
    const rows = outcomes.map(({ action, name, is = '', before = '' }) => [
      action,
      name,
      is,
      before && `was ${before}`,
    ]);
    terminal.stdout(formatTable([...rows, ['directory', request.directory.path]]));
  }
  return outcomes.every(({ action }) => action !== 'differs' && action !== 'missing');
}

function requestOf({ operands, given }: CommandLine): Request {
  const here = readLink('/proc/self/cwd');
  const bin = absolute(given.get('bin-dir')?.[0] ?? '/opt/cni/bin', here);
  const program = readLink('/proc/self/exe');
  return {
    names: [...new Set(operands)],
    from: absolute(given.get('from')?.[0] ?? program.slice(0, program.lastIndexOf('/')), here),
    directory: new BinDirectory(bin.replace(/(?<=.)\/+$/, '')),
    force: given.has('force'),
  };
}

function actionOf({ operands, given }: CommandLine): (request: Request) => Outcome[] {
  if (given.has('verify') && given.has('rollback')) throw new UsageError('--verify and --rollback exclude each other');
  if (given.has('verify')) return verify;
  if (!given.has('rollback')) return replace;
  if (operands.length > 0 || given.has('from'))
    throw new UsageError('--rollback takes back all that the last install did');
  return (request) => request.directory.locked(() => rollback(request));
}

function replace({ names, from, directory, force }: Request): Outcome[] {
  const executables = Array.from(readSums(from, names), ([name, sum]) => readExecutable(from, name, sum));
  return directory.locked(() => replaceWith(executables, directory, force));
}

function replaceWith(executables: readonly Executable[], directory: BinDirectory, force: boolean): Outcome[] {
  const changed = executables.filter(({ name, sha256 }) => directory.sumOf(name) !== sha256);
  const before = new Map(changed.map(({ name }) => [name, describeBefore(directory, name)]));
  if (!force) refuseForeign(changed, directory, before);
  if (changed.length > 0) directory.replace(changed);
  return executables.map(({ name }) => {
    const is = originOf(directory.file(name)).text;
    return changed.some((one) => one.name === name)
      ? { action: 'installed', name, is, before: before.get(name) ?? '' }
      : { action: 'unchanged', name, is };
  });
}

function describeBefore(directory: BinDirectory, name: string): string {
  return directory.has(name) ? originOf(directory.file(name)).text : 'not there';
}

/** Throws {@link CniError} that names each file of others. */
function refuseForeign(
  changed: readonly Executable[],
  directory: BinDirectory,
  before: ReadonlyMap<string, string>,
): void {
  const foreign = changed.filter(
    ({ name }) => directory.has(name) && originOf(directory.file(name)).release === undefined,
  );
  if (foreign.length === 0) return;
  const whose = foreign.map(({ name }) => `${name} is ${before.get(name)}`);
  const advice = '--force overwrites them, --rollback then brings them back; or name the executables to install';
  throw new CniError('IO_FAILURE', `${directory.path} has files of others by the same names, nothing was changed`, {
    details: [...whose, advice].join('\n'),
  });
}

function verify({ names, from, directory }: Request): Outcome[] {
  return Array.from(readSums(from, names), ([name, sum]): Outcome => {
    if (!directory.has(name)) return { action: 'missing', name };
    const is = originOf(directory.file(name)).text;
    return { action: directory.sumOf(name) === sum ? 'verified' : 'differs', name, is };
  });
}

/** What somebody else has changed since is left alone. */
function rollback({ directory, force }: Request): Outcome[] {
  const changes = directory.lastChange();
  if (changes === undefined) throw new CniError('IO_FAILURE', `nothing to roll back in ${directory.path}`);
  const others = changes.filter((change) => directory.isOfOthers(change)).map(({ name }) => name);
  if (others.length > 0 && !force)
    throw new CniError('IO_FAILURE', `changed in ${directory.path} since the install: ${others.join(', ')}`, {
      details: 'nothing was changed; --force rolls back nevertheless',
    });
  for (const change of changes) directory.restore(change);
  directory.forget();
  return changes.map(({ name, hadBefore }) =>
    hadBefore ? { action: 'restored', name, is: originOf(directory.file(name)).text } : { action: 'removed', name },
  );
}
