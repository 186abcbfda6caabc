import { text, utf8 } from '@cni/sys';

/**
 * How one value lies in bytes. `decode` reads between two positions of a larger array, so that what nobody asks for is
 * never copied. Integers are little-endian, the byte order of every machine this runs on.
 */
export interface Codec<T> {
  /** Present only when every value has this size. */
  readonly size?: number;
  /** Throws {@link WireError}. */
  encode(value: T): Uint8Array;
  /** As `encode`, behind what is there: a message is one array then, not one for each part of it. */
  write(value: T, out: Out): void;
  /** Throws {@link WireError}. */
  decode(bytes: Uint8Array, start: number, end: number): T;
  /** The path of the field at byte `at`; the way back from an offset the kernel reports. */
  locate?(bytes: Uint8Array, start: number, end: number, at: number): string[];
}
export interface Fixed<T> extends Codec<T> {
  readonly size: number;
}

/** What is written, one value behind the other. There is {@link room} for what is written next. */
export interface Out {
  bytes: Uint8Array;
  /** Of the same bytes: one call for an integer. */
  view: DataView;
  /** Where the next byte goes. */
  at: number;
}

/** What fits without having asked for room: an integer, the header of an attribute and its padding. */
const SPARE = 64;

/** Makes room for `size` bytes. */
export function room(out: Out, size: number): void {
  const needed = out.at + size + SPARE;
  if (needed <= out.bytes.length) return;
  const larger = new Uint8Array(2 * needed);
  larger.set(out.bytes);
  out.bytes = larger;
  out.view = new DataView(larger.buffer);
}

/** One for all, made when the executable is; what is encoded while something else is goes behind it, and is gone when it returns. */
const draft: Out = emptyOut(2048);

function emptyOut(size: number): Out {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer), at: 0 };
}

/** What is written by `write`. */
export function written(write: (out: Out) => void): Uint8Array {
  const start = draft.at;
  try {
    room(draft, 0);
    write(draft);
    return draft.bytes.slice(start, draft.at);
  } finally {
    draft.at = start;
  }
}

/** A codec by its `write`. */
export function codec<T>(parts: Omit<Fixed<T>, 'encode'>): Fixed<T>;
export function codec<T>(parts: Omit<Codec<T>, 'encode'>): Codec<T>;
export function codec<T>(parts: Omit<Codec<T>, 'encode'>): Codec<T> {
  return { ...parts, encode: (value) => written((out) => parts.write(value, out)) };
}

/** Writes bytes as they are. */
export function writeBytes(value: Uint8Array, out: Out): void {
  room(out, value.length);
  out.bytes.set(value, out.at);
  out.at += value.length;
}

/** Writes zeros. */
export function writeZeros(count: number, out: Out): void {
  room(out, count);
  for (let left = count; left > 0; left--) out.bytes[out.at++] = 0;
}

/** Bytes that are not what they should be: `message` reads *path: reason*. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly reason: string;
  readonly path: readonly string[];

  constructor(reason: string, path: readonly string[] = []) {
    super(path.length > 0 ? `${path.join('.')}: ${reason}` : reason);
    this.reason = reason;
    this.path = path;
  }
}

/** Runs `run`; a {@link WireError} thrown there gets `segment` in front of its path. */
export function within<T>(segment: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw under(segment, error);
  }
}

/** An error with `segment` in front of its path, if it has one. */
export function under(segment: string, error: unknown): unknown {
  return error instanceof WireError ? new WireError(error.reason, [segment, ...error.path]) : error;
}

/** Decodes the whole of `bytes`. Throws {@link WireError}. */
export function decodeAll<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return codec.decode(bytes, 0, bytes.length);
}

/** Joins arrays end to end. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function expectSize(size: number, start: number, end: number): void {
  if (end - start !== size) throw new WireError(`${end - start} bytes, not ${size}`);
}

/** An integer. Every message is full of them: there is no loop over the bytes of one. */
function integer(size: 1 | 2 | 4, { signed = false, bigEndian = false } = {}): Fixed<number> {
  const limit = 2 ** (8 * size);
  const littleEndian = !bigEndian;
  const [min, max] = signed ? [-limit / 2, limit / 2 - 1] : [0, limit - 1];
  function write(value: number, out: Out): void {
    if (value < min || value > max || value % 1 !== 0) throw new WireError(`${value} is not between ${min} and ${max}`);
    const at = out.at;
    out.at = at + size;
    if (size === 4) out.view.setUint32(at, value, littleEndian);
    else if (size === 2) out.view.setUint16(at, value, littleEndian);
    else out.bytes[at] = value;
  }
  function readBigEndian(bytes: Uint8Array, at: number): number {
    let value = 0;
    for (let index = 0; index < size; index++) value = value * 256 + (bytes[at + index] as number);
    return value;
  }
  return codec<number>({
    size,
    write,
    decode(bytes, start, end) {
      if (end - start !== size) expectSize(size, start, end);
      let value = bytes[start] as number;
      if (bigEndian) value = readBigEndian(bytes, start);
      else if (size === 2) value += (bytes[start + 1] as number) * 0x100;
      else if (size === 4) {
        value += (bytes[start + 1] as number) * 0x100 + (bytes[start + 2] as number) * 0x10000;
        value += (bytes[start + 3] as number) * 0x1000000;
      }
      return signed && value > max ? value - limit : value;
    },
  });
}

export const u8: Fixed<number> = integer(1);
export const u16: Fixed<number> = integer(2);
export const u32: Fixed<number> = integer(4);
export const s8: Fixed<number> = integer(1, { signed: true });
export const s16: Fixed<number> = integer(2, { signed: true });
export const s32: Fixed<number> = integer(4, { signed: true });
export const be16: Fixed<number> = integer(2, { bigEndian: true });
export const be32: Fixed<number> = integer(4, { bigEndian: true });
export const sbe32: Fixed<number> = integer(4, { signed: true, bigEndian: true });

export const u64: Fixed<bigint> = codec({
  size: 8,
  write(value, out) {
    if (value < 0n || value >> 64n !== 0n) throw new WireError(`${value} is not between 0 and 2⁶⁴−1`);
    u32.write(Number(value & 0xffffffffn), out);
    u32.write(Number(value >> 32n), out);
  },
  decode(bytes, start, end) {
    expectSize(8, start, end);
    const low = u32.decode(bytes, start, start + 4);
    return (BigInt(u32.decode(bytes, start + 4, end)) << 32n) | BigInt(low);
  },
});

/** Bytes as they are, copied out of the message. */
export const binary: Codec<Uint8Array> = codec({
  write: writeBytes,
  decode: (bytes, start, end) => bytes.slice(start, end),
});

/** Text without a terminator, as iproute2 sends kinds; a terminator is dropped when there is one. */
export const string: Codec<string> = codec({
  write: (value, out) => writeBytes(utf8(value), out),
  decode: (bytes, start, end) => text(bytes.subarray(start, end > start && bytes[end - 1] === 0 ? end - 1 : end)),
});

/** Text with a terminator; one without is read all the same. */
export const cstring: Codec<string> = codec({
  write: (value, out) => writeBytes(utf8(`${value}\0`), out),
  decode: string.decode,
});

/** An attribute that means something by being there. */
export const flag: Fixed<true> = codec({ size: 0, write: () => {}, decode: () => true });

/** `size` bytes of no meaning within a struct. */
export function pad(size: number): Fixed<undefined> {
  return codec({ size, write: (_, out) => writeZeros(size, out), decode: () => undefined });
}

/** Words for the values of an integer. A value without a word is a {@link WireError}. */
export function oneOf<const M extends Record<string, number>>(base: Fixed<number>, words: M): Fixed<keyof M & string> {
  const byValue = new Map(Object.entries(words).map(([word, value]) => [value, word]));
  return codec<keyof M & string>({
    size: base.size,
    write: (word, out) => base.write(words[word] as number, out),
    decode(bytes, start, end) {
      const value = base.decode(bytes, start, end);
      const word = byValue.get(value);
      if (word === undefined) throw new WireError(`unknown value ${value}`);
      return word;
    },
  });
}

/** A value that is something else on the wire. */
export function mapped<Wire, T>(base: Fixed<Wire>, to: (value: T) => Wire, from: (wire: Wire) => T): Fixed<T>;
export function mapped<Wire, T>(base: Codec<Wire>, to: (value: T) => Wire, from: (wire: Wire) => T): Codec<T>;
export function mapped<Wire, T>(
  base: Codec<Wire> | Fixed<Wire>,
  to: (value: T) => Wire,
  from: (wire: Wire) => T,
): Codec<T> {
  return codec({
    ...(base.size !== undefined && { size: base.size }),
    write: (value, out) => base.write(to(value), out),
    decode: (bytes, start, end) => from(base.decode(bytes, start, end)),
  });
}
