import { type Codec, concat, type Fixed, WireError, within } from './codec.ts';

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
  return {
    size,
    encode: (value) =>
      concat(entries.map(([key, member]) => within(key, () => member.encode((value as Record<string, unknown>)[key])))),
    decode(bytes, start, end) {
      if (end - start < size) throw new WireError(`${end - start} bytes, not the ${size} of struct ${name}`);
      const value: Record<string, unknown> = {};
      let at = start;
      for (const [key, member] of entries) {
        const part = within(key, () => member.decode(bytes, at, at + member.size));
        if (part !== undefined) value[key] = part;
        at += member.size;
      }
      return value as T;
    },
  };
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
