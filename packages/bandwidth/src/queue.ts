import { type Handle, LONGEST_BUCKET_SECONDS, type Qdisc, type Rtnl, type Statistics, type Tbf } from '@cni/rtnetlink';
import { CniError, type Undo } from '@cni/skel';
import { isErrno } from '@cni/sys';
import { type Bucket, LARGEST } from './bucket.ts';

/** The handle of our root qdisc, `cb1:`. With it and the kind the kernel deletes ours and no other. */
export const OURS: Handle = { major: 0xcb1, minor: 0 };
const CHILD: Handle = { major: 0xcb1, minor: 1 };
const QUEUE: Handle = { major: 0xcb2, minor: 0 };
const ASIDE: Handle = { major: 0xcb3, minor: 0 };

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
  let old: Qdisc | undefined;
  // Deferred first: the kernel may have made it although we never heard.
  undo.defer(`delete the root qdisc of link ${link}`, () => void (old || deleteBucket(rtnl, link)));
  old = putTbf(place, bucket);
  if (old !== undefined && isTooSmallFor(bucket, old)) dropQueue(place, bucket);
  putQueue(place, bucket);
  return old !== undefined;
}

/** What was there. */
function putTbf(place: Place, { rate, burst, limit }: Bucket): Qdisc | undefined {
  const { rtnl, link } = place;
  const tbf = { link, parent: 'root', handle: OURS, kind: 'tbf', options: { rate, burst, limit } } as const;
  let root: Qdisc | undefined;
  try {
    rtnl.qdiscs.add(tbf);
    return undefined;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    root = rootOf(rtnl, link);
    if (root !== undefined && !isOurs(root)) throw foreign(nameOf(place), root, error);
  }
  rtnl.qdiscs.replace(tbf);
  return root;
}

/** Whether packets may wait that fitted the bucket that was there, and do not fit this one. */
function isTooSmallFor({ burst }: Bucket, old: Qdisc): boolean {
  if (old.kind !== 'tbf' || old.options === undefined || burst >= LARGEST) return false;
  return old.options.burst > burst + tolerance(old.options);
}

/**
 * Drops what waits. Packets are cut to the bucket's size when they come, not when they are sent: one that came before the
 * bucket was made smaller than itself would wait, and all others behind it, for ever.
 */
function dropQueue(place: Place, bucket: Bucket): void {
  const { rtnl, link } = place;
  if (rootOf(rtnl, link)?.statistics.queued === 0) return;
  // Another one drops it, and a second has the handle again: at no moment is there none.
  for (const handle of [ASIDE, QUEUE]) {
    if (putQueue(place, bucket, handle)) continue;
    rtnl.qdiscs.replace({ link, parent: CHILD, handle, kind: 'bfifo', options: { limit: bucket.limit } });
  }
}

function foreign(name: string, { kind }: Qdisc, cause: unknown): CniError {
  const message = `${name} has a root qdisc already, ${kind}, which is not ours: it would have to be deleted first`;
  return new CniError('LINK_MISMATCH', message, { cause });
}

/** Until the kernel says otherwise. */
let hasFqCodel = true;

/** Whether the kernel has it; without fq_codel it keeps the limited fifo that tbf makes by itself. */
function putQueue({ rtnl, link }: Place, { queue }: Bucket, handle = QUEUE): boolean {
  if (!hasFqCodel) return false;
  try {
    rtnl.qdiscs.replace({ link, parent: CHILD, handle, kind: 'fq_codel', options: queue });
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EOPNOTSUPP')) throw error;
    hasFqCodel = false;
  }
  return hasFqCodel;
}

/** Deletes our root qdisc, if it is there. */
export function deleteBucket(rtnl: Rtnl, link: number): boolean {
  return rtnl.qdiscs.deleteIfPresent({ link, parent: 'root', handle: OURS, kind: 'tbf' });
}

function rootOf(rtnl: Rtnl, link: number): Qdisc | undefined {
  return rootIn(rtnl.qdiscs.list({ link }), link);
}

function rootIn(qdiscs: readonly Qdisc[], link: number): Qdisc | undefined {
  return qdiscs.find((qdisc) => qdisc.link === link && qdisc.parent === 'root');
}

function isOurs({ kind, handle }: Qdisc): boolean {
  return kind === 'tbf' && handle.major === OURS.major;
}

/** The bucket at the root of a link, if it is ours, with what has gone through it; `listed` are all qdiscs, if they are known. */
export function findBucket(
  { rtnl, link }: Place,
  listed?: readonly Qdisc[],
): (Tbf & { readonly statistics: Statistics }) | undefined {
  const root = rootIn(listed ?? rtnl.qdiscs.list({ link }), link);
  if (root === undefined || !isOurs(root) || root.kind !== 'tbf' || root.options === undefined) return undefined;
  return { ...root.options, statistics: root.statistics };
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
  expect('burst in bytes', unwrapped(burst, bucket), bucket.burst, tolerance(bucket));
  checkQueue(name, qdiscs, bucket);
}

const TICK_SECONDS = 64e-9;
/** The kernel divides by the rate in 17 bits or more. */
const INEXACT = 2e-5;

/** How far off the kernel may be when it tells of a burst, in bytes. */
function tolerance({ rate, burst }: Pick<Bucket, 'rate' | 'burst'>): number {
  return rate * TICK_SECONDS + burst * INEXACT + 1;
}

/** The kernel tells ticks modulo 2³²; a bucket that lasts longer is what it is all the same. */
function unwrapped(burst: number, { rate, burst: expected }: Bucket): number {
  const wrap = LONGEST_BUCKET_SECONDS * rate;
  return burst + Math.round((expected - burst) / wrap) * wrap;
}

/** Microseconds: the kernel counts in 1024 ns. */
const CODEL_TOLERANCE = 2;

function checkQueue(name: string, qdiscs: readonly Qdisc[], { limit, queue: wanted }: Bucket): void {
  const queue = qdiscs.find(({ parent }) => typeof parent === 'object' && parent.major === OURS.major);
  if (queue?.kind === 'fq_codel') {
    for (const key of ['target', 'interval'] as const) {
      const [actual = 0, expected = 0] = [queue.options?.[key], wanted[key]];
      if (Math.abs(actual - expected) > CODEL_TOLERANCE)
        throw failed(`${name}: the ${key} of the fq_codel in its tbf is ${actual}, not ${expected} µs`);
    }
    return;
  }
  if (queue?.kind !== 'bfifo') throw failed(`${name}: the queue in its tbf is ${queue?.kind ?? 'gone'}`);
  if (queue.options?.limit !== limit)
    throw failed(`${name}: the queue in its tbf is limited to ${queue.options?.limit}, not ${limit} bytes`);
}

/** What CHECK says. */
export function failed(message: string): CniError {
  return new CniError('CHECK_FAILED', message);
}
