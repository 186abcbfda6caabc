import { isErrno } from '@cni/sys';
import { concat } from './codec/codec.ts';
import { NetlinkError, type Refusal } from './error.ts';
import { type Request, showBody } from './message.ts';
import { formatHeader, parseHeader } from './npm.ts';
import { traceLine } from './trace.ts';
import type { Transport } from './transport.ts';

/** sizeof(struct nlmsghdr) */
export const HEADER = 16;
const NLMSG_NOOP = 1;

/** One message of a datagram. `bytes` is the receive buffer: good until the next datagram. */
export interface Incoming {
  /** Which of the requests that were sent together it answers, from 0. */
  readonly to: number;
  readonly type: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
  /** Positions of the payload. */
  readonly start: number;
  readonly end: number;
}

/** The messages of one datagram that answer what was sent last; `lost` when it was dropped or did not fit. */
export type Received = readonly Incoming[] | 'lost';

/** Requests out, datagrams in. */
export interface Exchange {
  /** All in one datagram, each with `flags` beside its own. */
  send(requests: readonly Request[], flags: number): void;
  /** Throws {@link NetlinkError}, `ETIMEDOUT` when nothing comes, `EBADMSG` for what is no message. */
  receive(request: Request): Received;
}

/** An error about a request. */
export function refusal(request: Request, reason: Omit<Refusal, 'request'>): NetlinkError {
  return new NetlinkError({ request: request.doing(), ...reason });
}

/** An exchange over `transport`, which numbers the requests. */
export function exchangeOver(transport: Transport): Exchange {
  // The sequence numbers of what was sent last: `count` of them, from `first` on.
  let first = 0;
  let count = 1;
  // The kernel fills datagrams of a dump up to 32 KiB, and no more, where the reader has room for it.
  let buffer = new Uint8Array(32 * 1024);

  /** Nothing for what is left of an earlier answer, or is for somebody else. */
  function answered({ seq, port, type }: { seq: number; port: number; type: number }): number | undefined {
    const to = (seq - first) >>> 0;
    return to < count && port === transport.port && type !== NLMSG_NOOP ? to : undefined;
  }

  function bytesOfRequest({ body, shape, type, flags, doing }: Request, seq: number, more: number): Uint8Array {
    traceLine(() => `> ${doing()}: ${showBody(shape, body, 0, body.length)}`);
    const header = formatHeader({ length: HEADER + body.length, type, flags: flags | more, seq, port: 0 });
    return concat([header, body]);
  }

  function split(request: Request, length: number): Incoming[] {
    const found: Incoming[] = [];
    for (let at = 0; at < length; ) {
      const header = length - at < HEADER ? undefined : parseHeader(buffer, at);
      if (header === undefined || header.length < HEADER || at + header.length > length)
        throw refusal(request, { errno: 'EBADMSG', detail: `the answer is malformed at byte ${at} of ${length}` });
      const { type, flags } = header;
      const to = answered(header);
      if (to !== undefined) found.push({ to, type, flags, bytes: buffer, start: at + HEADER, end: at + header.length });
      at += (header.length + 3) & ~3;
    }
    return found;
  }

  return {
    send(requests, flags) {
      first = (first + count) >>> 0;
      count = requests.length;
      const messages = requests.map((request, index) => bytesOfRequest(request, (first + index) >>> 0, flags));
      transport.send(concat(messages));
    },
    receive(request) {
      try {
        const length = transport.receive(buffer);
        if (length <= buffer.length) return split(request, length);
        buffer = new Uint8Array(length);
        return 'lost';
      } catch (error) {
        if (isErrno(error, 'ENOBUFS')) return 'lost';
        if (isErrno(error, 'EAGAIN')) throw refusal(request, { errno: 'ETIMEDOUT', detail: 'no answer' });
        throw error;
      }
    },
  };
}
