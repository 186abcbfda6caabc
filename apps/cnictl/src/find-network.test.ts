import { expect, test } from 'vitest';
import { findNetwork, noSuchNetwork } from './find-network.ts';
import { Stage } from './testing/stage.ts';

const named = (name: string, ...types: string[]) => ({
  cniVersion: '1.0.0',
  name,
  plugins: types.map((type) => ({ type })),
});

function typesOf(name: string, directory: string): string[] | undefined {
  return findNetwork(name, directory)?.plugins.map(({ type }) => type);
}

test('the first conflist of the name, in order of the files’ names', () => {
  using stage = new Stage();
  stage.configure('20.conflist', named('pods', 'second'));
  stage.configure('10.conflist', named('pods', 'first'));
  stage.configure('00.conf', { name: 'pods', type: 'single' });
  stage.configure('00.conflist.bak', 'broken');
  expect(typesOf('pods', stage.confDir)).toEqual(['first']);
  expect(typesOf('other', stage.confDir)).toBeUndefined();
});

test('a single plugin’s file where no conflist has the name', () => {
  using stage = new Stage();
  stage.configure('10.conflist', named('pods', 'list'));
  stage.configure('20.json', { name: 'old', type: 'json' });
  stage.configure('30.conf', { name: 'old', type: 'conf' });
  expect(typesOf('old', stage.confDir)).toEqual(['json']);
});

test('a path is read whatever it is called', () => {
  using stage = new Stage();
  const path = stage.configure('pods.txt', named('pods', 'x'));
  expect(findNetwork(path, '/none')).toMatchObject({ name: 'pods', plugins: [{ type: 'x' }] });
});

test('files beside the conflist bring further plugins', () => {
  using stage = new Stage();
  stage.configure('10.conflist', named('pods', 'a'));
  stage.configure('pods/20.conf', { type: 'c' });
  stage.configure('pods/10.conf', { type: 'b' });
  stage.configure('pods/30.json', { type: 'no' });
  stage.configure('20.conflist', { ...named('alone', 'a'), loadOnlyInlinedPlugins: true });
  stage.configure('alone/10.conf', { type: 'b' });
  stage.configure('30.conflist', { name: 'outside' });
  stage.configure('outside/10.conf', { type: 'z' });
  expect(typesOf('pods', stage.confDir)).toEqual(['a', 'b', 'c']);
  expect(typesOf('alone', stage.confDir)).toEqual(['a']);
  expect(typesOf('outside', stage.confDir)).toEqual(['z']);
});

test('a broken file is named, also when the network comes after it', () => {
  using stage = new Stage();
  const path = stage.configure('10.conflist', { name: 'x', plugins: [{}] });
  stage.configure('20.conflist', named('pods', 'a'));
  expect(() => findNetwork('pods', stage.confDir)).toThrow(`read ${path}: plugins[0].type: required`);
});

test.each<[string, string, string]>([
  ['no plugins', '{"name":"pods"}', 'plugins: required'],
  ['no JSON', '{', 'the conflist: not JSON'],
])('a conflist with %s', (_, content, message) => {
  using stage = new Stage();
  const path = stage.configure('10.conflist', content);
  expect(() => findNetwork('pods', stage.confDir)).toThrow(`read ${path}: ${message}`);
});

test('a path that is not there', () => {
  expect(() => findNetwork('/none/x.conflist', '')).toThrow('open /none/x.conflist: ENOENT');
});

test('a missing network: what else there is', () => {
  using stage = new Stage();
  expect(noSuchNetwork('pods', '/none').message).toBe('find network "pods" in /none, which is not there');
  expect(noSuchNetwork('pods', stage.confDir).message).toBe(`find network "pods" in ${stage.confDir}, which has none`);
  stage.configure('10.conflist', named('red', 'a'));
  stage.configure('20.conf', { name: 'green', type: 'a' });
  stage.configure('30.conf', 'broken');
  expect(noSuchNetwork('pods', stage.confDir).message).toBe(
    `find network "pods" in ${stage.confDir}; there are red, green`,
  );
});
