import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { withFastPath } from './fast-path.ts';

const maybe = (schema: z.ZodMiniType) =>
  z.pipe(
    z.nullish(schema),
    z.transform((value) => value ?? undefined),
  );

/** Everything that a key may be, twice: what is made fast is changed. */
const schemaOf = () => {
  const inner = z.object({ need: z.string(), may: z.optional(z.number()), none: maybe(z.string()) });
  const half = z.pipe(
    z.string(),
    z.transform((text) => text.length / 2),
  );
  return z.object({
    need: z.number(),
    may: z.optional(z.string()),
    nil: z.nullable(z.boolean()),
    none: maybe(z.number()),
    fallback: z._default(z.string(), 'x'),
    list: z.pipe(
      maybe(z.array(inner)),
      z.transform((items) => items ?? []),
    ),
    made: z.pipe(
      z.nullish(inner),
      z.transform((value) => value ?? { made: true }),
    ),
    caught: z.catch(z.optional(z.number()), 7),
    loose: z.catch(z.number(), 8),
    half: z.optional(half),
    rest: z.optional(z.looseObject({ need: z.string() })),
    named: z.optional(z.record(z.string(), inner)),
    either: z.optional(z.union([z.string(), inner])),
    odd: z.optional(z.number().check(z.refine((value) => value % 2 === 1))),
    unknown: z.unknown(),
  });
};

const leaf = fc.constantFrom<unknown>(undefined, null, 1, 2, 'text', true, [], {});
const inner = fc.record({ need: leaf, may: leaf, none: leaf }, { requiredKeys: [] });
const value = fc.oneof(leaf, inner, fc.array(inner, { maxLength: 2 }), fc.dictionary(fc.constantFrom('a', 'b'), inner));
const keys = [...Object.keys(schemaOf().shape), 'other', 'toString'];
const input = fc.oneof(
  { weight: 8, arbitrary: fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 20 }) },
  {
    weight: 2,
    arbitrary: fc.dictionary(fc.constantFrom(...keys), value).map((some) => ({ need: 1, nil: null, ...some })),
  },
  { weight: 1, arbitrary: value },
);

function outcome(schema: z.ZodMiniType, given: unknown): unknown {
  const { success, data, error } = z.safeParse(schema, given, { reportInput: true });
  return success ? { data, keys: Object.keys(Object(data)) } : { issues: error?.issues };
}

test('the same outcome as without it', () => {
  const [plain, fast] = [schemaOf(), withFastPath(schemaOf())];
  fc.assert(
    fc.property(input, (given) => {
      expect(outcome(fast, given)).toEqual(outcome(plain, given));
    }),
    { numRuns: 3000 },
  );
});

test('an object that cannot be told beforehand stays as it is', () => {
  const length = z.transform((value: unknown) => (value as string).length);
  const schema = withFastPath(z.object({ a: length, b: z.optional(z.string()) }));
  expect(z.parse(schema, { a: 'text' })).toEqual({ a: 4 });
  expect(() => z.parse(schema, {})).toThrow(TypeError);
});

test('a key that is absent is not looked at, nor is a list shared', () => {
  let looked = 0;
  const counted = z.pipe(
    z.optional(z.array(z.string())),
    z.transform((value) => {
      looked++;
      return value ?? [];
    }),
  );
  const schema = withFastPath(
    z.object({
      list: counted,
      deep: z.optional(z.object({ list: counted })),
    }),
  );
  const before = looked;
  const [one, two] = [z.parse(schema, { deep: {} }), z.parse(schema, {})];
  expect(looked).toBe(before);
  expect(one).toEqual({ list: [], deep: { list: [] } });
  expect(one.list).not.toBe(two.list);
  expect(z.parse(schema, { list: ['a'] })).toEqual({ list: ['a'] });
  expect(looked).toBe(before + 1);
});
