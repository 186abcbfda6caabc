import { CniError } from '@cni/skel';
import { findText, readFile, sha256 } from '@cni/sys';

/** The file of a release that has the checksums of the others, in the format of sha256sum(1). */
export const SUMS = 'SHA256SUMS';

/** An executable of a release, whole. */
export interface Executable {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** The checksums of the executables that were unpacked into a directory, by name. Throws {@link CniError}. */
export function readSums(directory: string, names: readonly string[]): Map<string, string> {
  const path = `${directory}/${SUMS}`;
  const text = findText(path);
  if (text === undefined)
    throw new CniError(
      'IO_FAILURE',
      `no ${SUMS} in ${directory}: name the directory a release was unpacked into, --from`,
    );
  const sums = new Map(parseSums(text, path));
  if (names.length === 0) return sums;
  const unknown = names.filter((name) => !sums.has(name));
  if (unknown.length > 0)
    throw new CniError(
      'IO_FAILURE',
      `${unknown.join(', ')}: not in this release, which has ${[...sums.keys()].join(', ')}`,
    );
  return new Map(names.map((name) => [name, sums.get(name) ?? '']));
}

/** `DIGITS  NAME` on each line. */
function parseSums(text: string, path: string): [string, string][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const [, sum, name] = /^([0-9a-f]{64}) [ *]([\w.-]+)$/.exec(line) ?? [];
      if (sum === undefined || name === undefined)
        throw new CniError(
          'UNDECODABLE',
          `${path}:${index + 1}: expected a SHA-256 and a name (got ${JSON.stringify(line)})`,
        );
      return [name, sum];
    });
}

/** Reads an executable of a release, and throws {@link CniError} unless it is what the release says. */
export function readExecutable(directory: string, name: string, expected: string): Executable {
  const bytes = readFile(`${directory}/${name}`);
  const actual = sha256(bytes);
  if (actual !== expected)
    throw new CniError(
      'IO_FAILURE',
      `${directory}/${name} is damaged: its SHA-256 is ${actual}, ${SUMS} says ${expected}`,
    );
  return { name, sha256: actual, bytes };
}
