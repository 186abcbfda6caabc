import { isObject } from './json.ts';
import type { Schema } from './schema.ts';

/** Gives the keys of a received value the spelling they have in a schema. */
export type Spelling = (value: unknown) => unknown;

/** What is read of a schema's definition, zod's or zod/mini's. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly innerType?: Schema;
  readonly element?: Schema;
  readonly in?: Schema;
}

/**
 * Runtimes do not agree on upper and lower case (`ingressRate`, `IngressRate`), and write `null` for what is not there. Made
 * once per schema: renames keys that match but for case, at every depth, the exact one winning, and drops nulls.
 */
export function spellingOf(schema: Schema): Spelling {
  const { shape, innerType, element, in: input } = schema._zod.def as unknown as Definition;
  if (shape !== undefined) return objectSpelling(shape);
  if (element !== undefined) {
    const each = spellingOf(element);
    return (value) => (Array.isArray(value) ? value.map(each) : value);
  }
  const inner = innerType ?? input;
  return inner === undefined ? (value) => value : spellingOf(inner);
}

function objectSpelling(shape: Readonly<Record<string, Schema>>): Spelling {
  const keys = new Map(Object.keys(shape).map((key) => [key.toLowerCase(), key]));
  const spellings = new Map(Object.entries(shape).map(([key, schema]) => [key, spellingOf(schema)]));
  const respell = ([key, value]: [string, unknown]): [string, unknown] => {
    const known = keys.get(key.toLowerCase());
    return known === undefined ? [key, value] : [known, spellings.get(known)?.(value)];
  };
  return (value) => {
    if (!isObject(value)) return value;
    const entries = Object.entries(value).filter(([, held]) => held !== null);
    const exact = entries.filter(([key]) => Object.hasOwn(shape, key));
    return Object.fromEntries([...entries, ...exact].map(respell));
  };
}
