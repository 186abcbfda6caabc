import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Config } from './config.ts';

const page = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

test('the page tells of every key', () => {
  const { in: keys } = Config._zod.def as unknown as { in: { _zod: { def: { shape: object } } } };
  const names = Object.keys(keys._zod.def.shape);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
