import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * What a stack calls a source file: its package's name and its path in there, such as `@cni/skel/src/run.ts`. The same
 * wherever the sources lie, so that two builds are the same.
 */
export function sourceName(path: string): string {
  for (let directory = dirname(path); directory !== dirname(directory); directory = dirname(directory)) {
    const name = packageName(directory);
    if (name !== undefined) return `${name}/${relative(directory, path)}`;
  }
  return path.slice(path.lastIndexOf('/') + 1);
}

const names = new Map<string, string | undefined>();

/** Of the package whose root the directory is; a package.json without a name only marks a module's kind. */
function packageName(directory: string): string | undefined {
  if (!names.has(directory)) {
    const file = join(directory, 'package.json');
    names.set(directory, existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).name : undefined);
  }
  return names.get(directory);
}
