import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** An npm package as it lies on this machine. */
export interface Package {
  readonly directory: string;
  readonly name: string;
  readonly version: string | undefined;
}

/** The package that a file belongs to; a package.json without a name only marks a module's kind. */
export function packageOf(path: string): Package | undefined {
  for (let directory = dirname(path); directory !== dirname(directory); directory = dirname(directory)) {
    const found = packageAt(directory);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * What a stack calls a source file: its package's name and its path in there, such as `@cni/skel/src/run.ts`. The same
 * wherever the sources lie, so that two builds are the same.
 */
export function sourceName(path: string): string {
  const owner = packageOf(path);
  return owner === undefined
    ? path.slice(path.lastIndexOf('/') + 1)
    : `${owner.name}/${relative(owner.directory, path)}`;
}

const packages = new Map<string, Package | undefined>();

function packageAt(directory: string): Package | undefined {
  if (!packages.has(directory)) packages.set(directory, readPackage(directory));
  return packages.get(directory);
}

function readPackage(directory: string): Package | undefined {
  const file = join(directory, 'package.json');
  if (!existsSync(file)) return undefined;
  const { name, version } = JSON.parse(readFileSync(file, 'utf8'));
  return name === undefined ? undefined : { directory, name, version };
}
