import type { Statistics } from './codec.ts';
import type { Handle, QdiscParent } from './handle.ts';
import type { Bytes, BytesPerSecond, Micros } from './units.ts';

/** A token bucket: packets wait until there are tokens for them. */
export interface Tbf {
  readonly rate: BytesPerSecond;
  /** The bucket, to 2³²−1 bytes. A packet that is larger is cut to pieces if it is a super-packet, or dropped. */
  readonly burst: Bytes;
  /** How much may wait, the packet in turn included. */
  readonly limit: Bytes;
}

/** A queue per flow, each kept short. What is absent is the kernel's choice. */
export interface FqCodel {
  /** The delay a queue may have for longer than an interval. */
  readonly target?: Micros;
  readonly interval?: Micros;
  /** Packets. */
  readonly limit?: number;
  readonly flows?: number;
  readonly quantum?: Bytes;
  readonly ecn?: boolean;
  readonly memoryLimit?: Bytes;
}

/** One queue, limited in bytes (bfifo) or packets (pfifo). */
export interface Fifo {
  readonly limit: number;
}

/** The kind of a qdisc, and what is particular to it. */
export type QdiscInfo =
  | { readonly kind: 'tbf'; readonly options: Tbf }
  | { readonly kind: 'fq_codel'; readonly options: FqCodel }
  | { readonly kind: 'bfifo' | 'pfifo'; readonly options: Fifo }
  | { readonly kind: 'ingress' | 'clsact'; readonly options?: undefined };

/** A qdisc of a kind this package does not know, or whose options it cannot read. */
export interface OtherQdisc {
  readonly kind: string;
  readonly options?: undefined;
  readonly raw?: Uint8Array;
}

/** Where a qdisc is. */
export interface QdiscPlace {
  /** Index of the link. */
  readonly link: number;
  readonly parent: QdiscParent;
}

/** A qdisc to be made. */
export type NewQdisc = QdiscPlace & { readonly handle?: Handle } & QdiscInfo;

/** A qdisc as the kernel describes it. Of tbf's bucket it tells the ticks alone: the burst is as exact as a tick is long. */
export type Qdisc = QdiscPlace & {
  /** Major 0 for one that the kernel put there by itself. */
  readonly handle: Handle;
  readonly statistics: Statistics;
} & (QdiscInfo | OtherQdisc);

/** A qdisc to be deleted: refused, `EINVAL`, if the one that is there has another handle or is of another kind. */
export type QdiscKey = QdiscPlace & { readonly handle?: Handle; readonly kind?: string };
