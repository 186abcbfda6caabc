import { findStat, isErrno, readSmallFiles, readStart, text } from '@cni/sys';
import { addressNameTest, recordIn } from './record.ts';

/** An address, by its file's name, and the record of whom it belongs to. */
export interface Held {
  readonly name: string;
  readonly record: string;
}

/** Addresses and, at the same places, their records: what there may be sixty thousand of is not made objects. */
export interface HeldList {
  readonly names: string[];
  readonly records: string[];
}

/** Everything in a directory of addresses, by name or as what it says. */
export interface Survey {
  readonly held: HeldList;
  /** What a crash of the reference plugin leaves: an address without an owner. */
  readonly empty: string[];
  /** Named like an address, but no record. */
  readonly damaged: string[];
  /** Named neither like an address nor like anything that belongs here, or not to be read. */
  readonly foreign: string[];
}

const OURS = /^(lock|last_reserved_ip\..*)$/;
const LONGEST_RECORD = 1024;

/** Name and content of each file in a directory of addresses, each ended by NUL. Throws `SysError` when it cannot be listed. */
export function contentsOf(directory: string): string {
  return readSmallFiles(directory, LONGEST_RECORD);
}

/** Says what everything in a directory of addresses is, by its contents as they were a moment ago. */
export function surveyOf(directory: string, contents: string = contentsOf(directory)): Survey {
  const survey: Survey = { held: { names: [], records: [] }, empty: [], damaged: [], foreign: [] };
  const isAddressName = addressNameTest();
  const parts = contents.split('\0');
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [name, content] = [parts[at] as string, parts[at + 1] as string];
    if (!isAddressName(name)) {
      if (!OURS.test(name)) survey.foreign.push(name);
      continue;
    }
    const record = recordIn(content);
    if (record === undefined) classify(survey, `${directory}/${name}`, name);
    else push(survey.held, name, record);
  }
  return survey;
}

function push({ names, records }: HeldList, name: string, record: string): void {
  names.push(name);
  records.push(record);
}

/** One by one. */
export function eachHeld({ names, records }: HeldList): Held[] {
  return names.map((name, at) => ({ name, record: records[at] ?? '' }));
}

/** Takes its time, for what is no record. */
function classify(survey: Survey, path: string, name: string): void {
  let content: string | undefined;
  try {
    content = contentOf(path);
  } catch {
    survey.foreign.push(name);
    return;
  }
  const record = content === undefined ? undefined : recordIn(content);
  if (record !== undefined) push(survey.held, name, record);
  else if (content === '') survey.empty.push(name);
  else survey.damaged.push(name);
}

/** The record in the file of an address; `undefined` when there is no file, or it names no owner. */
export function recordAt(path: string): string | undefined {
  return recordIn(contentOf(path) ?? '');
}

/** `undefined` for what is not there or is no plain, readable file of a moderate size. */
export function contentOf(path: string): string | undefined {
  try {
    const found = findStat(path);
    // Opening a named pipe would wait for its writer.
    if (found?.type !== 'file' || found.size > LONGEST_RECORD) return undefined;
    return text(readStart(path, found.size));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO')) return undefined;
    throw error;
  }
}
