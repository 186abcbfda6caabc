import { type Applied, putAll, takeAll } from './apply.ts';
import type { Entry } from './entries/entry.ts';
import { kindOf, sideOf } from './entries/kinds.ts';
import { findRecord, forgetRecord, keepRecord, type Record } from './record.ts';

/** Makes pod and node what the record says; what an earlier one says and this one does not is taken back. */
export function converge(record: Record, { ground, undo, tell }: Applied): void {
  const before = findRecord(record)?.entries ?? [];
  const stale = before.filter((entry) => !record.entries.some((one) => isSame(one, entry)));
  undo.defer('forget the record', () => forgetRecord(record));
  // Before anything is made, and with what was there: if we are killed in the next moment, DEL knows of all of it.
  keepRecord({ ...record, entries: [...stale, ...record.entries] });
  const unable = putAll(record.entries, { ground, undo, tell });
  takeAll(
    stale.filter((entry) => !isReplaced(entry, record.entries)),
    ground,
  );
  if (stale.length + unable.length > 0)
    keepRecord({ ...record, entries: record.entries.filter((entry) => !unable.includes(entry)) });
}

function isSame(a: Entry, b: Entry): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether to take it back would take what has come in its place: the same thing with another value. */
function isReplaced(entry: Entry, entries: readonly Entry[]): boolean {
  const nameOf = (one: Entry) => `${sideOf(one)}: ${kindOf(one).words(one)}`;
  return entries.some((one) => nameOf(one) === nameOf(entry));
}
