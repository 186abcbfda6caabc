import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { BuildError } from './build-error.ts';
import { describeBuildStack } from './build-stack.ts';
import { type Bundle, bundle } from './bundle.ts';
import { encodeLines } from './lines.ts';
import { identityOf, readWasm, type Snapshot, takeSnapshot } from './snapshot.ts';
import { sourceName } from './source-name.ts';
import { type Engine, hostTarget, loadEngine, type Target } from './target.ts';
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
}

/** Builds one static executable; its size in bytes. Throws {@link BuildError} for faults in the program or the set-up. */
export async function build({ entry, outfile, target = hostTarget(), contains = {} }: BuildOptions): Promise<number> {
  const engine = loadEngine(target);
  checkEngine(engine, target);
  const script = await bundle(entry);
  const contained: Record<string, string> = {};
  for (const [name, other] of Object.entries(contains)) {
    contained[name] = (await identityOf((await bundle(other)).code)).toString('hex');
  }
  const snapshot = await snapshotOf(script, contained);
  const executable = assemble(engine, snapshot, encodeLines(script.map, sourceName), await identityOf(script.code));
  replaceFile(resolve(outfile), executable);
  return executable.length;
}

/** A snapshot is the memory of one exact build of QuickJS: another would read it as garbage. */
function checkEngine({ executable }: Engine, target: Target): void {
  const id = createHash('sha256').update(readWasm()).digest('hex');
  if (!Buffer.from(executable.buffer, executable.byteOffset, executable.length).includes(`cni-aot engine ${id}`))
    throw new BuildError(`use the engine for ${target}: it was compiled from another release of quickjs-wasi`);
}

async function snapshotOf({ code, map }: Bundle, contained: Readonly<Record<string, string>>): Promise<Snapshot> {
  try {
    return await takeSnapshot(code, contained);
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
function replaceFile(path: string, bytes: Uint8Array): void {
  const aside = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(aside, bytes, { mode: 0o755 });
    chmodSync(aside, 0o755);
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw new BuildError(`write ${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
