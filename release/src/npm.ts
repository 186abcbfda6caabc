import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { Refusal } from './options.ts';
import { type Repository, run } from './repository.ts';

export interface Packed {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** Packs every package that is published, as it would be, and checks each. Throws {@link Refusal} for whatever is wrong with one. */
export async function packPackages({ root, published }: Repository, directory: string): Promise<Packed[]> {
  mkdirSync(directory, { recursive: true });
  const packed: Packed[] = [];
  for (const folder of published) {
    const answer = run(join(root, folder), 'pnpm', 'pack', '--json', '--pack-destination', directory);
    const { name, version, filename: path } = JSON.parse(answer);
    await check(path, readFileSync(path));
    packed.push({ name, version, path, size: statSync(path).size });
  }
  return packed;
}

/** That `exports`, `types`, `files` and `bin` of a package fit what is in it. */
async function check(path: string, bytes: Buffer): Promise<void> {
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  const wrong = messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
  if (wrong.length > 0) throw new Refusal(`${path}:\n${wrong.map((line) => `  ${line}`).join('\n')}`);
}

/**
 * Gives the packages to the registry that npm is set up for. Those that are there already in this version are left out, so that what was
 * interrupted can be repeated; gives the others. Throws {@link Refusal}.
 */
export function publish(root: string, packed: readonly Packed[]): Packed[] {
  const missing = packed.filter((one) => !isPublished(root, one));
  for (const { path } of missing) run(root, 'npm', 'publish', '--access', 'public', path);
  return missing;
}

function isPublished(root: string, { name, version }: Packed): boolean {
  try {
    return run(root, 'npm', 'view', `${name}@${version}`, 'version').trim() !== '';
  } catch (error) {
    if (error instanceof Refusal && error.message.includes('E404')) return false;
    throw error;
  }
}
