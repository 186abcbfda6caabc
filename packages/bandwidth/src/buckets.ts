/** What the kernel tells of buckets. */
import type { Bytes, BytesPerSecond, Qdisc, Statistics } from '@cni/rtnetlink';
import { isCniError } from '@cni/skel';
import { monotonic, sleep } from '@cni/sys';
import { type Compared, checkOne, type Sides } from './apply.ts';
import type { Direction } from './config.ts';
import { ifbName, type Owner } from './ifb.ts';
import { leftoversOf } from './leftovers.ts';
import type { Shaper, Shaping } from './plan.ts';
import { findBucket } from './queue.ts';

/** The pod's link, the node's end of it, or an IFB in one of the two namespaces. */
export type BucketPlace = 'pod-link' | 'node-link' | 'pod-ifb' | 'node-ifb';

/** One bucket of an attachment. */
export interface BucketReport {
  readonly direction: Direction;
  readonly place: BucketPlace;
  /** The link it is at. */
  readonly link: string;
  /** What the kernel has; absent: nothing of ours. */
  readonly there?: { readonly rate: BytesPerSecond; readonly burst: Bytes; readonly statistics: Statistics };
}

interface Pod {
  readonly sides: Sides;
  readonly owner: Owner;
}

/** What is there of a plan; `onNode` are all qdiscs of the node, if they are known. */
export function reportBuckets(shaping: Shaping, pod: Pod, onNode?: readonly Qdisc[]): BucketReport[] {
  return shaping.map((shaper) => {
    const { rtnl } = pod.sides[shaper.side];
    const key = 'root' in shaper ? { index: shaper.root } : { name: ifbName(pod.owner, shaper.direction) };
    const link = rtnl.links.find(key);
    const there = link && findBucket({ rtnl, link: link.index }, shaper.side === 'host' ? onNode : undefined);
    const name = link?.name ?? ('name' in key ? key.name : `link ${key.index}`);
    return { direction: shaper.direction, place: placeOf(shaper), link: name, ...(there && { there }) };
  });
}

function placeOf(shaper: Shaper): BucketPlace {
  const side = shaper.side === 'pod' ? 'pod' : 'node';
  return `${side}-${'root' in shaper ? 'link' : 'ifb'}`;
}

/** In what the kernel differs from a plan. */
export function faultsOf(shaping: Shaping, pod: Compared): string[] {
  const faults = shaping.flatMap((shaper) => {
    try {
      checkOne(shaper, pod);
      return [];
    } catch (error) {
      if (isCniError(error)) return [error.message];
      throw error;
    }
  });
  return [...faults, ...leftoversOf(shaping, pod).map(({ fault }) => fault)];
}

/** A bucket that was watched. */
export interface Watched extends BucketReport {
  /** Bits per second that went through it; absent where that cannot be told. */
  readonly throughput?: number;
}

/** Looks at buckets twice, `milliseconds` apart. */
export function watch(look: () => readonly BucketReport[], milliseconds: number): Watched[] {
  const [before, start] = [look(), monotonic()];
  sleep(milliseconds);
  const [after, seconds] = [look(), (monotonic() - start) / 1000];
  return after.map((bucket) => {
    const old = before.find(({ link, place }) => link === bucket.link && place === bucket.place)?.there;
    const grown = bucket.there && old && Number(bucket.there.statistics.bytes - old.statistics.bytes);
    // Fewer than before: it is another one.
    return grown === undefined || grown < 0 ? bucket : { ...bucket, throughput: (grown * 8) / seconds };
  });
}
