import { type Codec, codec, type Fixed, type Out, room, under, WireError, writeZeros } from './codec.ts';

/** What is declared about each member of `T`; keys that begin with `pad` are for padding. */
export type Members<T> = { readonly [K in keyof T]-?: Fixed<T[K]> } & {
  readonly [key: `pad${string}`]: Fixed<undefined>;
};

/**
 * A C struct: members in order, padding written out. `size` is what sizeof says; throws when the members do not add up
 * to it. Longer bytes are accepted, since kernels append members.
 */
export function struct<T extends object>(name: string, size: number, members: Members<T>): Fixed<T> {
  let total = 0;
  const laid: Member[] = [];
  for (const [key, codec] of Object.entries<Fixed<unknown>>(members)) {
    laid.push({ key, codec, at: total, isPadding: key.startsWith('pad') });
    total += codec.size;
  }
  if (total !== size) throw new Error(`struct ${name}: members add up to ${total}, sizeof is ${size}`);
  const read = laid.filter(({ isPadding }) => !isPadding);
  function write(value: T, out: Out): void {
    room(out, size);
    let current = '';
    try {
      for (const { key, codec } of laid) {
        current = key;
        codec.write((value as Record<string, unknown>)[key], out);
      }
    } catch (error) {
      throw under(current, error);
    }
  }
  return codec<T>({
    size,
    write,
    decode(bytes, start, end) {
      if (end - start < size) throw new WireError(`${end - start} bytes, not the ${size} of struct ${name}`);
      const value: Record<string, unknown> = {};
      let current = '';
      try {
        for (const { key, codec, at } of read) {
          current = key;
          value[key] = codec.decode(bytes, start + at, start + at + codec.size);
        }
      } catch (error) {
        throw under(current, error);
      }
      return value as T;
    },
  });
}

interface Member {
  readonly key: string;
  readonly codec: Fixed<unknown>;
  /** Bytes from the start. */
  readonly at: number;
  /** Nothing is read there. */
  readonly isPadding: boolean;
}

/** A struct that is followed by attributes, as in `VETH_INFO_PEER`; the struct itself is skipped. */
export function afterStruct<T>(size: number, rest: Codec<T>): Codec<T> {
  return codec({
    write(value, out) {
      writeZeros(size, out);
      rest.write(value, out);
    },
    decode(bytes, start, end) {
      if (end - start < size) throw new WireError(`${end - start} bytes, not at least ${size}`);
      return rest.decode(bytes, start + size, end);
    },
    locate: (bytes, start, end, at) => rest.locate?.(bytes, start + size, end, at) ?? [],
  });
}
