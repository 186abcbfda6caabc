import { attribute, attributes } from './codec/attributes.ts';
import { cstring, s32, u32, WireError } from './codec/codec.ts';
import type { Incoming } from './exchange.ts';
import { HEADER, header } from './header.ts';

/** linux/netlink.h */
export const NLMSG_ERROR = 2;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

export interface ExtendedAck {
  readonly message?: string;
  /** Bytes from the start of the request. */
  readonly offset?: number;
}

/** `NLMSGERR_ATTR_*`, linux/netlink.h; npm `netlink` stops before them. */
const extendedAck = attributes<ExtendedAck>(
  'NLMSGERR_ATTR',
  { message: attribute(1, cstring), offset: attribute(2, u32) },
  { skipRest: true },
);

/** What an acknowledgement, or the end of a dump, says. */
export interface Outcome extends ExtendedAck {
  /** 0 for success. */
  readonly errno: number;
}

/** Reads `struct nlmsgerr`, or the errno that ends a dump, and what follows. Throws {@link WireError}. */
export function readOutcome(answer: Incoming): Outcome {
  const { type, flags, bytes, start, end } = answer;
  // An older kernel ends a dump without an errno.
  if (type !== NLMSG_ERROR && end - start < 4) return { errno: 0 };
  if (end - start < 4) throw new WireError(`an error of ${end - start} bytes`);
  const errno = -s32.decode(bytes, start, start + 4);
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno };
  return { errno, ...extendedAck.decode(bytes, afterRequest(answer), end) };
}

/** An error repeats the request, or at least its header, before it goes on. */
function afterRequest({ type, flags, bytes, start, end }: Incoming): number {
  const at = start + 4;
  if (type !== NLMSG_ERROR) return at;
  if (end - at < HEADER) throw new WireError(`an error of ${end - start} bytes`);
  return flags & NLM_F_CAPPED ? at + HEADER : at + ((header.decode(bytes, at, end).length + 3) & ~3);
}
