import type { Transport } from '@cni/rtnetlink';
import { SysError } from '@cni/sys';
import { attributeBytes, datagram, messagesIn, rows, unnumbered } from './kernel-bytes.ts';

/** A request as the scripted kernel receives it. */
export interface KernelRequest {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The port the answer goes to. */
  readonly port: number;
  /** What follows the message header. */
  readonly body: Uint8Array;
  /** The whole message. */
  readonly bytes: Uint8Array;
}

/** What a script answers with, in order: a datagram, or `overrun` for one that did not fit into the socket. Nothing is a timeout. */
export type KernelAnswer = Uint8Array | 'overrun';

/** A kernel that answers as a function says, and remembers what it was asked. */
export interface ScriptedKernel extends Transport {
  readonly requests: readonly KernelRequest[];
  readonly closed: boolean;
}

const HEADER = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_MULTI = 2;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const EAGAIN = 11;
const ENOBUFS = 105;

/** A kernel for conversation tests, at port `port`. */
export function scriptedKernel(
  script: (request: KernelRequest) => readonly KernelAnswer[],
  port = 4711,
): ScriptedKernel {
  const requests: KernelRequest[] = [];
  const waiting: KernelAnswer[] = [];
  let closed = false;
  return {
    port,
    requests,
    get closed() {
      return closed;
    },
    send(bytes) {
      for (const request of parse(bytes.slice(), port)) {
        requests.push(request);
        waiting.push(...script(request));
      }
    },
    receive(into) {
      const answer = waiting.shift();
      if (answer === undefined) throw new SysError('receive on scripted kernel', EAGAIN);
      if (answer === 'overrun') throw new SysError('receive on scripted kernel', ENOBUFS);
      into.set(answer.subarray(0, into.length));
      return answer.length;
    },
    close() {
      closed = true;
    },
  };
}

/** What `act` asks of a kernel that acknowledges everything: each request as {@link rows}, without sequence number and port. */
export function sentBy(act: (kernel: Transport) => void): string[] {
  const kernel = scriptedKernel((request) => [ack(request)]);
  act(kernel);
  return kernel.requests.map(({ bytes }) => rows(unnumbered(bytes)));
}

/** The requests of a datagram, which fill it. */
function parse(datagram: Uint8Array, port: number): KernelRequest[] {
  const messages = messagesIn(datagram);
  const end = messages.at(-1)?.end ?? 0;
  if (end !== datagram.length) throw new Error(`messages of ${end} in ${datagram.length} bytes`);
  return messages.map(({ start, end }) => {
    const bytes = datagram.slice(start, end);
    const view = new DataView(bytes.buffer);
    return {
      type: view.getUint16(4, true),
      flags: view.getUint16(6, true),
      sequence: view.getUint32(8, true),
      port,
      body: bytes.subarray(HEADER),
      bytes,
    };
  });
}

/** A message in answer to `request`. */
export function answerTo(
  { sequence, port }: Pick<KernelRequest, 'sequence' | 'port'>,
  { type, flags = 0, body }: { readonly type: number; readonly flags?: number; readonly body: Uint8Array },
): Uint8Array {
  const out = new Uint8Array(HEADER + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, out.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, port, true);
  out.set(body, HEADER);
  return out;
}

/** A captured message, or datagram of messages, made out to `request`. */
export function replay(captured: Uint8Array, { sequence, port }: KernelRequest): Uint8Array {
  const out = captured.slice();
  const view = new DataView(out.buffer);
  for (let at = 0; at + HEADER <= out.length; at += (view.getUint32(at, true) + 3) & ~3) {
    view.setUint32(at + 8, sequence, true);
    view.setUint32(at + 12, port, true);
  }
  return out;
}

/** What the kernel may add to an error. */
export interface ExtendedAck {
  readonly message?: string;
  /** Bytes from the start of the request. */
  readonly offset?: number;
  /** Repeats the whole request in the error, as it does without `NETLINK_CAP_ACK`. */
  readonly uncapped?: boolean;
}

/** An acknowledgement. */
export function ack(request: KernelRequest): Uint8Array {
  return refuse(request, 0);
}

/** An error with the number `errno`. */
export function refuse(request: KernelRequest, errno: number, extended: ExtendedAck = {}): Uint8Array {
  const tlvs = tlvsOf(extended);
  const repeated = extended.uncapped ? request.bytes : request.bytes.subarray(0, HEADER);
  const flags = (extended.uncapped ? 0 : NLM_F_CAPPED) | (tlvs.length > 0 ? NLM_F_ACK_TLVS : 0);
  return answerTo(request, { type: NLMSG_ERROR, flags, body: datagram(int32(-errno), repeated, tlvs) });
}

/** The end of a dump. */
export function done(request: KernelRequest, errno = 0, extended: ExtendedAck = {}): Uint8Array {
  const tlvs = tlvsOf(extended);
  const flags = NLM_F_MULTI | (tlvs.length > 0 ? NLM_F_ACK_TLVS : 0);
  return answerTo(request, { type: NLMSG_DONE, flags, body: datagram(int32(-errno), tlvs) });
}

function tlvsOf({ message, offset }: ExtendedAck): Uint8Array {
  return datagram(
    ...(message === undefined ? [] : [attributeBytes(1, new TextEncoder().encode(`${message}\0`))]),
    ...(offset === undefined ? [] : [attributeBytes(2, int32(offset))]),
  );
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
