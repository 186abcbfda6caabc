import { findText, listDirectory, readText, writeFile } from '@cni/sys';
import { expect, test } from 'vitest';
import { Node } from './testing/plugin.ts';

const four = { subnet: '10.1.0.0/24', rangeStart: '10.1.0.2', rangeEnd: '10.1.0.5' };

/** Frees addresses of containers named by their last digit. */
function free(node: Node, ...ids: string[]): void {
  for (const id of ids) expect(node.say('DEL', { id })).toBe('');
}

function filled(ipam: object = four): Node {
  const node = new Node(ipam);
  for (const id of ['2', '3', '4', '5']) expect(node.add({ id })).toEqual([`10.1.0.${id}/24`]);
  return node;
}

test('an address freed lately is not handed out while another is free', () => {
  using node = filled();
  free(node, '2', '3');
  const freed = `${node.dataDir}/.host-local/pods/freed`;
  writeFile(freed, readText(freed).replace(/^\d+ 10\.1\.0\.3$/m, '1000 10.1.0.3'));
  expect(node.add({ id: 'a' })).toEqual(['10.1.0.3/24']);
});

test('if all that is free was freed lately, the one that was freed first', () => {
  using node = filled();
  free(node, '4', '3', '2');
  const freed = `${node.dataDir}/.host-local/pods/freed`;
  let age = 3;
  writeFile(
    freed,
    readText(freed).replace(/^\d+/gm, () => `${Date.now() - 1000 * age--}`),
  );
  expect(['a', 'b', 'c'].map((id) => node.add({ id }))).toEqual([['10.1.0.4/24'], ['10.1.0.3/24'], ['10.1.0.2/24']]);
});

test('without a delay nothing rests, and nothing is written down', () => {
  using node = filled({ ...four, reuseDelay: 0 });
  free(node, '3', '2');
  expect(findText(`${node.dataDir}/.host-local/pods/freed`)).toBeUndefined();
  expect(node.add({ id: 'a' })).toEqual(['10.1.0.2/24']);
});

test('a clock that was set back keeps no address from being used', () => {
  using node = filled();
  free(node, '2', '3');
  const freed = `${node.dataDir}/.host-local/pods/freed`;
  writeFile(freed, readText(freed).replace(/^\d+ 10\.1\.0\.2$/m, `${Date.now() + 3_600_000} 10.1.0.2`));
  expect(node.add({ id: 'a' })).toEqual(['10.1.0.2/24']);
});

/** Makes the index say that these addresses were reserved before the last boot. */
function ageRecords(node: Node, ...addresses: string[]): void {
  const index = `${node.dataDir}/.host-local/pods/index`;
  for (const bucket of listDirectory(index).filter((name) => name.length === 2)) {
    const entries = readText(`${index}/${bucket}`).split('\0');
    const aged = entries.map((entry) =>
      addresses.some((address) => entry.endsWith(` ${address}`)) ? entry.replace(/ [0-9a-f]{8} /, ' 0badb007 ') : entry,
    );
    writeFile(`${index}/${bucket}`, aged.join('\0'));
  }
}

test('a full range gets back what is of an earlier boot, and nothing else', () => {
  using node = filled();
  ageRecords(node, '10.1.0.3', '10.1.0.5');
  expect(node.say('STATUS')).toBe('');
  expect(Object.values(node.held())).toEqual(['2\r\neth0', '4\r\neth0']);
  expect([node.add({ id: 'a' }), node.add({ id: 'b' })].flat().sort()).toEqual(['10.1.0.3/24', '10.1.0.5/24']);
  expect(node.add({ id: 'c' })).toContain('107');
  expect(node.say('CHECK', { id: '2' })).toBe('');
});

test('ADD reclaims by itself; while there is room nothing is reclaimed', () => {
  using node = filled();
  ageRecords(node, '10.1.0.3');
  free(node, '5');
  expect(node.add({ id: 'a' })).toEqual(['10.1.0.5/24']);
  expect(Object.keys(node.held())).toContain('10.1.0.3');
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.3/24']);
});

test('records that were found without an index are of unknown age and stay', () => {
  using node = filled();
  ageRecords(node, '10.1.0.3');
  writeFile(node.path('10.1.0.4'), 'foreign\r\neth0');
  for (const name of listDirectory(`${node.dataDir}/.host-local/pods/index`)) {
    writeFile(`${node.dataDir}/.host-local/pods/index/${name}`, '');
  }
  expect(node.add({ id: 'a' })).toContain('107');
});
