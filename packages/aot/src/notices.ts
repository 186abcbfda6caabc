/** The licence notices that an executable has to be accompanied by: of its engine, and of every package bundled into it. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BuildError } from './build-error.ts';
import { type Package, packageOf } from './source-name.ts';

/**
 * Puts documents of notices together. A notice is a text below a line `=== NAME VERSION`; where packages have the same text,
 * it stands once, below all their lines. The order is that of the first of their names.
 */
export function mergeNotices(...documents: readonly string[]): string {
  const headings = new Map<string, Set<string>>();
  for (const { names, lines } of documents.flatMap(split)) {
    const text = lines.join('\n').trim();
    headings.set(text, new Set([...(headings.get(text) ?? []), ...names]));
  }
  const notices = Array.from(headings, ([text, names]) => `${[...names].toSorted().join('\n')}\n\n${text}\n`);
  return notices.toSorted().join('\n');
}

function split(document: string): { names: string[]; lines: string[] }[] {
  const notices: { names: string[]; lines: string[] }[] = [];
  for (const line of document.split('\n')) {
    const last = notices.at(-1);
    if (!line.startsWith('=== ')) last?.lines.push(line);
    else if (last?.lines.length === 0) last.names.push(line);
    else notices.push({ names: [line], lines: [] });
  }
  return notices;
}

/** The notices of the packages that `sources` belong to, but for the one of `entry`. Throws {@link BuildError} where one has none. */
export function noticesOf(sources: readonly string[], entry: string): string {
  const own = packageOf(entry)?.directory;
  const packages = new Map<string, Package>();
  for (const source of sources) {
    const owner = packageOf(source);
    if (owner !== undefined && owner.directory !== own) packages.set(owner.directory, owner);
  }
  return mergeNotices(...Array.from(packages.values(), noticeOf));
}

function noticeOf({ directory, name, version }: Package): string {
  const files = licenceFiles(directory);
  if (files.length === 0) throw new BuildError(`find the licence notice of ${name}: no LICENSE file in ${directory}`);
  const text = files.map((file) => readFileSync(file, 'utf8').trim()).join('\n\n');
  return `=== ${version === undefined ? name : `${name} ${version}`}\n\n${text}\n`;
}

const LICENCE = /^(licen[cs]e|copying|copyright|notice)(\.(md|txt))?$/i;

/** In the nearest directory that has some, up to the installed package's own; in a repository of several packages, up to its root. */
function licenceFiles(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => LICENCE.test(name));
  if (names.length > 0) return names.toSorted().map((name) => join(directory, name));
  const isInstalled = /\/node_modules\/(@[^/]+\/)?[^/]+$/.test(directory);
  return isInstalled || dirname(directory) === directory ? [] : licenceFiles(dirname(directory));
}
