import { CniError } from './error.ts';
import { isObject, type JsonObject } from './json.ts';
import { joinPath, quote } from './schema.ts';
import { isAtLeast, type SpecVersion } from './versions.ts';

/** One value of a result: from JSON, and back. `undefined` is left out, both ways. */
export interface Codec<T> {
  decode(value: unknown, path: string): T | undefined;
  encode(value: T, version: SpecVersion): unknown;
}

interface Field {
  readonly codec: Codec<unknown>;
  readonly since: SpecVersion;
}

/** A codec for each member of an object. */
export type Fields<T> = { readonly [Key in keyof Required<T>]: Field };

/** A member of a result's object; `since` is the version of the specification that has it first. */
export function field<T>(codec: Codec<T>, since: SpecVersion = '0.1.0'): Field {
  return { codec: codec as Codec<unknown>, since };
}

/** Throws {@link CniError} `INVALID_CONFIG` for a value that is not as expected. */
export function refuse(path: string, expected: string, value: unknown): never {
  throw new CniError('INVALID_CONFIG', `${path}: ${expected} (got ${quote(value)})`);
}

/** Text; the empty one is left out. */
export const words: Codec<string> = {
  decode(value, path) {
    if (typeof value !== 'string') refuse(path, 'expected string', value);
    return value === '' ? undefined : value;
  },
  encode: (value) => (value === '' ? undefined : value),
};

/** A whole number from 0 on, kept when it is 0. */
export const whole: Codec<number> = {
  decode(value, path) {
    if (!Number.isSafeInteger(value) || (value as number) < 0) refuse(path, 'expected a whole number', value);
    return value as number;
  },
  encode: (value) => value,
};

/** A whole number; 0 says that there is none. */
export const count: Codec<number> = {
  decode: (value, path) => whole.decode(value, path) || undefined,
  encode: (value) => value || undefined,
};

/** A value with a text form; empty text is left out. */
export function textual<T>(parse: (text: string) => T, format: (value: T) => string): Codec<T> {
  return {
    decode(value, path) {
      const text = words.decode(value, path);
      if (text === undefined) return undefined;
      try {
        return parse(text);
      } catch (cause) {
        throw new CniError('INVALID_CONFIG', `${path}: ${(cause as Error).message}`, { cause });
      }
    },
    encode: format,
  };
}

/** A list; the empty one is left out. */
export function list<T>(item: Codec<T>): Codec<T[]> {
  return {
    decode(value, path) {
      if (!Array.isArray(value)) refuse(path, 'expected array', value);
      const items = value.map((element, index) => required(item.decode(element, joinPath(path, index)), path, index));
      return items.length === 0 ? undefined : items;
    },
    encode: (items, version) =>
      items.length === 0 ? undefined : items.map((element) => item.encode(element, version)),
  };
}

function required<T>(value: T | undefined, path: string, key: PropertyKey): T {
  if (value === undefined) throw new CniError('INVALID_CONFIG', `${joinPath(path, key)}: required`);
  return value;
}

/**
 * An object by its fields; one without members is left out. Members it does not know ride along on the value, and come out
 * again; members that a version does not have are left out of it, and `dropped` ones are not kept.
 */
export function objectOf<T extends object>(
  fields: Fields<T>,
  needed: readonly (keyof T)[],
  dropped: readonly string[] = [],
): Codec<T> {
  const table = new Map(Object.entries<Field>(fields));
  return {
    decode(value, path) {
      if (!isObject(value)) refuse(path, 'expected object', value);
      const decoded = decodeMembers(table, value, path, dropped);
      for (const key of needed) required(decoded[key as string], path, key);
      return Object.keys(decoded).length === 0 ? undefined : (decoded as T);
    },
    encode: (value, version) => encodeMembers(table, value as JsonObject, version),
  };
}

function decodeMembers(
  table: Map<string, Field>,
  object: JsonObject,
  path: string,
  dropped: readonly string[],
): JsonObject {
  const members = Object.entries(object)
    .filter(([key, value]) => !(value === null && table.has(key)) && !dropped.includes(key))
    .map(([key, value]) => [key, decodeMember(table.get(key), value, joinPath(path, key))] as const);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

function decodeMember(known: Field | undefined, value: unknown, path: string): unknown {
  return known === undefined ? value : known.codec.decode(value, path);
}

function encodeMembers(table: Map<string, Field>, object: JsonObject, version: SpecVersion): JsonObject | undefined {
  const members = Object.entries(object)
    .filter(([key, value]) => value !== undefined && isAtLeast(version, table.get(key)?.since ?? '0.1.0'))
    .map(([key, value]) => [key, encodeMember(table.get(key), value, version)] as const)
    .filter(([, value]) => value !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

function encodeMember(known: Field | undefined, value: unknown, version: SpecVersion): unknown {
  return known === undefined ? value : known.codec.encode(value, version);
}
