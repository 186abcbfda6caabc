import { parseIp } from '@cni/ip';
import { listDirectory, makeDirectories, readText, writeFile } from '@cni/sys';
import { expect, test } from 'vitest';
import { type Holdings, isHeldBy, openHoldings } from './holdings.ts';
import { withFault } from './testing/faults.ts';
import { Node } from './testing/plugin.ts';

const dual = { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]] };

function holdingsOf(node: Node): Holdings {
  const ipam = { ...node.ipam, dataDir: node.dataDir };
  return openHoldings({ ipam }, node.network);
}

test('who holds what since when, IPv4 first, in order', () => {
  using node = new Node(dual);
  const before = Math.floor(Date.now());
  for (const id of ['a', 'b']) node.add({ id });
  writeFile(node.path('10.1.0.20'), 'old');
  const { holdings, oddities } = holdingsOf(node).list();
  expect(holdings.map(({ address, containerId, ifName }) => [address, containerId, ifName])).toEqual([
    ['10.1.0.2', 'a', 'eth0'],
    ['10.1.0.3', 'b', 'eth0'],
    ['10.1.0.20', 'old', undefined],
    ['fd00:1::2', 'a', 'eth0'],
    ['fd00:1::3', 'b', 'eth0'],
  ]);
  for (const { since } of holdings) expect(Math.abs(since - before)).toBeLessThan(60_000);
  expect(oddities).toEqual([]);
  expect(holdings.map((holding) => isHeldBy(holding, { containerId: 'old', ifName: 'net1' }))).toEqual([
    ...[false, false, true, false, false],
  ]);
});

test('nothing where there is no store, and none is made', () => {
  using node = new Node(dual);
  expect(holdingsOf(node).list()).toEqual({ holdings: [], oddities: [] });
  expect(holdingsOf(node).free(parseIp('10.1.0.2'))).toEqual([]);
  expect(node.isUntouched()).toBe(true);
});

test('what is odd is told and left alone', () => {
  using node = new Node(dual);
  node.add();
  writeFile(node.path('10.1.0.7'), '');
  writeFile(node.path('10.1.0.8'), 'do not touch');
  writeFile(node.path('notes.txt'), '');
  makeDirectories(node.path('10.1.0.9'));
  const files = node.files();
  const { oddities } = holdingsOf(node).list();
  expect(oddities.map(({ path, problem }) => `${path.replace(node.path(''), '')}: ${problem}`).sort()).toEqual([
    '10.1.0.7: empty, left by a crash',
    '10.1.0.8: named like an address, but names no owner',
    '10.1.0.9: named like an address, but names no owner',
    'notes.txt: not an address, or not readable',
  ]);
  expect(node.files()).toEqual(files);
});

test('a command that was interrupted', () => {
  using node = new Node(dual);
  node.add();
  withFault({ at: 5, kind: 'crash', errno: 5 }, () => node.run('ADD', { id: 'b' }));
  const [oddity] = holdingsOf(node).list().oddities;
  expect(oddity?.problem).toBe('a command was interrupted when it reserved or freed 10.1.0.3, fd00:1::3');
});

test('what is of an earlier boot', () => {
  using node = new Node(dual);
  node.add({ id: 'a' });
  node.add({ id: 'b' });
  const index = `${node.dataDir}/.host-local/pods/index`;
  for (const name of listDirectory(index).filter((name) => name.length === 2)) {
    const aged = readText(`${index}/${name}`).replace(/(a\r\neth0) [0-9a-f]{8}/g, '$1 0badb007');
    writeFile(`${index}/${name}`, aged);
  }
  const old = holdingsOf(node)
    .list()
    .holdings.filter(({ earlierBoot }) => earlierBoot);
  expect(old.map(({ address }) => address)).toEqual(['10.1.0.2', 'fd00:1::2']);
});

test('one address is freed, or all of an attachment, and can be had again', () => {
  using node = new Node({ ...dual, reuseDelay: 0 });
  for (const id of ['a', 'b', 'c']) node.add({ id });
  const holdings = holdingsOf(node);
  expect(holdings.free(parseIp('10.1.0.3')).map(({ address, containerId }) => [address, containerId])).toEqual([
    ['10.1.0.3', 'b'],
  ]);
  expect(holdings.free({ containerId: 'c', ifName: 'eth0' }).map(({ address }) => address)).toEqual([
    '10.1.0.4',
    'fd00:1::4',
  ]);
  expect(holdings.free({ containerId: 'c', ifName: 'eth0' })).toEqual([]);
  expect(Object.keys(node.held())).toEqual(['10.1.0.2', 'fd00:1::2', 'fd00:1::3']);
  expect(node.add({ id: 'd', args: 'IP=10.1.0.3' })).toEqual(['10.1.0.3/24', 'fd00:1::5/64']);
});
