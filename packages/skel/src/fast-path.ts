import type * as z from 'zod/mini';
import { isObject, type JsonObject, own } from './json.ts';
import type { Schema } from './schema.ts';

/** What is read of a schema's definition, zod's or zod/mini's. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly catchall?: Schema;
  readonly innerType?: Schema;
  readonly element?: Schema;
  readonly in?: Schema;
  readonly out?: Schema;
  readonly keyType?: Schema;
  readonly valueType?: Schema;
  readonly options?: readonly Schema[];
}

type Parse = Schema['_zod']['run'];

/** A key of an object, what it is parsed by, and what it comes to where it is absent. */
interface Key {
  readonly key: string;
  readonly schema: Schema;
  /** Whether it need not be looked at where it is absent. */
  readonly optional: boolean;
  /** Then its value: no object but an empty list; `undefined`: none. */
  readonly fallback: unknown;
}

const done = new WeakSet<Schema>();

/**
 * Makes the objects of a schema, at every depth, pass over keys that are absent: most keys of most configurations are, and zod
 * takes some 10 µs for each. What they come to, which must be the same each time, is found out here: so call it while the executable
 * is built. Whatever has an issue is left to zod. Gives the schema itself.
 */
export function withFastPath<S extends Schema>(schema: S): S {
  if (done.has(schema)) return schema;
  done.add(schema);
  const { shape = {}, catchall, options = [], ...def } = schema._zod.def as unknown as Definition;
  const wrapped = [def.innerType, def.element, def.in, def.out, def.keyType, def.valueType, catchall];
  for (const part of [...Object.values(shape), ...options, ...wrapped]) if (part) withFastPath(part);
  if (def.type === 'object' && catchall === undefined) shorten(schema, shape);
  return schema;
}

function shorten({ _zod: internals }: Schema, shape: Readonly<Record<string, Schema>>): void {
  const slow = internals.parse;
  const keys = keysOf(slow, shape);
  if (keys === undefined) return;
  const fast = fastParse(keys, slow);
  if (internals.run === slow) internals.run = fast;
  internals.parse = fast;
}

/** By what zod makes of an empty object: an absent key has an issue, a value or neither. `undefined` where it throws. */
function keysOf(slow: Parse, shape: Readonly<Record<string, Schema>>): Key[] | undefined {
  let empty: z.core.ParsePayload;
  try {
    empty = slow({ value: {}, issues: [] }, { async: false }) as z.core.ParsePayload;
  } catch {
    return undefined;
  }
  const { value, issues } = empty;
  const required = new Set(issues.map(({ path }) => path?.[0]));
  return Object.entries(shape).map(([key, schema]) => {
    const fallback = own(value as JsonObject, key);
    const isPlain = typeof fallback !== 'object' || isEmptyList(fallback);
    const isSetToNone = fallback === undefined && Object.hasOwn(value as object, key);
    return { key, schema, optional: isPlain && !isSetToNone && !required.has(key), fallback };
  });
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function fastParse(keys: readonly Key[], slow: Parse): Parse {
  return (payload, context) => {
    const input = payload.value;
    if (!isObject(input) || context.direction === 'backward') return slow(payload, context);
    const output: Record<string, unknown> = {};
    for (const { key, schema, optional, fallback } of keys) {
      if (optional && !(key in input)) {
        // Whoever has a list may add to it.
        if (fallback !== undefined) output[key] = typeof fallback === 'object' ? [] : fallback;
        continue;
      }
      const result = schema._zod.run({ value: input[key], issues: [] }, context);
      if (result instanceof Promise || result.issues.length > 0 || !(key in input)) return slow(payload, context);
      output[key] = result.value;
    }
    payload.value = output;
    return payload;
  };
}
