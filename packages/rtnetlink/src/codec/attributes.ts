import {
  type Codec,
  codec,
  type Out,
  room,
  string,
  under,
  WireError,
  writeBytes,
  writeZeros,
  written,
} from './codec.ts';

/** The upper two bits of an attribute's type, linux/netlink.h. */
export const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

/** sizeof(struct nlattr) */
const HEADER = 4;

/** Attributes start at multiples of four bytes. */
export function align(length: number): number {
  return (length + 3) & ~3;
}

export interface Attribute<T> {
  readonly type: number;
  readonly payload: Codec<T>;
  readonly nested: boolean;
}

/** An attribute of a set; `nested` sets `NLA_F_NESTED` when it is sent. */
export function attribute<T>(
  type: number,
  payload: Codec<T>,
  { nested = false }: { nested?: boolean } = {},
): Attribute<T> {
  return { type, payload, nested };
}

/** An attribute this package does not know. */
export interface UnknownAttribute {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** One attribute with its header, padded. Throws {@link WireError} beyond 65535 bytes. */
export function encodeAttribute(type: number, payload: Uint8Array): Uint8Array {
  return written((out) => writeAttribute(type, payload, out));
}

function writeAttribute(type: number, payload: Uint8Array, out: Out): void {
  const start = beginAttribute(out);
  writeBytes(payload, out);
  finishAttribute(type, start, out);
}

/** Leaves room for the header of an attribute. */
export function beginAttribute(out: Out): number {
  const start = out.at;
  out.at = start + HEADER;
  return start;
}

/** Writes the header of an attribute whose payload has been written, and its padding. */
export function finishAttribute(type: number, start: number, out: Out): void {
  const length = out.at - start;
  if (length > 0xffff) throw new WireError(`attribute ${type} is ${length} bytes long`);
  out.view.setUint32(start, length + type * 0x10000, true);
  if ((length & 3) !== 0) writeZeros(align(length) - length, out);
  room(out, 0);
}

/**
 * Calls `each` for every attribute, or those of the types in `only`, until it returns false. Padding that the last one lacks is
 * forgiven. Throws {@link WireError}.
 */
export function walk(
  bytes: Uint8Array,
  start: number,
  end: number,
  // biome-ignore lint/suspicious/noConfusingVoidType: most callers return nothing
  each: (type: number, from: number, to: number) => boolean | void,
  only?: readonly unknown[],
): void {
  for (let at = start; at + 4 <= end; ) {
    const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    const type = ((bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)) & NLA_TYPE_MASK;
    if (length < 4 || at + length > end) throw new WireError(`attribute ${type} is ${length} bytes of ${end - at}`);
    if ((only === undefined || only[type] !== undefined) && each(type, at + 4, at + length) === false) return;
    at += (length + 3) & ~3;
  }
}

/** What is declared about each attribute of `T`. */
export type AttributeSet<T> = { readonly [K in keyof T]-?: Attribute<NonNullable<T[K]>> };
export type WithUnknown<T> = T & { readonly unknown?: readonly UnknownAttribute[] };

/**
 * A set of attributes, all of them optional. The order of the value's keys is the order on the wire. Unknown attributes
 * are kept; with `skipRest` they are not even looked at, for large sets of which little is used. Keys in `beside` are somebody
 * else's to write.
 */
export function attributes<T extends object>(
  name: string,
  set: AttributeSet<T>,
  { skipRest = false, beside = [] }: { skipRest?: boolean; beside?: readonly string[] } = {},
): Codec<WithUnknown<T>> {
  const byKey = new Map<string, Known>();
  const byType: (Known | undefined)[] = [];
  for (const [key, one] of Object.entries<Attribute<unknown>>(set)) {
    const known = { key, ...one };
    byKey.set(key, known);
    if (byType[one.type] !== undefined) throw new Error(`${name}: two attributes of type ${one.type}`);
    while (byType.length < one.type) byType.push(undefined);
    byType[one.type] = known;
  }
  return codec<WithUnknown<T>>({
    write(value, out) {
      for (const key in value) {
        const part: unknown = value[key as keyof typeof value];
        if (part === undefined) continue;
        const known = byKey.get(key);
        if (known !== undefined) writeKnown(known, part, out);
        else if (key !== 'unknown' && !beside.includes(key)) throw new WireError(`no attribute ${key} in ${name}`);
      }
      if (value.unknown !== undefined)
        for (const { type, payload } of value.unknown) writeAttribute(type, payload, out);
    },
    decode(bytes, start, end) {
      const value: Record<string, unknown> = {};
      const unknown: UnknownAttribute[] = [];
      const each = (type: number, from: number, to: number): void => {
        const known = byType[type];
        if (known !== undefined) value[known.key] = decodeKnown(known, bytes, from, to);
        else unknown.push({ type, payload: bytes.slice(from, to) });
      };
      walk(bytes, start, end, each, skipRest ? byType : undefined);
      if (unknown.length > 0) value['unknown'] = unknown;
      return value as WithUnknown<T>;
    },
    locate(bytes, start, end, at) {
      let path: string[] = [];
      walk(bytes, start, end, (type, from, to) => {
        if (at >= to) return true;
        const known = byType[type];
        path = [known?.key ?? `#${type}`];
        if (at >= from) path.push(...(known?.payload.locate?.(bytes, from, to, at) ?? []));
        return false;
      });
      return path;
    },
  });
}

/** Attributes of one type, one after the other; any other attribute between them is passed over. */
export function list<T>({ type, payload, nested }: Attribute<T>): Codec<readonly T[]> {
  const number = nested ? type | NLA_F_NESTED : type;
  return codec<readonly T[]>({
    write(items, out) {
      let index = 0;
      try {
        for (const item of items) {
          const start = beginAttribute(out);
          payload.write(item, out);
          finishAttribute(number, start, out);
          index++;
        }
      } catch (error) {
        throw under(`${index}`, error);
      }
    },
    decode(bytes, start, end) {
      const items: T[] = [];
      try {
        walk(bytes, start, end, (found, from, to) => {
          if (found === type) items.push(payload.decode(bytes, from, to));
        });
      } catch (error) {
        throw under(`${items.length}`, error);
      }
      return items;
    },
    locate(bytes, start, end, wanted) {
      let index = 0;
      let path: string[] = [];
      walk(bytes, start, end, (found, from, to) => {
        if (wanted < to)
          path = [`${index}`, ...(wanted < from ? [] : (payload.locate?.(bytes, from, to, wanted) ?? []))];
        if (found === type) index++;
        return wanted >= to;
      });
      return path;
    },
  });
}

/** Of a set. What is done for each attribute of each message does without closures, iterators and destructuring. */
interface Known extends Attribute<unknown> {
  readonly key: string;
}

function writeKnown({ key, type, payload, nested }: Known, value: unknown, out: Out): void {
  const start = beginAttribute(out);
  try {
    payload.write(value, out);
    finishAttribute(nested ? type | NLA_F_NESTED : type, start, out);
  } catch (error) {
    throw under(key, error);
  }
}

function decodeKnown({ key, payload }: Known, bytes: Uint8Array, from: number, to: number): unknown {
  try {
    return payload.decode(bytes, from, to);
  } catch (error) {
    throw under(key, error);
  }
}

/** An attribute set whose shape the kind chooses; a kind that is not known, or not in this shape, stays raw. */
export interface OfKind {
  readonly kind: string;
  readonly data?: unknown;
  readonly raw?: Uint8Array;
}

// biome-ignore lint/suspicious/noExplicitAny: each kind has a type of its own
type Kinds = Readonly<Record<string, Codec<any>>>;

/** A kind, and the data it selects: `IFLA_LINKINFO`, later `TCA_KIND` with `TCA_OPTIONS`. */
export function byKind(types: { kind: number; data: number }, kinds: Kinds): Codec<OfKind> {
  function find(bytes: Uint8Array, start: number, end: number) {
    let kind = '';
    let data: [number, number] | undefined;
    walk(bytes, start, end, (type, from, to) => {
      if (type === types.kind) kind = string.decode(bytes, from, to);
      if (type === types.data) data = [from, to];
    });
    return { kind, data };
  }
  return codec<OfKind>({
    write({ kind, data, raw }, out) {
      writeAttribute(types.kind, string.encode(kind), out);
      const body = data === undefined ? raw : kinds[kind]?.encode(data);
      if (body !== undefined) writeAttribute(types.data, body, out);
    },
    decode(bytes, start, end) {
      const { kind, data } = find(bytes, start, end);
      if (data === undefined) return { kind };
      try {
        const body = kinds[kind];
        if (body !== undefined) return { kind, data: body.decode(bytes, ...data) };
      } catch (error) {
        // A newer kernel's value must not hide the link.
        if (!(error instanceof WireError)) throw error;
      }
      return { kind, raw: bytes.slice(...data) };
    },
    locate(bytes, start, end, at) {
      const { kind, data } = find(bytes, start, end);
      if (data === undefined || at < data[0] - 4) return ['kind'];
      return ['data', ...(at < data[0] ? [] : (kinds[kind]?.locate?.(bytes, ...data, at) ?? []))];
    },
  });
}
