import { isErrno } from '@cni/sys';
import { concat, writeBytes, written } from './codec/codec.ts';
import { NetlinkError, type Refusal } from './error.ts';
import { HEADER, header } from './header.ts';
import { type Request, showBody } from './message.ts';
import { traceLine } from './trace.ts';
import type { Transport } from './transport.ts';

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

/**
 * The kernel fills datagrams of a dump up to 32 KiB, and no more, where the reader has room for it. One for all, since a datagram is
 * decoded before the next is received; made when the executable is, so that nothing has to clear it.
 */
const shared = new Uint8Array(32 * 1024);

/** An exchange over `transport`, which numbers the requests. */
export function exchangeOver(transport: Transport): Exchange {
  // The sequence numbers of what was sent last: `count` of them, from `first` on.
  let first = 0;
  let count = 1;
  let buffer = shared;

  /** Nothing for what is left of an earlier answer, or is for somebody else. */
  function answered({ seq, port, type }: { seq: number; port: number; type: number }): number | undefined {
    const to = (seq - first) >>> 0;
    return to < count && port === transport.port && type !== NLMSG_NOOP ? to : undefined;
  }

  function bytesOfRequest({ body, shape, type, flags, doing }: Request, seq: number, more: number): Uint8Array {
    traceLine(() => `> ${doing()}: ${showBody(shape, body, 0, body.length)}`);
    const length = HEADER + body.length;
    return written((out) => {
      header.write({ length, type, flags: flags | more, seq, port: 0 }, out);
      writeBytes(body, out);
    });
  }

  function split(request: Request, length: number): Incoming[] {
    const found: Incoming[] = [];
    for (let at = 0; at < length; ) {
      const message = length - at < HEADER ? undefined : header.decode(buffer, at, length);
      if (message === undefined || message.length < HEADER || at + message.length > length)
        throw refusal(request, { errno: 'EBADMSG', detail: `the answer is malformed at byte ${at} of ${length}` });
      const { type, flags } = message;
      const to = answered(message);
      if (to !== undefined)
        found.push({ to, type, flags, bytes: buffer, start: at + HEADER, end: at + message.length });
      at += (message.length + 3) & ~3;
    }
    return found;
  }

  return {
    send(requests, flags) {
      first = (first + count) >>> 0;
      count = requests.length;
      const messages = requests.map((request, index) => bytesOfRequest(request, (first + index) >>> 0, flags));
      transport.send(messages.length === 1 ? (messages[0] as Uint8Array) : concat(messages));
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
