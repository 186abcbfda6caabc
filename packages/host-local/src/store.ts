import type { Ip } from '@cni/ip';
import { findStat, listDirectory, makeDirectories, removeIfPresent, writeFile, writeStderr } from '@cni/sys';
import {
  announceRemoval,
  bootId,
  cursorsOf,
  type Doomed,
  doomedOf,
  dropJournal,
  fingerprintOf,
  readJournal,
  UNKNOWN_BOOT,
  writeJournal,
} from './journal.ts';
import { type OwnerIndex, openOwnerIndex } from './owner-index.ts';
import type { Location, Paths } from './paths.ts';
import { addressOfName, formatRecord, nameOf, type Owner } from './record.ts';
import { type Resting, rest, restingAt } from './resting.ts';
import { contentOf, contentsOf, eachHeld, type Held, type HeldList, recordAt, surveyOf } from './survey.ts';
import { isMuch, namesOf, type Unsorted, withFile, withoutFile } from './unsorted.ts';
import { clear, discard, finish, moveCursor, place } from './writes.ts';

/** A network's store, and how it is used. */
export interface StoreOptions extends Location {
  /** How long to wait for the lock, in milliseconds. */
  readonly lockTimeout: number;
  /** How long a freed address rests, in milliseconds. */
  readonly reuseDelay: number;
  /** Called with the names of addresses that were freed. */
  readonly onFreed?: (names: readonly string[]) => void;
  /** Where to tell of damage that was found, a line each; default standard error. */
  readonly report?: (line: string) => void;
}

/** An address to be reserved, and the cursor that is to point at it. */
export interface Pick {
  readonly ip: Ip;
  readonly cursor: string;
}

/** Names looked up one by one before the directory is read as a whole. */
const FEW = 64;

/** The addresses of one network, while the lock is held. Each method throws `SysError`. */
export class Store {
  readonly #paths: Paths;
  readonly #index: OwnerIndex;
  readonly #report: (line: string) => void;
  readonly #reuseDelay: number;
  readonly #onFreed: StoreOptions['onFreed'];
  readonly #boot: string = bootId();
  #cursors: Set<string> = new Set();
  /** Whether every address is in the index, or in what is not sorted yet. */
  #indexed = false;
  /** What every address file says, if there were too many to sort them at once. */
  #unsorted: string | undefined;
  /** What was read when the index was made. */
  #held: HeldList | undefined;
  #names: Set<string> | undefined;
  #lookups = 0;
  #resting: Resting | undefined;

  constructor(paths: Paths, { report, reuseDelay, onFreed }: StoreOptions) {
    this.#paths = paths;
    this.#index = openOwnerIndex(paths.index);
    this.#report = report ?? ((line) => writeStderr(`host-local: ${line}\n`));
    this.#reuseDelay = reuseDelay;
    this.#onFreed = onFreed;
    this.#recover();
  }

  /** The addresses of an attachment; if none is in its name, those in the name of its container alone, as very old records are. */
  ownedBy(owner: Owner): Held[] {
    const held = this.#indexed ? this.#lookUp(owner.containerId) : this.all();
    const of = (record: string) => held.filter((one) => one.record === record);
    const exact = of(formatRecord(owner));
    return exact.length > 0 ? exact : of(owner.containerId);
  }

  /** Every address and its record, as it is or was: what is freed of them is looked at first. */
  all(): readonly Held[] {
    this.#sort();
    return this.#held === undefined ? this.#index.list() : eachHeld(this.#held);
  }

  /** Whether an address cannot be had. */
  isTaken(ip: Ip): boolean {
    const name = nameOf(ip);
    if (this.#names === undefined && ++this.#lookups > FEW) {
      this.#sort();
      this.#names = new Set(listDirectory(this.#paths.addresses));
    }
    const isTaken = this.#names?.has(name) ?? findStat(this.#pathOf(name)) !== undefined;
    if (!isTaken || this.#unsorted === undefined || recordAt(this.#pathOf(name)) !== undefined) return isTaken;
    // Nobody's: sorting takes it out of the way.
    this.#sort();
    return findStat(this.#pathOf(name)) !== undefined;
  }

  /** The address that was handed out last; `undefined` when that is not known. */
  cursor(name: string): Ip | undefined {
    this.#cursors.add(name);
    return addressOfName(contentOf(this.#pathOf(name)) ?? '');
  }

  /** Reserves addresses that are not taken: all of them, or none if it throws. */
  reserve(owner: Owner, picks: readonly Pick[]): void {
    const record = formatRecord(owner);
    const doomed = doomedOf(picks.map(({ ip }) => ({ name: nameOf(ip), record })));
    if (!this.#indexed) makeDirectories(this.#paths.index, 0o700);
    writeJournal(this.#paths.journal, { unfinished: doomed });
    try {
      for (const { ip } of picks) this.#place(ip, owner);
      for (const { ip, cursor } of picks) {
        this.#cursors.add(cursor);
        moveCursor(this.#paths, cursor, nameOf(ip), this.#report);
      }
      this.#settle();
    } catch (error) {
      this.#withdraw(owner, doomed);
      throw error;
    }
  }

  /** Frees addresses of one container, as {@link Store.ownedBy} has just found them. Should it be interrupted, the next command completes it. */
  release(containerId: string, held: readonly Held[]): void {
    const doomed = doomedOf(held);
    announceRemoval(this.#paths.journal, doomed);
    for (const { name } of held) removeIfPresent(this.#pathOf(name));
    this.#forget(containerId, doomed);
    this.#rest(doomed);
    this.#settle();
  }

  /** Frees the addresses of many owners, as many as can be, whose records are of {@link Store.all}; what was thrown for the others. */
  sweep(stale: readonly Held[], all: readonly Held[]): unknown[] {
    if (stale.length === 0) return [];
    const kept = new Set(all);
    announceRemoval(this.#paths.journal, doomedOf(stale));
    const refused = stale.flatMap((held) => {
      try {
        finish(this.#paths, [[held.name, held.record]]);
        kept.delete(held);
        return [];
      } catch (error) {
        return [error];
      }
    });
    this.#names = undefined;
    this.#rebuild({ names: [...kept].map(({ name }) => name), records: [...kept].map(({ record }) => record) });
    this.#rest(doomedOf(stale));
    return refused;
  }

  /**
   * Frees what was reserved before the node was last booted: its pods are gone. Records first seen since, and all of them where
   * the kernel does not tell one boot from another, are left alone. How many were freed.
   */
  reclaim(): number {
    this.#sort();
    if (!this.#indexed || this.#boot === UNKNOWN_BOOT) return 0;
    const all = this.#index.list();
    const stale = all.filter(({ boot }) => boot !== this.#boot && boot !== UNKNOWN_BOOT);
    if (stale.length === 0) return 0;
    const freed = stale.length - this.sweep(stale, all).length;
    this.#report(`${this.#paths.addresses}: ${freed} addresses of an earlier boot freed`);
    return freed;
  }

  /** When an address was freed, if that is so short a time ago that it is to rest. */
  freedAt(ip: Ip): number | undefined {
    this.#resting ??= restingAt(this.#paths.freed, this.#reuseDelay);
    return this.#resting.freedAt(ip);
  }

  /** Proves that addresses could be reserved. */
  probe(): void {
    // With something in it: an empty file finds room on a full disk.
    try {
      writeFile(this.#pathOf('.probe'), '.');
    } finally {
      discard(this.#paths, '.probe');
    }
    this.#settle();
  }

  #rest(doomed: readonly Doomed[]): void {
    const names = doomed.map(([name]) => name);
    if (this.#reuseDelay > 0) rest(this.#paths.freed, names);
    this.#onFreed?.(names);
  }

  #pathOf(name: string): string {
    return `${this.#paths.addresses}/${name}`;
  }

  #lookUp(containerId: string): Held[] {
    const names = this.#unsorted === undefined ? this.#index.find(containerId) : namesOf(this.#unsorted, containerId);
    return names.flatMap((name) => {
      const record = recordAt(this.#pathOf(name));
      return record === undefined ? [] : [{ name, record }];
    });
  }

  #recover(): void {
    const journal = readJournal(this.#paths.journal);
    if (journal !== undefined && 'unfinished' in journal) finish(this.#paths, journal.unfinished);
    this.#indexed = journal !== undefined && 'clean' in journal && this.#isUnchanged(journal.clean);
    const unsorted = this.#index.findUnsorted();
    if (!this.#indexed && unsorted !== undefined) this.#keepBoots(unsorted);
    this.#unsorted = this.#indexed ? unsorted?.contents : contentsOf(this.#paths.addresses);
    if (unsorted !== undefined || !isMuch(this.#unsorted) || !this.#postpone()) this.#sort();
  }

  /** Leaves the sorting to the next command, if that can be told to it. */
  #postpone(): boolean {
    try {
      dropJournal(this.#paths.journal);
      makeDirectories(this.#paths.index, 0o700);
      removeIfPresent(this.#paths.aside);
      this.#indexed = true;
    } catch {}
    return this.#indexed;
  }

  /** Makes the index of what an earlier command read, for the boots in it: it is neither complete nor right. */
  #keepBoots({ boot, contents }: Unsorted): void {
    dropJournal(this.#paths.journal);
    try {
      this.#index.rebuild(surveyOf(this.#paths.addresses, contents).held, boot);
    } catch {}
  }

  /** Makes the index of what was read. */
  #sort(): void {
    if (this.#unsorted === undefined) return;
    const survey = surveyOf(this.#paths.addresses, this.#unsorted);
    this.#unsorted = undefined;
    this.#held = survey.held;
    clear(this.#paths, survey, this.#report);
    this.#rebuild(survey.held);
  }

  #isUnchanged(fingerprint: string): boolean {
    this.#cursors = new Set(cursorsOf(fingerprint));
    return fingerprintOf(this.#paths.addresses, this.#boot, [...this.#cursors]) === fingerprint;
  }

  /** Makes the index say what the records say. Where it cannot be written, the next command reads all records again. */
  #rebuild(held: HeldList): void {
    // Overwritten, a long journal would stay long.
    dropJournal(this.#paths.journal);
    try {
      this.#index.rebuild(held, this.#boot);
      removeIfPresent(this.#paths.aside);
      this.#indexed = true;
      this.#settle();
    } catch {
      this.#indexed = false;
    }
  }

  #place(ip: Ip, owner: Owner): void {
    const held = { name: nameOf(ip), record: formatRecord(owner) };
    place(this.#paths, held.name, held.record);
    if (this.#unsorted === undefined) this.#index.add(this.#boot, held);
    else this.#unsorted = withFile(this.#unsorted, held);
  }

  #forget(containerId: string, doomed: readonly Doomed[]): void {
    this.#index.remove(containerId, new Set(doomed.map(([name]) => name)));
    for (const [name] of doomed) this.#unsorted = this.#unsorted && withoutFile(this.#unsorted, name);
  }

  /** What cannot be taken back now, the next command takes back. */
  #withdraw(owner: Owner, doomed: readonly Doomed[]): void {
    try {
      finish(this.#paths, doomed);
      this.#forget(owner.containerId, doomed);
      this.#settle();
    } catch {}
  }

  /** The directory is as it should be. */
  #settle(): void {
    if (!this.#indexed || !this.#recordFingerprint()) dropJournal(this.#paths.journal);
  }

  #recordFingerprint(): boolean {
    try {
      if (this.#unsorted !== undefined) this.#index.keep({ boot: this.#boot, contents: this.#unsorted });
      const fingerprint = fingerprintOf(this.#paths.addresses, this.#boot, [...this.#cursors]);
      writeJournal(this.#paths.journal, { clean: fingerprint });
      return true;
    } catch {
      return false;
    }
  }
}
