import { type Handle, LONGEST_BUCKET_SECONDS, type Qdisc, type Rtnl } from '@cni/rtnetlink';
import { CniError, type Undo } from '@cni/skel';
import { isErrno } from '@cni/sys';
import type { Bucket } from './bucket.ts';

/** The handle of our root qdisc, `cb1:`. With it and the kind the kernel deletes ours and no other. */
export const OURS: Handle = { major: 0xcb1, minor: 0 };
const CHILD: Handle = { major: 0xcb1, minor: 1 };
const QUEUE: Handle = { major: 0xcb2, minor: 0 };

/** Where a bucket is to be. */
export interface Place {
  readonly rtnl: Rtnl;
  readonly link: number;
}

/** For errors alone. */
function nameOf({ rtnl, link }: Place): string {
  return rtnl.links.find({ index: link })?.name ?? `link ${link}`;
}

/** Puts the bucket at the root of a link, or changes ours that is there; whether it was. Throws `CniError` for a foreign one. */
export function putBucket(place: Place, bucket: Bucket, undo: Undo): boolean {
  const { rtnl, link } = place;
  let there = false;
  // Deferred first: the kernel may have made it although we never heard.
  undo.defer(`delete the root qdisc of link ${link}`, () => void (there || deleteBucket(rtnl, link)));
  there = !putTbf(place, bucket);
  putQueue(place, bucket);
  return there;
}

/** Whether it was made. */
function putTbf(place: Place, { rate, burst, limit }: Bucket): boolean {
  const { rtnl, link } = place;
  const tbf = { link, parent: 'root', handle: OURS, kind: 'tbf', options: { rate, burst, limit } } as const;
  try {
    rtnl.qdiscs.add(tbf);
    return true;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    const root = rootOf(rtnl, link);
    if (root !== undefined && !isOurs(root)) throw foreign(nameOf(place), root, error);
  }
  rtnl.qdiscs.replace(tbf);
  return false;
}

function foreign(name: string, { kind }: Qdisc, cause: unknown): CniError {
  const message = `${name} has a root qdisc already, ${kind}, which is not ours: it would have to be deleted first`;
  return new CniError('LINK_MISMATCH', message, { cause });
}

/** Until the kernel says otherwise. */
let hasFqCodel = true;

/** A kernel without fq_codel keeps the limited fifo that tbf makes by itself. */
function putQueue({ rtnl, link }: Place, { queue }: Bucket): void {
  if (!hasFqCodel) return;
  try {
    rtnl.qdiscs.replace({ link, parent: CHILD, handle: QUEUE, kind: 'fq_codel', options: queue });
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EOPNOTSUPP')) throw error;
    hasFqCodel = false;
  }
}

/** Deletes our root qdisc, if it is there. */
export function deleteBucket(rtnl: Rtnl, link: number): boolean {
  return rtnl.qdiscs.deleteIfPresent({ link, parent: 'root', handle: OURS, kind: 'tbf' });
}

function rootOf(rtnl: Rtnl, link: number): Qdisc | undefined {
  return rtnl.qdiscs.list({ link }).find(({ parent }) => parent === 'root');
}

function isOurs({ kind, handle }: Qdisc): boolean {
  return kind === 'tbf' && handle.major === OURS.major;
}

/** Compares the root of a link with the bucket. Throws `CniError`. */
export function checkBucket(place: Place, bucket: Bucket): void {
  const { rtnl, link } = place;
  const name = nameOf(place);
  const qdiscs = rtnl.qdiscs.list({ link, invisible: true });
  const root = qdiscs.find(({ parent }) => parent === 'root');
  if (root === undefined || !isOurs(root) || root.kind !== 'tbf' || root.options === undefined)
    throw failed(`${name}: its root qdisc is ${root?.kind ?? 'none'}, not our tbf`);
  const { rate, burst, limit } = root.options;
  const expect = (what: string, actual: number, expected: number, tolerance = 0) => {
    if (Math.abs(actual - expected) > tolerance) throw failed(`${name}: its ${what} is ${actual}, not ${expected}`);
  };
  expect('rate in bytes per second', rate, bucket.rate);
  expect('queue in bytes', limit, bucket.limit);
  expect(
    'burst in bytes',
    unwrapped(burst, bucket),
    bucket.burst,
    bucket.rate * TICK_SECONDS + bucket.burst * INEXACT + 1,
  );
  checkQueue(name, qdiscs, bucket);
}

const TICK_SECONDS = 64e-9;
/** The kernel divides by the rate in 17 bits or more. */
const INEXACT = 2e-5;

/** The kernel tells ticks modulo 2³²; a bucket that lasts longer is what it is all the same. */
function unwrapped(burst: number, { rate, burst: expected }: Bucket): number {
  const wrap = LONGEST_BUCKET_SECONDS * rate;
  return burst + Math.round((expected - burst) / wrap) * wrap;
}

function checkQueue(name: string, qdiscs: readonly Qdisc[], { limit }: Bucket): void {
  const queue = qdiscs.find(({ parent }) => typeof parent === 'object' && parent.major === OURS.major);
  if (queue?.kind === 'fq_codel') return;
  if (queue?.kind !== 'bfifo') throw failed(`${name}: the queue in its tbf is ${queue?.kind ?? 'gone'}`);
  if (queue.options?.limit !== limit)
    throw failed(`${name}: the queue in its tbf is limited to ${queue.options?.limit}, not ${limit} bytes`);
}

/** What CHECK says. */
export function failed(message: string): CniError {
  return new CniError('CHECK_FAILED', message);
}
