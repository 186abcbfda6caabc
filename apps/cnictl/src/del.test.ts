import { expect, test } from 'vitest';
import { GONE, ID, NETNS, podsStage, second } from './testing/pods.ts';

test('DEL: reverse order, what was added, and then it is forgotten', () => {
  using stage = podsStage({ plugins: [{ type: 'a', capabilities: { ips: true } }, { type: 'b' }] });
  stage.run('add', 'pods', NETNS, ...ID, '--args', 'IP=10.0.0.1', '--capability', 'ips=[]');
  stage.calls();
  const { status, stdout } = stage.run('del', 'pods', ...ID);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^interface {2}eth0 {2}of c1 {2}on pods {2}deleted\ntime {7}/);
  const calls = stage.calls();
  expect(calls.map(({ type, verb }) => [type, verb])).toEqual([
    ['b', 'DEL'],
    ['a', 'DEL'],
  ]);
  for (const { env, stdin } of calls) {
    expect(env).toMatchObject({ CNI_NETNS: NETNS, CNI_CONTAINERID: 'c1', CNI_ARGS: 'IP=10.0.0.1' });
    expect(stdin['prevResult']).toEqual(second);
  }
  expect(calls[1]?.stdin['runtimeConfig']).toEqual({ ips: [] });
  expect(stage.cached('pods-c1-eth0')).toBeUndefined();
});

test('DEL of what nobody remembers', () => {
  using stage = podsStage();
  const { status, stdout } = stage.run('del', 'pods', GONE);
  expect([status, stdout]).toEqual([0, expect.stringContaining('deleted; it was not remembered as attached')]);
  const calls = stage.calls();
  expect(calls.map(({ env }) => env['CNI_NETNS'])).toEqual([GONE, GONE]);
  expect(calls[0]?.stdin).not.toHaveProperty('prevResult');
});

test('DEL without a namespace that anybody knows', () => {
  using stage = podsStage();
  const { status, stderr } = stage.run('del', 'pods', ...ID);
  expect([status, stderr]).toEqual([0, 'cnictl: NETNS is not given and was not remembered: what is in it stays\n']);
  expect(stage.calls().map(({ env }) => env['CNI_NETNS'])).toEqual(['', '']);
});

test('DEL that fails goes no further, and is remembered for the next', () => {
  using stage = podsStage();
  stage.run('add', 'pods', NETNS, ...ID);
  stage.calls();
  stage.answer('b', 'DEL', '{"code":11,"msg":"busy"}', { status: 1 });
  expect(stage.run('del', 'pods', ...ID)).toMatchObject({
    status: 1,
    stderr: 'cnictl: plugin b DEL: busy (code 11)\n',
  });
  expect(stage.calls().map(({ type }) => type)).toEqual(['b']);
  expect(stage.cached('pods-c1-eth0')).toBeDefined();
});

test('DEL goes on without a memory that cannot be read', () => {
  using stage = podsStage();
  stage.cache('pods-c1-eth0', '{"kind":"cniCacheV1"');
  expect(stage.run('del', 'pods', NETNS, ...ID).status).toBe(0);
  expect(stage.calls()[0]?.stdin).not.toHaveProperty('prevResult');
  expect(stage.cached('pods-c1-eth0')).toBeUndefined();
});

test('DEL with the conflist of the ADD where it is gone since', () => {
  using stage = podsStage();
  stage.run('add', 'pods', NETNS, ...ID);
  stage.calls();
  stage.configure('10-pods.conflist', { name: 'other', plugins: [{ type: 'a' }] });
  expect(stage.run('del', 'pods', ...ID).status).toBe(0);
  expect(stage.calls().map(({ type }) => type)).toEqual(['b', 'a']);
});

test.each([
  ['0.3.1', undefined],
  ['0.4.0', '0.4.0'],
  ['1.1.0', '1.1.0'],
])('DEL of a network that is %s by now: prevResult of %s', (cniVersion, expected) => {
  using stage = podsStage();
  stage.run('add', 'pods', NETNS, ...ID);
  stage.calls();
  stage.configure('10-pods.conflist', { cniVersion, name: 'pods', plugins: [{ type: 'a' }] });
  expect(stage.run('del', 'pods', ...ID).status).toBe(0);
  const prevResult = stage.calls()[0]?.stdin['prevResult'] as { cniVersion: string } | undefined;
  expect(prevResult?.cniVersion).toBe(expected);
});

test('CHECK: ADD’s order, the whole result, and what was added with', () => {
  using stage = podsStage();
  stage.run('add', 'pods', NETNS, ...ID, '--args', 'IP=10.0.0.1');
  stage.calls();
  const { status, stdout } = stage.run('check', 'pods', NETNS, ...ID);
  expect([status, stdout]).toEqual([0, expect.stringContaining('as it was made')]);
  const calls = stage.calls();
  expect(calls.map(({ type, verb }) => [type, verb])).toEqual([
    ['a', 'CHECK'],
    ['b', 'CHECK'],
  ]);
  for (const { env, stdin } of calls) {
    expect(env).toMatchObject({ CNI_NETNS: NETNS, CNI_ARGS: 'IP=10.0.0.1' });
    expect(stdin['prevResult']).toEqual(second);
  }
});

test.each<[string, object, number, string]>([
  ['before 0.4.0', { cniVersion: '0.3.1' }, 1, 'cnictl: CHECK is in CNI 0.4.0 and later, network pods has 0.3.1'],
  ['with disableCheck', { cniVersion: '1.0.0', disableCheck: true }, 0, ''],
])('CHECK of a network %s calls nobody', (_, keys, status, stderr) => {
  using stage = podsStage();
  stage.run('add', 'pods', NETNS, ...ID);
  stage.calls();
  stage.configure('10-pods.conflist', { name: 'pods', plugins: [{ type: 'a' }], ...keys });
  const outcome = stage.run('check', 'pods', ...ID);
  expect(outcome.status).toBe(status);
  expect(outcome.stderr).toContain(stderr);
  expect(stage.calls()).toEqual([]);
});

test('CHECK of what is not attached', () => {
  using stage = podsStage();
  const { status, stderr } = stage.run('check', 'pods', NETNS, ...ID);
  expect(status).toBe(1);
  expect(stderr).toBe(
    `cnictl: eth0 of c1 is not attached to pods: no ${stage.cacheDir}/results/pods-c1-eth0 (code 3)\n`,
  );
});
