import { listDirectory, randomHex, readText, stat, utf8, writeFile } from '@cni/sys';
import { expect, onTestFinished, test } from 'vitest';
import { openOwnerIndex } from './owner-index.ts';
import { removeTree } from './testing/plugin.ts';

function emptyIndex() {
  const directory = `/tmp/host-local-index-${randomHex(6)}/index`;
  onTestFinished(() => removeTree(directory.replace('/index', '')));
  return { directory, index: openOwnerIndex(directory) };
}

const listOf = (held: Record<string, string>) => ({ names: Object.keys(held), records: Object.values(held) });

test('what a container has, and not what one has whose id starts alike', () => {
  const { index } = emptyIndex();
  index.rebuild(listOf({ '10.1.0.2': 'a\r\neth0', '10.1.0.3': 'ab\r\neth0', '10.1.0.4': 'a' }), 'b0010001');
  index.add('b0010001', { name: 'fd00::2', record: 'a\r\nnet1' });
  expect(index.find('a')).toEqual(['10.1.0.2', '10.1.0.4', 'fd00::2']);
  index.remove('a', new Set(['10.1.0.2', '10.1.0.3']));
  expect(index.find('a')).toEqual(['10.1.0.4', 'fd00::2']);
  expect(index.find('ab')).toEqual(['10.1.0.3']);
  expect(index.find('b')).toEqual([]);
});

test('made again, it has what it is given, and what it had before has its boot', () => {
  const { index } = emptyIndex();
  index.rebuild(listOf({ '10.1.0.2': 'a\r\neth0', '10.1.0.3': 'b\r\neth0', '10.1.0.4': 'c' }), 'b0010001');
  index.rebuild(listOf({ '10.1.0.2': 'a\r\neth0', '10.1.0.3': 'c\r\neth0', '10.1.0.5': 'c' }), 'b0010002');
  const entries = index.list().map(({ name, record, boot }) => `${name} ${record.replace('\r\n', '/')} ${boot}`);
  expect(entries.sort()).toEqual(['10.1.0.2 a/eth0 b0010001', '10.1.0.3 c/eth0 b0010002', '10.1.0.5 c b0010002']);
});

test('what is removed leaves blanks, which are no entries, but not many', () => {
  const { directory, index } = emptyIndex();
  const record = 'a\r\neth0';
  index.rebuild(listOf({ '10.1.0.2': record, '10.1.0.3': record }), 'b0010001');
  const path = `${directory}/${listDirectory(directory)[0]}`;
  const { size } = stat(path);
  index.remove('a', new Set(['10.1.0.2']));
  expect(stat(path).size).toBe(size);
  index.rebuild(listOf({ '10.1.0.3': record }), 'b0010002');
  index.add('b0010001', { name: '10.1.0.4', record });
  expect(index.find('a')).toEqual(['10.1.0.3', '10.1.0.4']);
  expect(index.list().map(({ name, boot }) => `${name} ${boot}`)).toEqual(['10.1.0.3 b0010001', '10.1.0.4 b0010001']);
  for (let n = 0; n < 300; n++) {
    index.remove('a', new Set(['10.1.0.4']));
    expect(index.find('a')).toEqual(['10.1.0.3']);
    index.add('b0010001', { name: '10.1.0.4', record });
  }
  expect(index.find('a')).toEqual(['10.1.0.3', '10.1.0.4']);
  expect(stat(path).size).toBeLessThan(4500);
  index.remove('a', new Set(['10.1.0.3', '10.1.0.4']));
  expect(index.list()).toEqual([]);
});

test('an entry that was not written to its end takes nothing from the next', () => {
  const { directory, index } = emptyIndex();
  const record = 'a\r\neth0';
  const held = listOf({ '10.1.0.2': record });
  const path = () => `${directory}/${listDirectory(directory)[0]}`;
  index.rebuild(held, 'b0010001');
  writeFile(path(), 'z\r\neth0 b0010001 10.1.0.3', { mode: 'append' });
  index.rebuild(held, 'b0010001');
  index.add('b0010001', { name: '10.1.0.4', record });
  expect(index.find('a')).toEqual(['10.1.0.2', '10.1.0.4']);
  writeFile(path(), 'z\r\neth0 b00', { mode: 'append' });
  const next = openOwnerIndex(directory);
  next.remove('a', new Set(['10.1.0.2']));
  next.add('b0010001', { name: '10.1.0.5', record });
  expect(next.find('a')).toEqual(['10.1.0.4', '10.1.0.5']);
});

test('a removal that stopped at any byte, and was made again: all that is held is there', () => {
  const names = ['10.1.0.2', '10.1.0.22', '10.1.0.9', '10.1.0.29'];
  const all = Object.fromEntries(names.map((name, at) => [name, at === 2 ? 'ab\r\neth0' : 'a\r\neth0']));
  for (const gone of names) {
    const { directory, index } = emptyIndex();
    index.rebuild(listOf(all), 'b0010001');
    const { [gone]: record = '', ...others } = all;
    const left = Object.keys(others).sort();
    for (const bucket of listDirectory(directory)) {
      const path = `${directory}/${bucket}`;
      const before = utf8(readText(path));
      index.remove(record.replace('\r\neth0', ''), new Set([gone]));
      const after = utf8(readText(path));
      for (let seam = 0; seam <= after.length; seam++) {
        writeFile(path, Uint8Array.from([...after.subarray(0, seam), ...before.subarray(seam)]));
        index.rebuild(listOf(others), 'b0010001');
        const listed = index.list().map(({ name }) => name);
        expect(listed.sort(), `${gone}, ${seam} bytes`).toEqual(left);
      }
    }
  }
});

test('what is damaged tells of no address', () => {
  const { directory, index } = emptyIndex();
  index.rebuild(listOf({ '10.1.0.2': 'a\r\neth0' }), 'b0010001');
  const [bucket = ''] = listDirectory(directory);
  expect(readText(`${directory}/${bucket}`)).toBe('a\r\neth0 b0010001 10.1.0.2\0');
  index.add('b0010001', { name: '../../passwd', record: 'a\r\neth0' });
  expect(index.find('a')).toEqual(['10.1.0.2']);
  expect(index.list()).toHaveLength(1);
});

test.each<[string, (at: number) => string]>([
  ['random ids', () => randomHex(32)],
  ['numbered ids', (at) => `pod-${at}`],
  ['numbers in the middle', (at) => `pod-${String(at).padStart(8, '0')}-eth`],
])('%s are spread', (_, idAt) => {
  const { directory, index } = emptyIndex();
  const ids = Array.from({ length: 2000 }, (_, at) => `${idAt(at)}\r\neth0`);
  index.rebuild({ names: ids.map((_, at) => `10.1.${at >> 8}.${at & 255}`), records: ids }, 'b0010001');
  const sizes = listDirectory(directory).map((name) => readText(`${directory}/${name}`).split('\0').length);
  expect(Math.max(...sizes)).toBeLessThan(400);
});
