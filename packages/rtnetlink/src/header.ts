import { type Fixed, u16, u32 } from './codec/codec.ts';
import { struct } from './codec/struct.ts';

/** What every message begins with. */
export interface Header {
  /** Bytes, this header included. */
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly port: number;
}

/** sizeof(struct nlmsghdr) */
export const HEADER = 16;

/** `struct nlmsghdr`, linux/netlink.h */
export const header: Fixed<Header> = struct<Header>('nlmsghdr', HEADER, {
  length: u32,
  type: u16,
  flags: u16,
  seq: u32,
  port: u32,
});
