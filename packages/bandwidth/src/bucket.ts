import {
  type Bytes,
  type BytesPerSecond,
  bytes,
  bytesPerSecond,
  type FqCodel,
  LONGEST_BUCKET_SECONDS,
  type Micros,
  micros,
  U32_MAX,
} from '@cni/rtnetlink';
import type { Direction, Limit } from './config.ts';
import { formatBits } from './quantity.ts';

/** A token bucket as the kernel is to have it. */
export interface Bucket {
  readonly rate: BytesPerSecond;
  readonly burst: Bytes;
  /** Of the queue. */
  readonly limit: Bytes;
  /** For a kernel with fq_codel. */
  readonly queue: FqCodel;
  /** What was asked for and is not given. */
  readonly notes: readonly string[];
}

/** What a bucket is for. */
export interface BucketOptions {
  /** Bytes. */
  readonly mtu: number;
  readonly latency: Micros;
  readonly direction: Direction;
}

/** Bytes of a link-layer header. */
const ETHERNET = 14;
const WITH_VLAN_TAG = 18;
/**
 * Bytes: what may come as one packet, unless the burst is less: tbf cuts it then. GSO_MAX_SIZE of netdevice.h, and the headers of 362 segments,
 * which a queue counts too.
 */
export const LARGEST: number = 524_280 + 362 * 66;
/** The room for short packets, as a share of a full one. Less than all of it: a few bytes that each full one is shorter must not make room for another. */
const ROOM = 3 / 4;
/** Bytes: the smallest burst that keeps the rate of short packets on a busy machine, and room for some packets in a queue. */
const SOME_PACKETS = 16_384;
/** A burst comes on top of the rate in the first second, which may be a twentieth above it. */
const BURST_SECONDS_MAX = 0.04;
/** How long the shaper may be late without losing rate: a timer, or another process, on a busy machine. */
const BURST_SECONDS = 0.004;
/** What fq_codel has by itself. */
const TARGET = 5_000;
const INTERVAL = 100_000;

/**
 * The bucket of a limit. The burst unless given is the most of a packet, 4 ms at the rate, and of 16 KiB as far as these are
 * no more than 40 ms: the first second and the steady state are both right then. An explicit one is honoured from one packet up to what the kernel can hold.
 */
export function bucketOf(limit: Limit, { mtu, latency, direction }: BucketOptions): Bucket {
  const rate = bytesPerSecond(Math.floor(limit.rate / 8));
  const packet = mtu + WITH_VLAN_TAG;
  // At the lowest rates a bucket of a large packet lasts longer than ticks can say; the kernel is told bytes as well.
  const longest = Math.max(packet, Math.min(U32_MAX, Math.floor(rate * LONGEST_BUCKET_SECONDS)));
  const wanted =
    limit.burst === undefined
      ? Math.max(packet, Math.ceil(rate * BURST_SECONDS), Math.min(SOME_PACKETS, Math.ceil(rate * BURST_SECONDS_MAX)))
      : Math.floor(limit.burst / 8);
  const burst = bytes(Math.min(Math.max(wanted, packet), longest));
  const changed = limit.burst !== undefined && burst !== wanted;
  const packetTime = (packet / rate) * 1e6;
  const target = Math.max(TARGET, Math.ceil(1.5 * packetTime));
  return {
    rate,
    burst,
    limit: bytes(
      Math.min(queueOf(Math.max(Math.min(burst, LARGEST), SOME_PACKETS, (rate * latency) / 1e6), mtu), U32_MAX),
    ),
    // Said even where it is the kernel's own: a queue that is changed keeps what it is not told.
    queue: { target: micros(target), interval: micros(Math.max(INTERVAL, 2 * target)) },
    notes: changed
      ? [
          ...limit.notes,
          `${direction}Burst: a burst of ${formatBits(wanted * 8)} is not possible at ${formatBits(limit.rate)}/s: ${formatBits(burst * 8)}`,
        ]
      : limit.notes,
  };
}

/**
 * So many bytes as full packets, and a part of one more: a fifo that is full of them has room for short ones still, or it would drop
 * each ping and acknowledgement as long as a stream fills it.
 */
function queueOf(least: number, mtu: number): number {
  const packet = mtu + ETHERNET;
  return Math.ceil(least / packet) * packet + Math.floor(packet * ROOM);
}
