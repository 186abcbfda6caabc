const DOT = 46;

/** The names in records of getdents64(2), without `.` and `..`: `struct linux_dirent64` is d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name. */
export function namesIn(records: Uint8Array): Uint8Array[] {
  const names: Uint8Array[] = [];
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  for (let at = 0; at < records.length; ) {
    const next = at + view.getUint16(at + 16, true);
    const name = records.subarray(at + 19, records.indexOf(0, at + 19));
    if (name[0] !== DOT || name.length > 2 || (name.length === 2 && name[1] !== DOT)) names.push(name);
    at = next;
  }
  return names;
}
