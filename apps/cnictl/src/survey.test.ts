import { ownNetns } from '@cni/sys';
import { expect, test } from 'vitest';
import { first, GONE, NETNS, podsStage, second } from './testing/pods.ts';
import type { Stage } from './testing/stage.ts';

/** Two attachments, `alive` in a namespace that is there and `dead` in one that is gone. */
function littered(cniVersion: string, keys: object = {}): Stage {
  const stage = podsStage({ cniVersion, ...keys });
  for (const [type, result] of [['a', first] as const, ['b', second] as const])
    stage.answer(type, 'ADD', JSON.stringify({ ...result, cniVersion }));
  stage.run('add', 'pods', NETNS, '--container-id', 'alive');
  stage.run('add', 'pods', GONE, '--container-id', 'dead', '--args', 'K=V');
  stage.calls();
  return stage;
}

const alive = { containerID: 'alive', ifname: 'eth0' };
const dead = { containerID: 'dead', ifname: 'eth0' };

test('GC: DEL for each whose namespace is gone, then GC with the others', () => {
  using stage = littered('1.1.0');
  const { status, stdout } = stage.run('gc', 'pods');
  expect([status, stdout]).toEqual([0, expect.stringContaining(`deleted  dead/eth0  ${GONE}\nkept     alive/eth0  `)]);
  const calls = stage.calls();
  expect(calls.map(({ type, verb, env }) => [type, verb, env['CNI_CONTAINERID']])).toEqual([
    ['b', 'DEL', 'dead'],
    ['a', 'DEL', 'dead'],
    ['a', 'GC', ''],
    ['b', 'GC', ''],
  ]);
  expect(calls[0]?.env).toMatchObject({ CNI_NETNS: GONE, CNI_ARGS: 'K=V' });
  expect(calls[2]?.env).toMatchObject({ CNI_NETNS: '', CNI_IFNAME: '', CNI_ARGS: '' });
  expect(calls[2]?.stdin).toEqual({
    type: 'a',
    mine: 1,
    name: 'pods',
    cniVersion: '1.1.0',
    'cni.dev/valid-attachments': [alive],
    'cni.dev/attachments': [alive],
  });
  expect([stage.cached('pods-alive-eth0'), stage.cached('pods-dead-eth0')]).toEqual([expect.any(String), undefined]);
});

test.each<[string, string[], object[]]>([
  ['--all', ['--all'], []],
  ['--valid', ['--valid', 'dead/eth0', '--valid', 'x/net1'], [dead, { containerID: 'x', ifname: 'net1' }]],
])('GC with %s', (_, words, valid) => {
  using stage = littered('1.1.0');
  const { stdout } = stage.run('gc', 'pods', '--json', ...words);
  const kept = [alive, dead].filter((attachment) => JSON.stringify(valid).includes(JSON.stringify(attachment)));
  const deleted = [alive, dead].filter((attachment) => !kept.includes(attachment));
  expect(JSON.parse(stdout)).toEqual({ deleted, kept });
  expect(stage.calls().at(-1)?.stdin['cni.dev/valid-attachments']).toEqual(valid);
});

test('GC before 1.1.0 deletes but asks nobody to collect', () => {
  using stage = littered('1.0.0');
  stage.run('gc', 'pods');
  expect(stage.calls().map(({ verb }) => verb)).toEqual(['DEL', 'DEL']);
});

test('GC goes on after failures and tells all of them', () => {
  using stage = littered('1.1.0');
  stage.answer('b', 'DEL', '{"code":11,"msg":"busy"}', { status: 1 });
  stage.answer('a', 'GC', '{"code":5,"msg":"disk"}', { status: 1 });
  const { status, stderr } = stage.run('gc', 'pods');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^cnictl: delete dead\/eth0: plugin b DEL: busy, and 1 more \(code 122\)\n/);
  expect(stderr).toContain('\n  plugin a GC: disk\n');
  expect(stage.calls().map(({ type, verb }) => [type, verb])).toEqual([
    ['b', 'DEL'],
    ['a', 'GC'],
    ['b', 'GC'],
  ]);
});

test('GC of a network with disableGC calls nobody', () => {
  using stage = littered('1.1.0', { disableGC: 'true' });
  expect(stage.run('gc', 'pods', '--all')).toMatchObject({ status: 0, stdout: expect.stringContaining('disableGC') });
  expect(stage.calls()).toEqual([]);
});

test('STATUS: each plugin, to the first that is not ready', () => {
  using stage = podsStage({ cniVersion: '1.1.0' });
  expect(stage.run('status', 'pods').stdout).toMatch(/^plugin {2}a {2}ready\nplugin {2}b {2}ready\ntime /);
  expect(stage.calls().map(({ type, env, stdin }) => [type, env['CNI_IFNAME'], stdin['cniVersion']])).toEqual([
    ['a', '', '1.1.0'],
    ['b', '', '1.1.0'],
  ]);
  stage.answer('a', 'STATUS', '{"code":50,"msg":"no uplink"}', { status: 1 });
  expect(stage.run('status', 'pods')).toMatchObject({
    status: 1,
    stderr: 'cnictl: plugin a STATUS: no uplink (code 50)\n',
  });
  expect(stage.calls().map(({ type }) => type)).toEqual(['a']);
});

test('STATUS before 1.1.0 asks nobody', () => {
  using stage = podsStage();
  expect(stage.run('status', 'pods', NETNS)).toMatchObject({ status: 0, stdout: expect.stringContaining('not asked') });
  expect(stage.calls()).toEqual([]);
});

test('VERSION: each plugin and IPAM plugin once', () => {
  using stage = podsStage({ plugins: [{ type: 'a', ipam: { type: 'b' } }, { type: 'b' }] });
  stage.answer('a', 'VERSION', '{"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0"]}');
  stage.answer('b', 'VERSION', '{"cniVersion":"0.2.0"}');
  const { status, stdout, stderr } = stage.run('version', 'pods');
  expect([status, stderr]).toEqual([1, 'cnictl: b cannot speak CNI 1.0.0\n']);
  expect(stdout).toContain(
    [
      'network  pods  1.0.0',
      `plugin   a  ${stage.binDir}/a  0.4.0 1.0.0`,
      `plugin   b  ${stage.binDir}/b  0.1.0 0.2.0`,
      '',
    ].join('\n'),
  );
  expect(stage.calls().map(({ type, verb, stdin }) => [type, verb, stdin])).toEqual([
    ['a', 'VERSION', { cniVersion: '1.1.0' }],
    ['b', 'VERSION', { cniVersion: '1.1.0' }],
  ]);
});

test.each<[string, string, number, unknown]>([
  ['that has no VERSION is 0.1.0', '{"code":4,"msg":"unknown CNI_COMMAND: VERSION"}', 1, ['0.1.0']],
  ['of today', '{"cniVersion":"1.1.0","supportedVersions":["1.1.0"]}', 0, ['1.1.0']],
])('a plugin %s', (_, answer, status, versions) => {
  using stage = podsStage({ plugins: [{ type: 'a' }] });
  stage.answer('a', 'VERSION', answer, { status });
  expect(JSON.parse(stage.run('version', 'pods', '--json').stdout)).toEqual([
    { type: 'a', supportedVersions: versions },
  ]);
});

test('no namespace is entered or left open', () => {
  const before = ownNetns();
  using stage = littered('1.1.0');
  stage.run('gc', 'pods');
  const after = ownNetns();
  expect(after).toMatchObject({ id: before.id, fd: before.fd + 1 });
  before.close();
  after.close();
});
