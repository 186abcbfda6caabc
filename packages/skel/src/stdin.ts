import { monotonic } from '@cni/sys';
import { syscalls } from '@cni/sys/syscalls';
import { JsonScan } from './json.ts';

/** Milliseconds to wait for a runtime that is still writing. Somebody at a terminal writes nothing. */
const PATIENCE = 500;

const EINTR = -4;
const EAGAIN = -11;
const POLLIN = 1;
const CHUNK = 4096;

/** Standard input to the end of the first JSON value, to its end, or as far as it has come in time: never blocks for long, never fails. */
export function readFirstJson(limit: number): Uint8Array {
  const scan = new JsonScan();
  const deadline = monotonic() + PATIENCE;
  let all = new Uint8Array(0);
  while (all.length <= limit && isReadable(deadline - monotonic())) {
    const chunk = new Uint8Array(CHUNK);
    const count = syscalls.read(0, chunk);
    if (count === EINTR || count === EAGAIN) continue;
    if (count <= 0) break;
    const received = chunk.subarray(0, count);
    all = joined(all, received);
    if (scan.feed(received) !== undefined) break;
  }
  return all;
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(head.length + tail.length);
  both.set(head);
  both.set(tail, head.length);
  return both;
}

function isReadable(milliseconds: number): boolean {
  if (milliseconds <= 0) return false;
  const record = new Uint8Array(8);
  new DataView(record.buffer).setInt16(4, POLLIN, true);
  const ready = syscalls.poll(record, Math.ceil(milliseconds));
  return ready > 0 || (ready === EINTR && isReadable(milliseconds / 2));
}
