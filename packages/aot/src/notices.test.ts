import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchDirectory } from './fixtures/executable.ts';
import { mergeNotices, noticesOf } from './notices.ts';

const scratch = scratchDirectory();

function write(path: string, content: string | object): string {
  const file = join(scratch, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const entry = write('main/main.ts', '');
write('main/package.json', { name: 'main', version: '1.0.0' });

describe('the notices of a bundle', () => {
  const a = write('node_modules/a/src/deep/a.js', '');
  write('node_modules/a/package.json', { name: 'a', version: '1.2.3' });
  write('node_modules/a/src/package.json', { type: 'module' });
  write('node_modules/a/LICENSE', 'As you like.\n');
  const b = write('node_modules/b/b.js', '');
  write('node_modules/b/package.json', { name: 'b', version: '2.0.0' });
  write('node_modules/b/license.md', 'Two.');
  write('node_modules/b/NOTICE', 'And a notice.');

  test('of each package once, all its files, but not of the program itself', () => {
    expect(noticesOf([entry, a, b, a], entry)).toBe(
      '=== a 1.2.3\n\nAs you like.\n\n=== b 2.0.0\n\nAnd a notice.\n\nTwo.\n',
    );
  });

  test('packages of one repository have the notice of the repository', () => {
    const repository = write('repository/packages/c/c.ts', '');
    write('repository/packages/c/package.json', { name: 'c' });
    write('repository/LICENSE', 'Of all.');
    expect(noticesOf([repository], entry)).toBe('=== c\n\nOf all.\n');
  });

  test('a package.json within a package is of the same package', () => {
    write('node_modules/@scope/d/package.json', { name: '@scope/d', version: '4.0.0' });
    write('node_modules/@scope/d/LICENCE.txt', 'Four.');
    write('node_modules/@scope/d/dist/package.json', { name: '@scope/d', version: '4.0.0' });
    const d = write('node_modules/@scope/d/dist/d.js', '');
    expect(noticesOf([d], entry)).toBe('=== @scope/d 4.0.0\n\nFour.\n');
  });

  test('an input without a notice is an error, also below a repository that has one', () => {
    write('repository/node_modules/none/package.json', { name: 'none', version: '3.0.0' });
    const none = write('repository/node_modules/none/index.js', '');
    expect(() => noticesOf([a, none], entry)).toThrow(/^find the licence notice of none: no LICENSE file in .*\/none$/);
  });
});

test('the same text stands once, below all names', () => {
  const merged = mergeNotices('=== b 1\n\nText.\n\nMore.\n', '=== a 1\n\nOther.\n', '=== c 1\n\nText.\n\nMore.\n');
  expect(merged).toBe('=== a 1\n\nOther.\n\n=== b 1\n=== c 1\n\nText.\n\nMore.\n');
  expect(mergeNotices(merged, merged)).toBe(merged);
});

test('what QuickJS is known by is in the file of its notice', () => {
  const text = readFileSync(new URL('../engine/quickjs-ng.LICENSE', import.meta.url), 'utf8');
  for (const name of ['Fabrice Bellard', 'Ben Noordhuis', 'Unicode, Inc.']) expect(text).toContain(name);
});
