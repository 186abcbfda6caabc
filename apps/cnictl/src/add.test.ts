import { readText } from '@cni/sys';
import { expect, test } from 'vitest';
import { first, ID, NETNS, podsStage, second } from './testing/pods.ts';
import { runFree, Stage } from './testing/stage.ts';

test('ADD: environment, order, prevResult', () => {
  using stage = podsStage();
  const { status, stderr } = stage.runWith({ HOME: '/root' }, 'add', 'pods', NETNS, ...ID, '-i', 'net1');
  expect([status, stderr]).toEqual([0, '']);
  const [a, b, ...rest] = stage.calls();
  expect(rest).toEqual([]);
  expect(a?.env).toMatchObject({
    HOME: '/root',
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: 'c1',
    CNI_NETNS: NETNS,
    CNI_IFNAME: 'net1',
    CNI_ARGS: '',
    CNI_PATH: stage.binDir,
  });
  expect([a?.type, b?.type]).toEqual(['a', 'b']);
  expect(a?.stdin).toEqual({ type: 'a', mine: 1, name: 'pods', cniVersion: '1.0.0' });
  expect(b?.stdin).toEqual({ type: 'b', name: 'pods', cniVersion: '1.0.0', prevResult: first });
});

test('ADD for people', () => {
  using stage = podsStage();
  const { stdout } = stage.run('add', 'pods', NETNS, ...ID);
  expect(stdout.replace(/[\d.]+ ms \(a [\d.]+, b [\d.]+\)/, 'T')).toBe(
    [
      'interface  br0   02:00:00:00:00:01  on the node',
      `interface  eth0  02:00:00:00:00:02  ${NETNS}`,
      'address    10.1.0.5/24   gateway 10.1.0.1  on eth0',
      'address    fd00:1::5/64                    on eth0',
      'route      0.0.0.0/0',
      'route      10.9.0.0/16  via 10.1.0.9',
      'dns        nameserver  10.0.0.10 10.0.0.11',
      'dns        search      pods.local',
      'time       T',
      '',
    ].join('\n'),
  );
});

test('ADD as JSON: what the last plugin said', () => {
  using stage = podsStage();
  stage.answer('b', 'ADD', JSON.stringify({ ...second, more: true }));
  const { stdout } = stage.run('add', 'pods', NETNS, ...ID, '--json');
  expect(JSON.parse(stdout)).toEqual({ ...second, more: true });
});

test('ADD is remembered, and not repeated without a DEL', () => {
  using stage = podsStage();
  stage.run('add', 'pods', NETNS, ...ID);
  expect(JSON.parse(stage.cached('pods-c1-eth0') ?? '')).toEqual({
    kind: 'cniCacheV1',
    containerId: 'c1',
    config: Buffer.from(readText(`${stage.confDir}/10-pods.conflist`)).toString('base64'),
    ifName: 'eth0',
    networkName: 'pods',
    netns: NETNS,
    result: second,
  });
  stage.calls();
  const { status, stderr } = stage.run('add', 'pods', NETNS, ...ID);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^cnictl: eth0 of c1 is attached to pods already: .*results\/pods-c1-eth0 \(code 100\)\n/);
  expect(stderr).toContain(`  to detach it: cnictl del pods ${NETNS} --container-id c1 --conf-dir ${stage.confDir}`);
  expect(stage.calls()).toEqual([]);
});

test('ADD ends at the first plugin that fails, takes nothing back and says how to', () => {
  using stage = podsStage();
  stage.answer('a', 'ADD', JSON.stringify({ code: 107, msg: 'no address left', details: 'one\ntwo' }), { status: 1 });
  const { status, stdout, stderr } = stage.run('add', 'pods', NETNS, '--args', 'A=1;B=it is');
  expect([status, stdout]).toEqual([1, '']);
  const places = `--conf-dir ${stage.confDir} --bin-dir ${stage.binDir} --cache-dir ${stage.cacheDir}`;
  expect(stderr).toBe(
    [
      'cnictl: plugin a ADD: no address left (code 107)',
      '  one',
      '  two',
      `  to remove what was made: cnictl del pods ${NETNS} --args 'A=1;B=it is' ${places}`,
      '',
    ].join('\n'),
  );
  expect(stage.calls().map(({ type, verb }) => [type, verb])).toEqual([['a', 'ADD']]);
});

test('an error as JSON has the plugin’s code', () => {
  using stage = podsStage();
  stage.answer('a', 'ADD', '{"code":11,"msg":"later"}', { status: 1 });
  const { stdout } = stage.run('add', 'pods', NETNS, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ code: 11, msg: 'plugin a ADD: later' });
});

test.each<[string, string, { status?: number; stderr?: string }, string]>([
  ['ends without an error object', 'panic', { status: 2 }, 'plugin a ADD: exit status 2 and no error object on stdout'],
  ['answers with nothing', '', {}, 'result of plugin a: empty'],
  ['answers with something else', '[]', {}, 'result of plugin a: expected object (got [])'],
  ['answers in another version', '{"cniVersion":"0.2.0"}', {}, 'result of plugin a.cniVersion: a result of "0.2.0"'],
  ['gives a wrong address', '{"ips":[{"address":"10.0.0.1"}]}', {}, 'result of plugin a.ips[0].address: "10.0.0.1" is'],
])('a plugin that %s', (_, stdout, how, message) => {
  using stage = podsStage();
  stage.answer('a', 'ADD', stdout, how);
  const { status, stderr } = stage.run('add', 'pods', NETNS);
  expect(status).toBe(1);
  expect(stderr).toContain(`cnictl: ${message}`);
});

test('a plugin that is not there, before any is called', () => {
  using stage = new Stage();
  stage.configure('10.conflist', { cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'none' }] });
  const { status, stderr } = stage.run('add', 'pods', NETNS);
  expect(status).toBe(1);
  expect(stderr).toBe(`cnictl: find plugin "none" on CNI_PATH: not in ${stage.binDir} (code 120)\n`);
});

test('stderr of a plugin is passed on', () => {
  using stage = podsStage();
  stage.answer('a', 'ADD', JSON.stringify(first), { stderr: 'careful\n' });
  expect(stage.run('add', 'pods', NETNS).stderr).toBe('careful\n');
});

test('capabilities go to the plugins that declare them', () => {
  const plugins = [
    { type: 'a', capabilities: { bandwidth: true, ips: false } },
    { type: 'b', capabilities: { ips: true, mac: true } },
  ];
  using stage = podsStage({ plugins });
  const env = { CAP_ARGS: '{"bandwidth":{"ingressRate":1},"ips":["10.0.0.1"]}' };
  stage.runWith(env, 'add', 'pods', NETNS, ...ID, '--capability', 'ips=["10.0.0.2/24"]', '--capability=x=1');
  const [a, b] = stage.calls();
  expect(a?.stdin['runtimeConfig']).toEqual({ bandwidth: { ingressRate: 1 } });
  expect(b?.stdin['runtimeConfig']).toEqual({ ips: ['10.0.0.2/24'] });
  expect(JSON.parse(stage.cached('pods-c1-eth0') ?? '')).toMatchObject({
    capabilityArgs: { bandwidth: { ingressRate: 1 }, ips: ['10.0.0.2/24'], x: 1 },
  });
});

test('the environment says what the command line does not', () => {
  using stage = podsStage();
  const env = {
    NETCONFPATH: stage.confDir,
    CNI_PATH: `/none:${stage.binDir}`,
    CNI_IFNAME: 'net7',
    CNI_ARGS: 'IP=10.0.0.1;K=',
    PATH: '/bin',
  };
  const outcome = runFree(env, 'add', 'pods', NETNS, ...ID, '--cache-dir', stage.cacheDir);
  expect(outcome).toMatchObject({ status: 0, stderr: '' });
  expect(stage.calls()[0]?.env).toMatchObject({
    CNI_PATH: `/none:${stage.binDir}`,
    CNI_IFNAME: 'net7',
    CNI_ARGS: 'IP=10.0.0.1;K=',
  });
});

test('several directories of plugins, the first that has one', () => {
  using stage = podsStage();
  const other = new Stage();
  other.plugin('b', { ADD: second });
  stage.run('add', 'pods', NETNS, '--bin-dir', '/none', '--bin-dir', `${other.binDir}:`);
  expect([stage.calls().length, other.calls().length]).toEqual([1, 1]);
  other[Symbol.dispose]();
});

test('a namespace by its name has to be there for ADD', () => {
  using stage = podsStage();
  expect(stage.run('add', 'pods', 'cnictl-gone').stderr).toBe(
    'cnictl: find namespace "cnictl-gone": there is no /run/netns/cnictl-gone (code 4)\n' +
      '  to make it: ip netns add cnictl-gone\n',
  );
  expect(stage.calls()).toEqual([]);
});

test('a network before 0.3.0 in a file of its own', () => {
  using stage = new Stage();
  stage.plugin('a', { ADD: { cniVersion: '0.2.0', ip4: { ip: '10.0.0.5/24', routes: [{ dst: '0.0.0.0/0' }] } } });
  stage.configure('10.conf', { cniVersion: '0.2.0', name: 'old', type: 'a' });
  expect(stage.run('add', 'old', NETNS, ...ID).stdout).toMatch(/^address {2}10.0.0.5\/24\nroute {4}0.0.0.0\/0\ntime/);
  const { config } = JSON.parse(stage.cached('old-c1-eth0') ?? '');
  expect(JSON.parse(Buffer.from(config, 'base64').toString())).toMatchObject({ plugins: [{ type: 'a', name: 'old' }] });
});
