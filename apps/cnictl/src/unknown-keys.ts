import type { JsonObject, Schema } from '@cni/skel';
import { closest } from './closest.ts';

/** What is read of a schema's definition, zod's or zod/mini's. */
interface Definition {
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly innerType?: Schema;
  readonly in?: Schema;
}

/** The first schema with members or elements, through options, defaults and transformations. */
function structureOf(schema: Schema): Definition {
  const definition = schema._zod.def as unknown as Definition;
  const inner = definition.innerType ?? definition.in;
  return inner === undefined || definition.shape !== undefined ? definition : structureOf(inner);
}

/** The keys of the objects that a schema takes. */
export function keysOf(schema: Schema): string[] {
  return Object.keys(structureOf(schema).shape ?? {});
}

/** The schema of a member of the objects that a schema takes. */
export function memberOf(schema: Schema, key: string): Schema | undefined {
  return structureOf(schema).shape?.[key];
}

/**
 * Sentences about keys of `value` that the schema does not know, at every depth: a schema lets them pass, so they would do
 * nothing and nobody would be told. `also` are known as well, on the first level.
 */
export function unknownKeys(schema: Schema, value: unknown, path: string, also: readonly string[] = []): string[] {
  const { shape, element } = structureOf(schema);
  if (element !== undefined)
    return Array.isArray(value) ? value.flatMap((item, index) => unknownKeys(element, item, `${path}[${index}]`)) : [];
  if (shape === undefined || typeof value !== 'object' || value === null) return [];
  const known = [...Object.keys(shape), ...also];
  return Object.entries(value as JsonObject).flatMap(([key, member]) => {
    const at = path === '' ? key : `${path}.${key}`;
    if (!known.includes(key)) return [`${at}: unknown key \`${key}\`${suggestion(key, known)}`];
    const inner = shape[key];
    return inner === undefined ? [] : unknownKeys(inner, member, at);
  });
}

function suggestion(key: string, known: readonly string[]): string {
  const meant = closest(key, known);
  return meant === undefined ? ', it has no effect' : `, did you mean \`${meant}\`?`;
}
