import { errnoName } from '@cni/sys';
import { WireError } from './codec/codec.ts';
import { type Exchange, exchangeOver, type Incoming, refusal } from './exchange.ts';
import { NLMSG_ERROR, readOutcome } from './extended-ack.ts';
import { decodeBody, Flags, fieldAt, type Parts, type Request, type Shape, showBody } from './message.ts';
import { show, traceLine } from './trace.ts';
import type { Transport } from './transport.ts';

/** Requests and their answers over one socket, one at a time. */
export interface Conversation {
  /** Has something changed, and waits for the acknowledgement. Throws `NetlinkError`. */
  change(request: Request): void;
  /**
   * Has several things changed in one datagram, and waits for the acknowledgement of the last one that asks for it (`Flags.ack`).
   * Throws `NetlinkError` about the first that is refused.
   */
  changeAll(requests: readonly Request[]): void;
  /** The one object asked for. Throws `NetlinkError`. */
  get<H extends object, A>(request: Request, shape: Shape<H, A>): Parts<H, A>;
  /** A whole list; read again when it changed meanwhile. Throws `NetlinkError`, `EBUSY` when it never stands still. */
  dump<H extends object, A>(request: Request, shape: Shape<H, A>): Parts<H, A>[];
  close(): void;
}

/** linux/netlink.h */
const NLMSG_DONE = 3;
const NLMSG_OVERRUN = 4;
const NLM_F_DUMP_INTR = 0x10;

/** How often an answer that was lost or interrupted is asked for again. */
const ATTEMPTS = 8;

/** A conversation over `transport`. */
export function converse(transport: Transport): Conversation {
  const exchange = exchangeOver(transport);
  return {
    change: (request) => changeAll(exchange, [{ ...request, flags: request.flags | Flags.ack }]),
    changeAll: (requests) => changeAll(exchange, requests),
    get: (request, shape) => repeated(request, () => getOnce(exchange, request, shape)),
    dump: (request, shape) => repeated(request, () => dumpOnce(exchange, request, shape)),
    close: () => transport.close(),
  };
}

function changeAll(exchange: Exchange, requests: readonly Request[]): void {
  const asking = requests.findLastIndex(({ flags }) => flags & Flags.ack);
  const last = requests[asking];
  if (last === undefined) throw new Error('none of the requests asks for an acknowledgement');
  exchange.send(requests, Flags.request);
  for (;;) {
    const received = exchange.receive(last);
    // What was asked may have happened: not to be asked again.
    if (received === 'lost') throw refusal(last, { errno: 'ENOBUFS', detail: 'the answer was lost' });
    for (const answer of received.filter(({ type }) => type === NLMSG_ERROR)) {
      settle(requests[answer.to] ?? last, answer);
      if (answer.to === asking) return;
    }
  }
}

/** The object, or nothing when it has to be asked for again. */
function getOnce<H extends object, A>(
  exchange: Exchange,
  request: Request,
  shape: Shape<H, A>,
): Parts<H, A> | undefined {
  exchange.send([request], Flags.request);
  for (;;) {
    const received = exchange.receive(request);
    if (received === 'lost') return undefined;
    const [answer] = received;
    if (answer?.type === NLMSG_OVERRUN) return undefined;
    if (answer?.type === NLMSG_ERROR) settle(request, answer);
    else if (answer !== undefined) return readBody(request, shape, answer);
  }
}

/** The list, or nothing when it has to be asked for again. Reads on to the end even so: the kernel runs one dump at a time. */
function dumpOnce<H extends object, A>(
  exchange: Exchange,
  request: Request,
  shape: Shape<H, A>,
): Parts<H, A>[] | undefined {
  exchange.send([request], Flags.request | Flags.dump);
  const found: Parts<H, A>[] = [];
  for (let whole = true; ; ) {
    const received = exchange.receive(request);
    if (received === 'lost') whole = false;
    for (const answer of received === 'lost' ? [] : received) {
      if (answer.flags & NLM_F_DUMP_INTR || answer.type === NLMSG_OVERRUN) whole = false;
      if (answer.type === NLMSG_ERROR || answer.type === NLMSG_DONE) {
        settle(request, answer);
        return whole ? found : undefined;
      }
      if (whole) found.push(readBody(request, shape, answer));
    }
  }
}

function repeated<T>(request: Request, once: () => T | undefined): T {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = once();
    if (answer !== undefined) return answer;
  }
  throw refusal(request, { errno: 'EBUSY', detail: `no whole answer in ${ATTEMPTS} attempts` });
}

/** Throws if an acknowledgement, or the end of a dump, carries an error. */
function settle(request: Request, answer: Incoming): void {
  const { errno, message, offset } = read(request, () => readOutcome(answer));
  traceLine(() => `< ${errno === 0 ? 'done' : errnoName(errno)}${message === undefined ? '' : ` ${show(message)}`}`);
  if (errno === 0) return;
  const attribute = offset === undefined ? undefined : fieldAt(request, offset);
  throw refusal(request, { errno: errnoName(errno), kernelMessage: message, attribute });
}

function readBody<H extends object, A>(
  request: Request,
  shape: Shape<H, A>,
  { bytes, start, end }: Incoming,
): Parts<H, A> {
  traceLine(() => `< ${showBody(shape, bytes, start, end)}`);
  return read(request, () => decodeBody(shape, bytes, start, end));
}

/** Reads part of an answer. One that is not what it should be is not the caller's fault. */
function read<T>(request: Request, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof WireError) throw refusal(request, { errno: 'EBADMSG', detail: error.message });
    throw error;
  }
}
