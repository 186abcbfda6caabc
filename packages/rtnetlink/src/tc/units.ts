/** A unit of its own for a number: two that differ cannot be mixed up. */
declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

export type Bytes = Unit<'bytes'>;
/** A rate in bytes per second, up to 2⁵³; rates beyond 2³² are sent in 64 bits. */
export type BytesPerSecond = Unit<'bytes per second'>;
/** Microseconds. */
export type Micros = Unit<'microseconds'>;
/** The kernel's measure of a bucket: the time it takes to send it, in units of 64 ns (`PSCHED_SHIFT` 6, net/pkt_sched.h). */
export type Ticks = Unit<'ticks'>;

const NANOSECONDS_PER_TICK = 64;
const NANOSECONDS = 1e9;

/** The most that 32 bits hold. */
export const U32_MAX = 0xffffffff;

/** The longest time a bucket may take to send where it is expressed in 32 bits of ticks: 274.9 seconds. */
export const LONGEST_BUCKET_SECONDS: number = (U32_MAX * NANOSECONDS_PER_TICK) / NANOSECONDS;

/** A number of bytes. */
export function bytes(count: number): Bytes {
  return count as Bytes;
}

/** A rate. */
export function bytesPerSecond(count: number): BytesPerSecond {
  return count as BytesPerSecond;
}

/** A time. */
export function micros(count: number): Micros {
  return count as Micros;
}

/** The bucket of `burst` bytes at `rate`, in ticks rounded up, so that no packet of that size is too large for it. At most 2³²−1. */
export function ticksOf(burst: Bytes, rate: BytesPerSecond): Ticks {
  const ticks = Math.ceil((burst * NANOSECONDS) / rate / NANOSECONDS_PER_TICK);
  return Math.min(ticks, U32_MAX) as Ticks;
}

/** The way back; as exact as a tick is long. */
export function burstOf(ticks: Ticks, rate: BytesPerSecond): Bytes {
  return bytes(Math.floor((ticks * NANOSECONDS_PER_TICK * rate) / NANOSECONDS));
}
