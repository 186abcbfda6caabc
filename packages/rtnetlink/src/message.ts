import type { Codec } from './codec/codec.ts';
import { WireError } from './codec/codec.ts';
import { asBuffer, type NodeBuffer } from './npm.ts';
import { show, showHeader } from './trace.ts';

/** `NLM_F_*` of requests, linux/netlink.h. */
export const Flags = {
  request: 0x1,
  ack: 0x4,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
} as const;

/** How the messages of one subject are read: the fixed header by npm `netlink`, the attributes by a codec of ours. */
export interface Shape<Header extends object, Attributes> {
  readonly subject: string;
  /** sizeof the fixed header. */
  readonly size: number;
  readonly header: (bytes: NodeBuffer) => Header;
  readonly attributes: Codec<Attributes>;
}

/** A message's payload, taken apart. */
export interface Parts<Header, Attributes> {
  readonly header: Header;
  readonly attributes: Attributes;
}

/** Reads the payload between two positions. Throws {@link WireError}. */
export function decodeBody<H extends object, A>(
  shape: Shape<H, A>,
  bytes: Uint8Array,
  start: number,
  end: number,
): Parts<H, A> {
  const { subject, size, header, attributes } = shape;
  if (end - start < size) throw new WireError(`${end - start} bytes are no ${subject} message`);
  return {
    header: header(asBuffer(bytes.subarray(start, start + size))),
    attributes: attributes.decode(bytes, start + size, end),
  };
}

/** A request, ready but for its sequence number. */
export interface Request {
  /** In words, for errors and the trace: `add link eth0 (ipvlan on ens192)`. */
  readonly doing: () => string;
  /** `RTM_*`. */
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
  readonly shape: Shape<object, unknown>;
}

/** The path of the field at `offset` of a request, counted from its message header; nothing for one outside of the attributes. */
export function fieldAt({ body, shape }: Request, offset: number): string | undefined {
  const at = offset - 16;
  if (at < shape.size || at >= body.length) return undefined;
  const path = shape.attributes.locate?.(body, shape.size, body.length, at) ?? [];
  return path.length > 0 ? path.join('.') : undefined;
}

/** A payload on one line, for the trace. */
export function showBody(shape: Shape<object, unknown>, bytes: Uint8Array, start: number, end: number): string {
  try {
    const { header, attributes } = decodeBody(shape, bytes, start, end);
    return `${showHeader(header)} ${show(attributes)}`;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return `${show(bytes.subarray(start, end))} (${error.message})`;
  }
}
