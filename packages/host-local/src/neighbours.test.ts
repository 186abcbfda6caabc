import { makeDirectories, writeFile } from '@cni/sys';
import { expect, test } from 'vitest';
import { Node } from './testing/plugin.ts';

const other = { config: { name: 'other' } };

test('two networks never have one address', () => {
  using node = new Node({ subnet: '10.1.0.0/29' });
  expect(node.add({ id: 'a' })).toEqual(['10.1.0.2/29']);
  expect(node.add({ id: 'a', ...other })).toEqual(['10.1.0.3/29']);
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.4/29']);
  expect(node.add({ id: 'b', args: 'IP=10.1.0.2', ...other })).toBe(
    '104 CNI_ARGS IP: 10.1.0.2 is in use in network pods',
  );
  expect(node.say('DEL', { id: 'a' })).toBe('');
  expect(node.add({ id: 'b', args: 'IP=10.1.0.2', ...other })).toEqual(['10.1.0.2/29']);
});

test('full because of another network', () => {
  using node = new Node({ subnet: '10.1.0.0/30' });
  node.add({ id: 'a' });
  const { stdout } = node.run('ADD', { id: 'b', ...other });
  expect(JSON.parse(stdout)).toMatchObject({ code: 107, details: '10.1.0.2, for one, is in use in network pods' });
  expect(node.say('STATUS', other)).toContain('51 no address is left');
});

test('isolated networks take no notice of others, nor others of them', () => {
  using node = new Node({ subnet: '10.1.0.0/29' });
  const isolated = { ipam: { subnet: '10.1.0.0/29', isolated: true } };
  node.add({ id: 'a' });
  expect(node.add({ id: 'a', ...other, ...isolated })).toEqual(['10.1.0.2/29']);
  expect(node.add({ id: 'b', ...other, ...isolated })).toEqual(['10.1.0.3/29']);
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.3/29']);
  expect(node.add({ id: 'c', ...other })).toEqual(['10.1.0.4/29']);
  expect(node.add({ id: 'c' })).toEqual(['10.1.0.5/29']);
});

test('only records count, of networks only', () => {
  using node = new Node({ subnet: '10.1.0.0/29' });
  makeDirectories(`${node.dataDir}/other`);
  writeFile(`${node.dataDir}/other/10.1.0.2`, '');
  writeFile(`${node.dataDir}/notes`, '');
  expect(node.add()).toEqual(['10.1.0.2/29']);
});
