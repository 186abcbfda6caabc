/**
 * A directory of plugins that runtimes execute meanwhile: a file there is only ever replaced whole, by rename(2). What was
 * there before the last change is kept below `.cnictl`, as hard links.
 */
import { parseJson, parseWith } from '@cni/skel';
import {
  findStat,
  link,
  listDirectory,
  lockFile,
  makeDirectories,
  readFile,
  removeDirectoryIfPresent,
  removeIfPresent,
  rename,
  setPermissions,
  sha256,
  syncDirectory,
  writeFile,
} from '@cni/sys';
import * as z from 'zod/mini';
import type { Executable } from './release.ts';

/** Milliseconds that another installation is waited for. */
const PATIENCE = 30_000;

const Changes = z.array(z.object({ name: z.string(), sha256: z.string(), hadBefore: z.boolean() }));

/** A file of the last change: what it became, and whether there was one before. */
export interface Change {
  readonly name: string;
  readonly sha256: string;
  readonly hadBefore: boolean;
}

export class BinDirectory {
  readonly path: string;
  readonly #state: string;
  readonly #previous: string;

  constructor(path: string) {
    this.path = path;
    this.#state = `${path}/.cnictl`;
    this.#previous = `${this.#state}/previous`;
  }

  /** Runs `change` while nobody else changes the directory. */
  locked<T>(change: () => T): T {
    makeDirectories(this.#state);
    const lock = lockFile(`${this.#state}/lock`, PATIENCE);
    try {
      return change();
    } finally {
      lock.release();
    }
  }

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Whether there is a file of that name, or a link that leads nowhere. */
  has(name: string): boolean {
    return findStat(this.path) !== undefined && listDirectory(this.path).includes(name);
  }

  /** The SHA-256 of a file; `undefined` when there is none. */
  sumOf(name: string): string | undefined {
    return sumOf(this.file(name));
  }

  /** Replaces files. All are written before the first is put in its place, so a full disk changes nothing. */
  replace(executables: readonly Executable[]): void {
    const changes = executables.map(({ name, sha256 }) => ({ name, sha256, hadBefore: this.has(name) }));
    try {
      for (const { name, bytes } of executables) {
        writeFile(this.#aside(name), bytes, { sync: true });
        setPermissions(this.#aside(name), 0o755);
      }
      this.#keep(changes);
      for (const { name } of executables) rename(this.#aside(name), this.file(name));
      syncDirectory(this.path);
    } finally {
      for (const { name } of executables) removeIfPresent(this.#aside(name));
    }
  }

  #aside(name: string): string {
    return `${this.#state}/${name}.new`;
  }

  /** Links what is there to beside; what was kept until now goes. */
  #keep(changes: readonly Change[]): void {
    this.forget();
    makeDirectories(this.#previous);
    for (const { name, hadBefore } of changes) if (hadBefore) link(this.file(name), `${this.#previous}/${name}`);
    writeFile(this.#record(), JSON.stringify(changes), { sync: true });
    syncDirectory(this.#previous);
  }

  #record(): string {
    return `${this.#state}/changes.json`;
  }

  /** What the last change did; `undefined` when there is none to go back behind. */
  lastChange(): readonly Change[] | undefined {
    if (findStat(this.#record()) === undefined) return undefined;
    return parseWith(Changes, parseJson(readFile(this.#record()), this.#record()), this.#record());
  }

  /** Whether a file is neither what the last change made of it nor what it was before. */
  isOfOthers({ name, sha256, hadBefore }: Change): boolean {
    const is = this.sumOf(name);
    if (is === sha256 || !this.has(name)) return false;
    return hadBefore ? this.#keeps(name) && is !== sumOf(`${this.#previous}/${name}`) : true;
  }

  #keeps(name: string): boolean {
    return findStat(this.#previous) !== undefined && listDirectory(this.#previous).includes(name);
  }

  /** Puts a file back as it was before. Done already is fine: a rollback that was interrupted can be repeated. */
  restore({ name, hadBefore }: Change): void {
    const kept = `${this.#previous}/${name}`;
    if (!hadBefore) removeIfPresent(this.file(name));
    else if (this.#keeps(name)) {
      rename(kept, this.file(name));
      // Between two links of one file rename(2) does nothing.
      removeIfPresent(kept);
    }
  }

  /** Removes what is kept of the last change. */
  forget(): void {
    removeIfPresent(this.#record());
    if (findStat(this.#previous) === undefined) return;
    for (const name of listDirectory(this.#previous)) removeIfPresent(`${this.#previous}/${name}`);
    removeDirectoryIfPresent(this.#previous);
    syncDirectory(this.path);
  }
}

function sumOf(path: string): string | undefined {
  return findStat(path)?.type === 'file' ? sha256(readFile(path)) : undefined;
}
