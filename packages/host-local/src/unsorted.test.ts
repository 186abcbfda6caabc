import { execFileSync } from 'node:child_process';
import { findText, makeDirectories, writeFile } from '@cni/sys';
import { expect, test } from 'vitest';
import { withStore } from './open-store.ts';
import { crowd, isOfCrowd, meddle } from './testing/crowd.ts';
import { eachFault, type Fault, withFault } from './testing/faults.ts';
import { Node } from './testing/plugin.ts';
import { eachFile, namesOf, withFile, withoutFile } from './unsorted.ts';

const dual = { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]] };

/** A store that the reference plugin filled. */
function crowded(ipam: object = dual): Node {
  const node = new Node(ipam);
  crowd(node);
  return node;
}

function unsortedIn(node: Node): string | undefined {
  return findText(`${node.dataDir}/.host-local/pods/index/unsorted`);
}

/** Who holds what beside the crowd. */
function heldIn(node: Node): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(node.held()).filter(([name]) => !isOfCrowd(name)));
}

test('the first command reads, the second one sorts, and both know everything', () => {
  using node = crowded();
  writeFile(node.path('10.1.0.2'), 'a\r\neth0');
  expect(node.add({ id: 'a' })).toContain('108 10.1.0.2');
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.3/24', 'fd00:1::2/64']);
  expect(unsortedIn(node)).toContain('\0' + '10.1.0.3\0b\r\neth0\0');
  expect(node.add({ id: 'b' })).toContain('108 10.1.0.3');
  expect(unsortedIn(node)).toBeUndefined();
  for (const id of ['a', 'b']) expect(node.say('DEL', { id })).toBe('');
  expect(heldIn(node)).toEqual({});
});

test.each(['a', 'b'])('a DEL of %s as the first command', (id) => {
  using node = crowded({ subnet: '10.1.0.0/24' });
  for (const [name, owner] of [
    ['10.1.0.2', 'a\r\neth0'],
    ['10.1.0.3', 'b'],
  ] as const)
    writeFile(node.path(name), owner);
  expect(node.say('DEL', { id })).toBe('');
  expect(Object.values(heldIn(node))).toEqual([id === 'a' ? 'b' : 'a\r\neth0']);
  expect(unsortedIn(node)).toBeDefined();
  expect(node.say('DEL', { id })).toBe('');
  for (const other of ['a', 'b']) expect(node.say('DEL', { id: other })).toBe('');
  expect(heldIn(node)).toEqual({});
});

test.each<[string, (path: string) => void]>([
  ['an empty file', (path) => writeFile(path, '')],
  ['words', (path) => writeFile(path, 'do not touch')],
  ['a named pipe', (path) => void execFileSync('mkfifo', [path])],
])('%s under the name of an address does not keep a first ADD from it', (_, put) => {
  using node = crowded({ subnet: '10.1.0.0/30' });
  put(node.path('10.1.0.2'));
  expect(node.add()).toEqual(['10.1.0.2/30']);
});

test('what is no address is told of by the command that sorts', () => {
  using node = crowded();
  writeFile(node.path('notes'), 'a\r\neth0');
  const reports = () => {
    const lines: string[] = [];
    const options = { dataDir: node.dataDir, network: node.network, lockTimeout: 1000, reuseDelay: 0 };
    withStore({ ...options, report: (line) => lines.push(line) }, (store) => store.probe());
    return lines;
  };
  expect(reports()).toEqual([]);
  expect(reports()).toEqual([`${node.path('notes')}: not an address, or not readable; left alone`]);
});

test('a first ADD that has to look far', () => {
  using node = crowded({ subnet: '10.1.0.0/24' });
  for (let host = 2; host < 200; host++) writeFile(node.path(`10.1.0.${host}`), `c${host}\r\neth0`);
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.200/24']);
  expect(node.say('CHECK', { id: 'c150' })).toBe('');
});

test('a first GC', () => {
  using node = crowded({ subnet: '10.1.0.0/24' });
  for (const name of ['a', 'b']) writeFile(node.path(`10.1.0.${name === 'a' ? 2 : 3}`), `${name}\r\neth0`);
  const config = { 'cni.dev/valid-attachments': [{ containerID: 'b', ifname: 'eth0' }] };
  expect(node.say('GC', { config })).toBe('');
  expect(node.held()).toEqual({ '10.1.0.3': 'b\r\neth0' });
});

test('what was read before the node was booted is known to be old', () => {
  using node = crowded({ subnet: '10.1.0.0/30' });
  writeFile(node.path('10.1.0.2'), 'gone\r\neth0');
  const index = `${node.dataDir}/.host-local/pods/index`;
  makeDirectories(index);
  writeFile(`${index}/unsorted`, '0badb007\x0010.1.0.2\0gone\r\neth0\0');
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.2/30']);
});

const faults: [string, Omit<Fault, 'at'>][] = [
  ['refused once', { kind: 'once', errno: 5 }],
  ['killed', { kind: 'crash', errno: 28 }],
];
function meddledWith(node: Node): void {
  node.add({ id: 'second' });
  meddle(node);
}

const stages: [string, (node: Node) => void][] = [
  ['the first command', () => {}],
  ['the second command', (node) => void node.add({ id: 'second' })],
  ['the first command after somebody else’s', meddledWith],
];

test.each(stages.flatMap((stage) => faults.map((fault) => [...stage, ...fault] as const)))(
  '%s, %#, is %s at any call: all or nothing, and nothing forgotten',
  (_, prepare, __, kind) => {
    eachFault(kind, (fault) => {
      using node = crowded();
      writeFile(node.path('10.1.0.2'), 'old\r\neth0');
      prepare(node);
      const before = heldIn(node);
      const { value, hit } = withFault(fault, () => node.add({ id: 'victim' }));
      if (typeof value === 'string') expect(node.add({ id: 'victim' })).toHaveLength(2);
      expect(heldIn(node)).toMatchObject(before);
      for (const id of ['victim', 'second', 'old']) expect(node.say('DEL', { id })).toBe('');
      expect(heldIn(node)).toEqual({});
      return hit;
    });
  },
);

const contents = '10.1.0.2\0a\r\neth0\x0010.1.0.3\0ab\r\neth0\0lock\0\x0010.1.0.4\0 a\n\0a\x0010.1.0.3\0';

test('files of an owner among others', () => {
  expect(namesOf(contents, 'a')).toEqual(['10.1.0.2', '10.1.0.4']);
  expect(namesOf(contents, 'ab')).toEqual(['10.1.0.3']);
  expect(namesOf(contents, '10.1.0.3')).toEqual([]);
  expect(namesOf(contents, 'c')).toEqual([]);
  expect(eachFile(contents).map(({ name }) => name)).toEqual(['10.1.0.2', '10.1.0.3', '10.1.0.4', 'a']);
});

test('a file more, a file less', () => {
  const more = withFile(contents, { name: '10.1.0.9', record: 'z' });
  expect(namesOf(more, 'z')).toEqual(['10.1.0.9']);
  expect(withoutFile(more, '10.1.0.9')).toBe(contents);
  expect(withoutFile(contents, '10.1.0.2')).toBe(contents.slice(contents.indexOf('10.1.0.3')));
  expect(withoutFile(contents, '10.1.0.5')).toBe(contents);
});
