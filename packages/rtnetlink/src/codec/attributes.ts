import { type Codec, concat, isFixed, string, under, WireError, writeAt } from './codec.ts';

/** The upper two bits of an attribute's type, linux/netlink.h. */
export const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

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
  const out = emptyAttribute(type, payload.length);
  out.set(payload, 4);
  return out;
}

function emptyAttribute(type: number, size: number): Uint8Array {
  const length = 4 + size;
  if (length > 0xffff) throw new WireError(`attribute ${type} is ${length} bytes long`);
  const out = new Uint8Array(align(length));
  out[0] = length;
  out[1] = length >> 8;
  out[2] = type;
  out[3] = type >> 8;
  return out;
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
 * are kept; with `skipRest` they are not even looked at, for large sets of which little is used.
 */
export function attributes<T extends object>(
  name: string,
  set: AttributeSet<T>,
  { skipRest = false }: { skipRest?: boolean } = {},
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
  return {
    encode(value) {
      const parts: Uint8Array[] = [];
      for (const key in value) {
        const part: unknown = value[key as keyof typeof value];
        if (key === 'unknown' || part === undefined) continue;
        const known = byKey.get(key);
        if (known === undefined) throw new WireError(`no attribute ${key} in ${name}`);
        parts.push(encodeKnown(known, part));
      }
      for (const { type, payload } of value.unknown ?? []) parts.push(encodeAttribute(type, payload));
      return concat(parts);
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
  };
}

/** Attributes of one type, one after the other; any other attribute between them is passed over. */
export function list<T>({ type, payload, nested }: Attribute<T>): Codec<readonly T[]> {
  const at = <V>(index: number, run: () => V): V => {
    try {
      return run();
    } catch (error) {
      throw under(`${index}`, error);
    }
  };
  const number = nested ? type | NLA_F_NESTED : type;
  const encodeOne = (item: T, index: number) =>
    encodeAttribute(
      number,
      at(index, () => payload.encode(item)),
    );
  return {
    encode: (items) => concat(items.map(encodeOne)),
    decode(bytes, start, end) {
      const items: T[] = [];
      walk(bytes, start, end, (found, from, to) => {
        if (found === type) items.push(at(items.length, () => payload.decode(bytes, from, to)));
      });
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
  };
}

/** Of a set. What is done for each attribute of each message does without closures, iterators and destructuring. */
interface Known extends Attribute<unknown> {
  readonly key: string;
}

function encodeKnown({ key, type, payload, nested }: Known, value: unknown): Uint8Array {
  const number = nested ? type | NLA_F_NESTED : type;
  try {
    if (!isFixed(payload)) return encodeAttribute(number, payload.encode(value));
    const out = emptyAttribute(number, payload.size);
    writeAt(payload, value, out, 4);
    return out;
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
  return {
    encode({ kind, data, raw }) {
      const body = data === undefined ? raw : kinds[kind]?.encode(data);
      const parts = [encodeAttribute(types.kind, string.encode(kind))];
      return concat(body === undefined ? parts : [...parts, encodeAttribute(types.data, body)]);
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
  };
}
