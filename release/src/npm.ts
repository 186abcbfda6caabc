import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { Refusal } from './options.ts';
import { type Repository, run } from './repository.ts';

export interface Packed {
  readonly path: string;
  readonly size: number;
}

/** Packs every package that is published, as it would be, and checks each. Throws {@link Refusal} for whatever is wrong with one. */
export async function packPackages({ root, published }: Repository, directory: string): Promise<Packed[]> {
  mkdirSync(directory, { recursive: true });
  const packed: Packed[] = [];
  for (const folder of published) {
    const [{ filename = '' } = {}] = [
      JSON.parse(run(join(root, folder), 'pnpm', 'pack', '--json', '--pack-destination', directory)),
    ];
    await check(filename, readFileSync(filename));
    packed.push({ path: filename, size: statSync(filename).size });
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

/** Gives the packages to the registry that npm is set up for. What is there already in this version is an error of npm's. */
export function publish(root: string, packed: readonly Packed[]): void {
  for (const { path } of packed) run(root, 'npm', 'publish', '--access', 'public', path);
}
