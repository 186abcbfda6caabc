/** What was made for an attachment, kept while it lives: on a tmpfs, since namespaces and links do not outlive a boot either. */
import { CniError, parseWith, withFastPath } from '@cni/skel';
import {
  findText,
  isErrno,
  listDirectory,
  makeDirectories,
  removeIfPresent,
  replaceFile,
  withNetnsLock,
} from '@cni/sys';
import * as z from 'zod/mini';
import { Entry } from './entries/entry.ts';
import { Inputs } from './inputs.ts';
import { containerMark, type Owner } from './owner.ts';

export interface Record extends Owner {
  /** CNI_NETNS of the ADD. */
  readonly sandbox: string;
  /** The interface that this attachment asked for as that of the default route; it may be yet to come. */
  readonly wish?: string | undefined;
  readonly inputs: Inputs;
  readonly entries: readonly Entry[];
}

const Stored: z.ZodMiniType<Record> = withFastPath(
  z.object({
    network: z.string(),
    containerId: z.string(),
    ifName: z.string(),
    sandbox: z.string(),
    wish: z.optional(z.string()),
    inputs: Inputs,
    entries: z.array(Entry),
  }),
);

export const DIRECTORY = '/run/cni/coordinator';

/** `MARK-IFNAME`: names of containers may be longer than those of files. */
function pathOf({ containerId, ifName }: Owner): string {
  return `${DIRECTORY}/${containerMark(containerId)}-${ifName}`;
}

/** A runtime asks one thing of an attachment at a time. */
function asideOf(path: string): string {
  return `${path}~`;
}

function isAside(name: string): boolean {
  return name.endsWith('~');
}

function sameOwner(a: Owner, b: Owner): boolean {
  return a.network === b.network && a.containerId === b.containerId && a.ifName === b.ifName;
}

/** Keeps it in one step. Throws `SysError`. */
export function keepRecord(record: Record): void {
  makeDirectories(DIRECTORY);
  const path = pathOf(record);
  withNetnsLock(() => replaceFile(path, `${JSON.stringify(record)}\n`, asideOf(path)));
}

/** Forgets those that were not written to their end. Nothing was made for them. */
export function forgetUnfinished(): void {
  withNetnsLock(() => {
    for (const name of namesIn(DIRECTORY).filter(isAside)) removeIfPresent(`${DIRECTORY}/${name}`);
  });
}

/** That of an attachment. Throws {@link CniError} `STORE_DAMAGED` for a file that is no record. */
export function findRecord(owner: Owner): Record | undefined {
  const record = readRecord(pathOf(owner));
  return record !== undefined && sameOwner(record, owner) ? record : undefined;
}

/** Whether anything was made for another attachment of the node. */
export function hasOtherRecords(owner: Owner): boolean {
  const own = pathOf(owner);
  return namesIn(DIRECTORY).some((name) => !own.endsWith(`/${name}`) && !isAside(name));
}

export function forgetRecord(owner: Owner): void {
  for (const path of [pathOf(owner), asideOf(pathOf(owner))]) removeIfPresent(path);
}

/** Those of a container, whatever their networks; what cannot be read is passed over. */
export function recordsOf(containerId: string): Record[] {
  return listRecords(containerMark(containerId)).filter((record) => record.containerId === containerId);
}

/** All of the node, or those whose file names begin so; what cannot be read is passed over. */
export function listRecords(prefix = ''): Record[] {
  const names = namesIn(DIRECTORY).filter((name) => name.startsWith(prefix) && !isAside(name));
  return names.flatMap((name) => {
    try {
      return readRecord(`${DIRECTORY}/${name}`) ?? [];
    } catch {
      return [];
    }
  });
}

function namesIn(directory: string): string[] {
  try {
    return listDirectory(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

function readRecord(path: string): Record | undefined {
  const text = findText(path);
  if (text === undefined) return undefined;
  try {
    return parseWith(Stored, JSON.parse(text));
  } catch (cause) {
    throw new CniError('STORE_DAMAGED', `record ${path}: what is in it was not written by this plugin`, { cause });
  }
}
