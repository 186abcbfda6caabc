import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { listDirectory, makeDirectories, removeIfPresent, writeFile } from '@cni/sys';
import { expect, test } from 'vitest';
import { withStore } from './open-store.ts';
import { Node, removeTree } from './testing/plugin.ts';

/** What is told of damage when the store is opened. */
function reportsOf(node: Node): string[] {
  const lines: string[] = [];
  const options = { dataDir: node.dataDir, network: node.network, lockTimeout: 1000, reuseDelay: 0 };
  withStore({ ...options, report: (line) => lines.push(line.replaceAll(node.dataDir, '')) }, () => {});
  return lines;
}

test('an empty address file, as a crash of the reference plugin leaves it, owns nothing', () => {
  using node = new Node({ subnet: '10.1.0.0/30' });
  node.add();
  node.say('DEL');
  writeFile(node.path('10.1.0.2'), '');
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.2/30']);
  removeIfPresent(node.path('10.1.0.2'));
  writeFile(node.path('10.1.0.2'), '');
  expect(reportsOf(node)).toEqual(['/pods/10.1.0.2: empty, left by a crash; removed']);
});

test.each<[string, (path: string) => void]>([
  ['words', (path) => writeFile(path, 'do not touch')],
  ['a large file', (path) => writeFile(path, 'x'.repeat(10_000))],
  ['a named pipe', (path) => void execFileSync('mkfifo', [path])],
  ['a link to nowhere', (path) => symlinkSync('/nowhere', path)],
  ['a directory', (path) => makeDirectories(`${path}/within`)],
])('%s under the name of an address: kept, but out of the way', (_, put) => {
  using node = new Node({ subnet: '10.1.0.0/30' });
  makeDirectories(node.path(''));
  put(node.path('10.1.0.2'));
  expect(reportsOf(node)).toEqual([
    expect.stringMatching(
      /^\/pods\/10.1.0.2: names no owner; moved to \/.host-local\/pods\/damaged\/10.1.0.2\.[0-9a-f]{8}$/,
    ),
  ]);
  expect(node.add()).toEqual(['10.1.0.2/30']);
  expect(listDirectory(`${node.dataDir}/.host-local/pods/damaged`)).toHaveLength(1);
});

test('what is no address is told of and left alone', () => {
  using node = new Node();
  makeDirectories(node.path('backup'));
  writeFile(node.path('notes'), 'a\r\neth0');
  expect(reportsOf(node).sort()).toEqual(
    ['backup', 'notes'].map((name) => `/pods/${name}: not an address, or not readable; left alone`),
  );
  expect(node.add()).toEqual(['10.1.0.2/24']);
  expect(node.say('DEL')).toBe('');
  expect(node.files()).toMatchObject({ backup: undefined, notes: 'a\r\neth0' });
});

test.each<[string, string]>([
  ['empty', ''],
  ['garbage', 'nonsense'],
  ['of an address that was never in the range', '192.0.2.1'],
])('a cursor that is %s: from the beginning', (_, cursor) => {
  using node = new Node();
  node.add({ id: 'a' });
  writeFile(node.path('last_reserved_ip.0'), cursor);
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.3/24']);
  expect(node.files()['last_reserved_ip.0']).toBe('10.1.0.3');
});

test('a directory where the cursor should be', () => {
  using node = new Node();
  makeDirectories(node.path('last_reserved_ip.0'));
  expect(node.add()).toEqual(['10.1.0.2/24']);
  expect(node.files()).toEqual({ '10.1.0.2': 'a\r\neth0', 'last_reserved_ip.0': '10.1.0.2' });
});

test.each(['journal', 'index', 'aside'])('%s gone or garbage: found again from the records', (name) => {
  using node = new Node();
  node.add({ id: 'a' });
  const side = `${node.dataDir}/.host-local/pods`;
  if (name === 'index') removeTree(`${side}/index`);
  else writeFile(name === 'aside' ? `${side}/aside` : `${side}/index/journal`, 'garbage');
  writeFile(node.path('10.1.0.77'), 'z\r\neth0');
  writeFile(node.path('last_reserved_ip.0'), '10.1.0.77');
  expect(node.add({ id: 'a' })).toContain('108 10.1.0.2');
  expect(node.add({ id: 'z' })).toContain('108 10.1.0.77');
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.78/24']);
  expect(node.say('DEL', { id: 'a' })).toBe('');
  expect(Object.keys(node.held())).toEqual(['10.1.0.77', '10.1.0.78']);
});

test('the network’s directory removed by hand', () => {
  using node = new Node();
  node.add({ id: 'a' });
  for (const name of listDirectory(node.path(''))) removeIfPresent(node.path(name));
  expect(node.say('CHECK', { id: 'a' })).toContain('109');
  expect(node.add({ id: 'a' })).toEqual(['10.1.0.2/24']);
});
