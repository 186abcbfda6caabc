import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from './spawner.ts';

/** A directory on the repository's own file system (the system's temporary directory may be memory), gone with its scope. */
export interface Scratch extends Disposable {
  readonly path: string;
  /** Writes a file with JSON, or with text as it is; gives its path. */
  write(name: string, content: unknown): string;
}

/** Makes a new one. */
export function makeScratch(): Scratch {
  mkdirSync(cache, { recursive: true });
  const path = mkdtempSync(join(cache, 'run-'));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      return file;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
