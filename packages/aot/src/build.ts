import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { BuildError } from './build-error.ts';
import { describeBuildStack } from './build-stack.ts';
import { type Bundle, bundle } from './bundle.ts';
import { encodeLines } from './lines.ts';
import { mergeNotices, noticesOf } from './notices.ts';
import { identityOf, readWasm, type Snapshot, takeSnapshot } from './snapshot.ts';
import { packageOf, sourceName } from './source-name.ts';
import { type Engine, engineNotices, hostTarget, loadEngine, type Target } from './target.ts';
import { encodeTrailer } from './trailer.ts';

export interface BuildOptions {
  /** The program: a TypeScript or JavaScript module that calls `start`. */
  readonly entry: string;
  /** The executable to write; its directory is made. */
  readonly outfile: string;
  /** The machine it shall run on; without it, this one's kind. */
  readonly target?: Target;
  /**
   * Other programs whose plugin is a part of this one too, by the name of their executable: the entry of each. An executable
   * made of the very same bundle is known by its trailer, and its plugin may be called without a process.
   */
  readonly contains?: Readonly<Record<string, string>>;
  /** A file to write the licence notices to: those of the engine and of every package in the bundle, whose lack is an error. */
  readonly notices?: string;
}

/** Builds one static executable; its size in bytes. Throws {@link BuildError} for faults in the program or the set-up. */
export async function build(options: BuildOptions): Promise<number> {
  const { entry, outfile, target = hostTarget(), contains = {}, notices } = options;
  const engine = loadEngine(target);
  checkEngine(engine, target);
  const script = await bundle(entry);
  const licences =
    notices === undefined ? '' : mergeNotices(engineNotices(target), noticesOf(script.map.sources, resolve(entry)));
  const contained: Record<string, string> = {};
  for (const [name, other] of Object.entries(contains)) {
    contained[name] = (await identityOf((await bundle(other)).code)).toString('hex');
  }
  const snapshot = await snapshotOf(script, contained, packageOf(resolve(entry))?.version);
  const executable = assemble(engine, snapshot, encodeLines(script.map, sourceName), await identityOf(script.code));
  replaceFile(resolve(outfile), executable, 0o755);
  if (notices !== undefined) replaceFile(resolve(notices), Buffer.from(licences), 0o644);
  return executable.length;
}

/** A snapshot is the memory of one exact build of QuickJS: another would read it as garbage. */
function checkEngine({ executable }: Engine, target: Target): void {
  const id = createHash('sha256').update(readWasm()).digest('hex');
  if (!Buffer.from(executable.buffer, executable.byteOffset, executable.length).includes(`cni-aot engine ${id}`))
    throw new BuildError(`use the engine for ${target}: it was compiled from another release of quickjs-wasi`);
}

async function snapshotOf(
  { code, map }: Bundle,
  contained: Readonly<Record<string, string>>,
  version?: string,
): Promise<Snapshot> {
  try {
    return await takeSnapshot(code, contained, version);
  } catch (error) {
    if (error instanceof BuildError || !(error instanceof Error)) throw error;
    throw new BuildError(`load the program: ${describeBuildStack(error, map)}`, { cause: error });
  }
}

function assemble(
  { executable, pageSize }: Engine,
  snapshot: Snapshot,
  lines: Uint8Array,
  program: Uint8Array,
): Buffer {
  const snapshotOffset = roundUp(executable.length, pageSize);
  const snapshotLength = roundUp(snapshot.memory.length, pageSize);
  const trailer = encodeTrailer({
    snapshotOffset,
    snapshotLength,
    memoryPages: snapshot.memoryPages,
    mainFunction: snapshot.mainFunction,
    linesLength: lines.length,
    program,
  });
  const padding = (length: number) => Buffer.alloc(roundUp(length, pageSize) - length);
  return Buffer.concat([
    ...[executable, padding(executable.length)],
    ...[snapshot.memory, padding(snapshot.memory.length)],
    ...[lines, trailer],
  ]);
}

function roundUp(length: number, unit: number): number {
  return Math.ceil(length / unit) * unit;
}

/** Written aside and renamed: whoever runs the file meanwhile runs the old one or the new one, whole. */
function replaceFile(path: string, bytes: Uint8Array, permissions: number): void {
  const aside = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(aside, bytes);
    chmodSync(aside, permissions);
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw new BuildError(`write ${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
