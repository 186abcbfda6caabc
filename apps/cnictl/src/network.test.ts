import { text, utf8 } from '@cni/sys';
import { expect, test } from 'vitest';
import { parseNetwork, parsePlugin, spokenVersion, upconvert } from './network.ts';

const plugins = [{ type: 'ipvlan' }];

function parse(document: object) {
  return parseNetwork(utf8(JSON.stringify(document)));
}

test.each<[string | null | undefined, string[] | null | undefined, string]>([
  ['1.0.0', undefined, '1.0.0'],
  [undefined, undefined, '0.1.0'],
  ['', undefined, '0.1.0'],
  [null, null, '0.1.0'],
  ['0.3.1', ['0.4.0', '1.0.0'], '1.0.0'],
  ['0.3.1', ['1.1.0', '1.0.0'], '1.1.0'],
  ['1.1.0', ['0.4.0'], '1.1.0'],
  ['0.4.0', ['1.0.0', '2.0.0'], '1.0.0'],
  ['0.4.0', ['2.0.0'], '0.4.0'],
  ['2.0.0', ['2.1.0'], '2.0.0'],
  [undefined, ['1.0.0'], '1.0.0'],
  ['1.0.0', [], '1.0.0'],
])('cniVersion %j with cniVersions %j is %s', (cniVersion, cniVersions, expected) => {
  expect(parse({ name: 'pods', plugins, cniVersion, cniVersions }).cniVersion).toBe(expected);
});

test('a version nobody speaks is told when it is to be spoken', () => {
  expect(() => spokenVersion(parse({ name: 'pods', plugins, cniVersion: '2.0.0' }))).toThrow(
    'cniVersion: expected one of 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0 (got "2.0.0")',
  );
});

test.each([
  [undefined, false],
  [null, false],
  [true, true],
  [false, false],
  ['true', true],
  ['True', true],
  ['FALSE', false],
])('disableCheck and disableGC %j are %s', (given, expected) => {
  const network = parse({ name: 'pods', plugins, disableCheck: given, disableGC: given });
  expect([network.disableCheck, network.disableGC]).toEqual([expected, expected]);
});

test('plugins keep every key, the conflist its bytes', () => {
  const config = { type: 'x', capabilities: { ips: true, mac: false }, deep: { list: [1, null] }, '': 0 };
  const network = parse({ name: 'pods', plugins: [config], other: 1 });
  expect(network.plugins).toEqual([{ type: 'x', capabilities: ['ips'], config }]);
  expect(JSON.parse(text(network.bytes))).toEqual({ name: 'pods', plugins: [config], other: 1 });
});

test.each<[string, object, string]>([
  ['no name', { plugins }, 'name: required'],
  ['an empty name', { name: '', plugins }, 'name: expected a letter or digit followed by'],
  ['a path for a name', { name: '../x', plugins }, 'name: expected a letter or digit followed by'],
  ['a number for a name', { name: 1, plugins }, 'name: expected string (got 1)'],
  ['a number for a version', { name: 'pods', plugins, cniVersion: 1 }, 'cniVersion: expected string (got 1)'],
  [
    'a wrong version among others',
    { name: 'pods', plugins, cniVersions: ['1.0.0', 'x'] },
    'cniVersions[1]: expected a',
  ],
  ['a wrong word', { name: 'pods', plugins, disableGC: 'yes' }, 'disableGC: expected boolean or true or false (got "y'],
  ['no plugins at all', { name: 'pods', plugins: [] }, 'plugins: expected at least 1 items'],
  ['plugins elsewhere only, but not wanted', { name: 'pods', loadOnlyInlinedPlugins: true }, 'plugins: required with'],
  ['a plugin without a type', { name: 'pods', plugins: [{}] }, 'plugins[0].type: required'],
  [
    'a path for a type',
    { name: 'pods', plugins: [{ type: '../x' }] },
    'plugins[0].type: expected the name of a plugin',
  ],
  ['a plugin that is none', { name: 'pods', plugins: ['x'] }, 'plugins[0]: expected object'],
  ['a list', [], 'expected object'],
])('%s is refused', (_, document, message) => {
  expect(() => parse(document)).toThrow(message);
});

test('no plugins is fine while files may bring some', () => {
  expect(parse({ name: 'pods' }).plugins).toEqual([]);
});

test('what is no JSON is refused', () => {
  expect(() => parseNetwork(utf8('{'))).toThrow('the conflist: not JSON');
});

test('a single plugin becomes a conflist', () => {
  const config = { name: 'old', cniVersion: '0.2.0', type: 'ipvlan', master: 'eth0' };
  const network = upconvert(parsePlugin(utf8(JSON.stringify(config))));
  expect(network).toMatchObject({ name: 'old', cniVersion: '0.2.0', plugins: [{ type: 'ipvlan', config }] });
  expect(JSON.parse(text(network.bytes))).toEqual({ name: 'old', cniVersion: '0.2.0', plugins: [config] });
});
