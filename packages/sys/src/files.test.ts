import { afterEach, beforeEach, expect, test } from 'vitest';
import * as sys from './index.ts';

let directory: string;
beforeEach(() => {
  directory = `/tmp/cni-sys-${sys.randomHex(6)}`;
  sys.makeDirectories(directory);
});
afterEach(() => {
  for (const name of sys.listDirectory(directory)) sys.removeIfPresent(`${directory}/${name}`);
  sys.removeDirectoryIfPresent(directory);
});

test('written, read back, permissions as asked', () => {
  sys.writeFile(`${directory}/a`, 'grün', { permissions: 0o640 });
  expect(sys.readText(`${directory}/a`)).toBe('grün');
  expect(sys.stat(`${directory}/a`)).toMatchObject({ type: 'file', permissions: 0o640, size: 5 });
});

test('a file that is not there', () => {
  expect(() => sys.readText(`${directory}/none`)).toThrow(`open ${directory}/none: ENOENT`);
  expect(sys.findText(`${directory}/none`)).toBeUndefined();
  expect(sys.findStat(`${directory}/none`)).toBeUndefined();
  expect(sys.removeIfPresent(`${directory}/none`)).toBe(false);
});

test('only findText looks away, and only from what is absent', () => {
  expect(() => sys.findText(directory)).toThrow(`read ${directory}: EISDIR`);
});

test('exclusive creation of a file that is there', () => {
  sys.writeFile(`${directory}/a`, '1', { mode: 'exclusive' });
  expect(() => sys.writeFile(`${directory}/a`, '2', { mode: 'exclusive' })).toThrow('EEXIST');
  expect(sys.readText(`${directory}/a`)).toBe('1');
});

test('replaced, with nothing left aside', () => {
  sys.writeFile(`${directory}/a`, 'old');
  sys.replaceFile(`${directory}/a`, 'new', `${directory}/aside`);
  expect(sys.readText(`${directory}/a`)).toBe('new');
  expect(sys.listDirectory(directory)).toEqual(['a']);
});

test('a replacement that fails leaves nothing aside', () => {
  sys.makeDirectories(`${directory}/busy`);
  expect(() => sys.replaceFile(`${directory}/busy`, 'new', `${directory}/aside`)).toThrow('EISDIR');
  expect(sys.listDirectory(directory)).toEqual(['busy']);
  sys.removeDirectoryIfPresent(`${directory}/busy`);
});

test('a thousand names listed', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `a-rather-long-name-${index}`).sort();
  for (const name of names) sys.writeFile(`${directory}/${name}`, '');
  expect(sys.listDirectory(directory).sort()).toEqual(names);
});

test('directories made along the way, twice; a file in the way', () => {
  sys.makeDirectories(`${directory}/x/y`);
  sys.makeDirectories(`${directory}/x/y`);
  sys.removeDirectoryIfPresent(`${directory}/x/y`);
  expect(sys.removeDirectoryIfPresent(`${directory}/x`)).toBe(true);
  sys.writeFile(`${directory}/file`, '');
  expect(() => sys.makeDirectories(`${directory}/file`)).toThrow('ENOTDIR');
});

test('reading stops one byte past the limit', () => {
  sys.writeFile(`${directory}/a`, 'x'.repeat(100));
  expect(sys.readFile(`${directory}/a`, 10).length).toBe(11);
});

test('a NUL byte in a path', () => {
  expect(() => sys.readText(`${directory}/a\0b`)).toThrow('EINVAL');
});
