import { findStat, isErrno, listDirectory, readFile, text } from '@cni/sys';
import { isAddressName, type Owner, parseRecord } from './record.ts';

/** An address, by its file's name, and whom it belongs to. */
export interface Held {
  readonly name: string;
  readonly owner: Owner;
}

/** Everything in a directory of addresses, by name or as what it says. */
export interface Survey {
  readonly held: Held[];
  /** What a crash of the reference plugin leaves: an address without an owner. */
  readonly empty: string[];
  /** Named like an address, but no record. */
  readonly damaged: string[];
  /** Named neither like an address nor like anything that belongs here, or not to be read. */
  readonly foreign: string[];
}

const OURS = /^(lock|last_reserved_ip\..*)$/;
const LONGEST_RECORD = 1024;

/** Reads everything in a directory of addresses. Throws `SysError` when it cannot be listed. */
export function surveyOf(directory: string): Survey {
  const survey: Survey = { held: [], empty: [], damaged: [], foreign: [] };
  for (const name of listDirectory(directory)) {
    if (isAddressName(name)) classify(survey, `${directory}/${name}`, name);
    else if (!OURS.test(name)) survey.foreign.push(name);
  }
  return survey;
}

function classify(survey: Survey, path: string, name: string): void {
  let content: string | undefined;
  try {
    content = contentOf(path);
  } catch {
    survey.foreign.push(name);
    return;
  }
  const owner = content === undefined ? undefined : parseRecord(content);
  if (owner !== undefined) survey.held.push({ name, owner });
  else if (content === '') survey.empty.push(name);
  else survey.damaged.push(name);
}

/** The owner that the file of an address names; `undefined` when there is no file, or it names none. */
export function ownerAt(path: string): Owner | undefined {
  return parseRecord(contentOf(path) ?? '');
}

/** `undefined` for what is not there or is no plain, readable file of a moderate size. */
export function contentOf(path: string): string | undefined {
  try {
    // Opening a named pipe would wait for its writer.
    if (findStat(path)?.type !== 'file') return undefined;
    const bytes = readFile(path, LONGEST_RECORD);
    return bytes.length > LONGEST_RECORD ? undefined : text(bytes);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO')) return undefined;
    throw error;
  }
}
