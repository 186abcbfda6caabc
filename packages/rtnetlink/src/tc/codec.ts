import { attributes } from '../codec/attributes.ts';
import { type Codec, decodeAll, type Fixed, mapped, pad, s32, u8, u16, u32, u64, written } from '../codec/codec.ts';
import { struct } from '../codec/struct.ts';
import type { Shape } from '../message.ts';
import { type Bytes, type BytesPerSecond, bytes, bytesPerSecond, U32_MAX } from './units.ts';

/** `RTM_*`, linux/rtnetlink.h */
export const RTM_NEWQDISC = 36;
export const RTM_DELQDISC = 37;
export const RTM_GETQDISC = 38;
export const RTM_NEWTFILTER = 44;
export const RTM_DELTFILTER = 45;
export const RTM_GETTFILTER = 46;

export interface TcHeader {
  readonly family: number;
  readonly link: number;
  readonly handle: number;
  readonly parent: number;
  readonly info: number;
}

/** `struct tcmsg`, linux/rtnetlink.h */
export const tcmsg: Fixed<TcHeader> = struct<TcHeader>('tcmsg', 20, {
  family: u8,
  pad1: pad(1),
  pad2: pad(2),
  link: s32,
  handle: u32,
  parent: u32,
  info: u32,
});

/** What was sent, what waits, and what was refused. */
export interface Statistics {
  readonly bytes: bigint;
  readonly packets: number;
  /** Bytes and packets that wait. */
  readonly backlog: number;
  readonly queued: number;
  readonly drops: number;
  readonly requeues: number;
  /** How often a packet had to wait. */
  readonly overlimits: number;
}

/** `struct gnet_stats_basic` without its padding, and `struct gnet_stats_queue`, linux/gen_stats.h */
const basic = struct<Pick<Statistics, 'bytes' | 'packets'>>('gnet_stats_basic', 12, { bytes: u64, packets: u32 });
const queue = struct<Omit<Statistics, 'bytes' | 'packets'>>('gnet_stats_queue', 20, {
  queued: u32,
  backlog: u32,
  drops: u32,
  requeues: u32,
  overlimits: u32,
});

interface StatisticsParts {
  readonly basic?: Pick<Statistics, 'bytes' | 'packets'>;
  readonly queue?: Omit<Statistics, 'bytes' | 'packets'>;
}

const NONE: Statistics = { bytes: 0n, packets: 0, backlog: 0, queued: 0, drops: 0, requeues: 0, overlimits: 0 };

/** `TCA_STATS_*`, linux/gen_stats.h */
export const statistics: Codec<Statistics> = mapped(
  attributes<StatisticsParts>(
    'TCA_STATS',
    { basic: { type: 1, payload: basic, nested: false }, queue: { type: 3, payload: queue, nested: false } },
    { skipRest: true },
  ),
  ({ bytes, packets, ...rest }) => ({ basic: { bytes, packets }, queue: rest }),
  ({ basic, queue }) => ({ ...NONE, ...basic, ...queue }),
);

/** `TC_LINKLAYER_ETHERNET`: packets are counted as they are. */
const TC_LINKLAYER_ETHERNET = 1;

interface RateSpecFields {
  readonly cellLog: number;
  readonly linkLayer: number;
  readonly overhead: number;
  readonly cellAlign: number;
  readonly mpu: number;
  readonly rate: number;
}

/** `struct tc_ratespec`, linux/pkt_sched.h */
const ratespecFields = struct<RateSpecFields>('tc_ratespec', 12, {
  cellLog: u8,
  linkLayer: u8,
  overhead: u16,
  cellAlign: u16,
  mpu: u16,
  rate: u32,
});

/** A rate as far as 32 bits go; one that is larger is repeated in an attribute of 64. */
export const ratespec: Fixed<BytesPerSecond> = mapped(
  ratespecFields,
  (rate: BytesPerSecond): RateSpecFields => ({
    cellLog: 0,
    linkLayer: rate === 0 ? 0 : TC_LINKLAYER_ETHERNET,
    overhead: 0,
    cellAlign: 0,
    mpu: 0,
    rate: Math.min(rate, U32_MAX),
  }),
  ({ rate }) => bytesPerSecond(rate),
);

/** A rate that needs 64 bits. */
export const rate64: Fixed<BytesPerSecond> = mapped(
  u64,
  (rate: BytesPerSecond) => BigInt(rate),
  (wire) => bytesPerSecond(Number(wire)),
);

/** A size in 32 bits. */
export const bytes32: Fixed<Bytes> = mapped(u32, (value: Bytes) => value as number, bytes);

/** How qdisc and filter messages are read. */
export function tcShape<T>(subject: string, codec: Codec<T>): Shape<TcHeader, T> {
  return {
    subject,
    size: tcmsg.size,
    header: (body) => decodeAll(tcmsg, body.subarray(0, tcmsg.size)),
    attributes: codec,
  };
}

/** A payload. */
export function tcBody<T>(header: Partial<TcHeader>, codec: Codec<T>, value: T): Uint8Array {
  const { family = 0, link = 0, handle = 0, parent = 0, info = 0 } = header;
  return written((out) => {
    tcmsg.write({ family, link, handle, parent, info }, out);
    codec.write(value, out);
  });
}
