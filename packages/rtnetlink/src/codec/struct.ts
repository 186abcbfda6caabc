import { type Codec, concat, type Fixed, under, WireError, writeAt } from './codec.ts';

/** What is declared about each member of `T`; keys that begin with `pad` are for padding. */
export type Members<T> = { readonly [K in keyof T]-?: Fixed<T[K]> } & {
  readonly [key: `pad${string}`]: Fixed<undefined>;
};

/**
 * A C struct: members in order, padding written out. `size` is what sizeof says; throws when the members do not add up
 * to it. Longer bytes are accepted, since kernels append members.
 */
export function struct<T extends object>(name: string, size: number, members: Members<T>): Fixed<T> {
  const entries = Object.entries<Fixed<unknown>>(members);
  const total = entries.reduce((sum, [, member]) => sum + member.size, 0);
  if (total !== size) throw new Error(`struct ${name}: members add up to ${total}, sizeof is ${size}`);
  function write(value: T, into: Uint8Array, at: number): void {
    let position = at;
    for (const [key, member] of entries) {
      try {
        writeAt(member, (value as Record<string, unknown>)[key], into, position);
      } catch (error) {
        throw under(key, error);
      }
      position += member.size;
    }
  }
  return {
    size,
    write,
    encode(value) {
      const out = new Uint8Array(size);
      write(value, out, 0);
      return out;
    },
    decode(bytes, start, end) {
      if (end - start < size) throw new WireError(`${end - start} bytes, not the ${size} of struct ${name}`);
      const value: Record<string, unknown> = {};
      let at = start;
      for (const [key, member] of entries) {
        const part = decodeMember(key, member, bytes, at);
        if (part !== undefined) value[key] = part;
        at += member.size;
      }
      return value as T;
    },
  };
}

function decodeMember(key: string, member: Fixed<unknown>, bytes: Uint8Array, at: number): unknown {
  try {
    return member.decode(bytes, at, at + member.size);
  } catch (error) {
    throw under(key, error);
  }
}

/** A struct that is followed by attributes, as in `VETH_INFO_PEER`; the struct itself is skipped. */
export function afterStruct<T>(size: number, rest: Codec<T>): Codec<T> {
  return {
    encode: (value) => concat([new Uint8Array(size), rest.encode(value)]),
    decode(bytes, start, end) {
      if (end - start < size) throw new WireError(`${end - start} bytes, not at least ${size}`);
      return rest.decode(bytes, start + size, end);
    },
    locate: (bytes, start, end, at) => rest.locate?.(bytes, start + size, end, at) ?? [],
  };
}
