import { parseCidr } from '@cni/ip';
import * as sys from '@cni/sys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { definePlugin, execute, type PluginDefinition } from './index.ts';

let directory: string;
beforeEach(() => {
  directory = `/tmp/cni-skel-${sys.randomHex(6)}`;
  sys.makeDirectories(directory);
});
afterEach(() => {
  for (const name of sys.listDirectory(directory)) sys.removeIfPresent(`${directory}/${name}`);
  sys.removeDirectoryIfPresent(directory);
});

/** An IPAM plugin that notes its calls, and does what the script says for a verb. */
function install(verbs: Partial<Record<'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS', string>>, name = 'helper'): void {
  const cases = Object.entries(verbs).map(([verb, script]) => `${verb}) ${script};;`);
  const script = `#!/bin/sh\necho "$CNI_COMMAND" >> ${directory}/calls\ncase $CNI_COMMAND in\n${cases.join('\n')}\nesac\n`;
  sys.writeFile(`${directory}/${name}`, script, { permissions: 0o755 });
}

const called = () => (sys.findText(`${directory}/calls`) ?? '').split('\n').filter((line) => line !== '');

const answers = (result: object) => `echo '${JSON.stringify(result)}'`;
const refuses = (code: number, msg: string) => `${answers({ code, msg })}; exit 1`;
const addressed = { ips: [{ address: '10.1.2.3/8', gateway: '10.0.0.1', zip: 1 }], dns: { domain: 'a' } };

type Parts = Partial<PluginDefinition<object>>;

function run(verb: string, parts: Parts = {}, config: object = {}) {
  const plugin = definePlugin({
    name: 'x',
    about: 'x asks its IPAM',
    config: z.object({}),
    add: ({ ipam }) => ipam?.add() ?? {},
    del: ({ ipam }) => ipam?.del(),
    check: ({ ipam }) => ipam?.check(),
    ...parts,
  });
  const env = {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: 'id',
    CNI_NETNS: '/proc/self/ns/net',
    CNI_NETNS_OVERRIDE: '1',
    CNI_IFNAME: 'eth0',
    CNI_PATH: directory,
  };
  const stdin = JSON.stringify({ cniVersion: '1.1.0', name: 'net', ipam: { type: 'helper' }, ...config });
  const { status, stdout, stderr } = execute(plugin, { env, stdin });
  return { status, stderr, stdout: stdout === '' ? undefined : JSON.parse(stdout) };
}

test('a result, in the version of the request', () => {
  install({ ADD: answers(addressed) });
  expect(run('ADD')).toEqual({ status: 0, stderr: '', stdout: { cniVersion: '1.1.0', ...addressed } });
  expect(run('ADD', {}, { cniVersion: '0.3.1' }).stdout.ips).toEqual([{ version: '4', ...addressed.ips[0] }]);
  expect(called()).toEqual(['ADD', 'ADD']);
});

test('a result of null is one with nothing in it', () => {
  install({ ADD: 'echo null' });
  expect(run('ADD').stdout).toEqual({ cniVersion: '1.1.0' });
});

test.each([
  ['nothing', ':', 121, 'result of plugin helper: empty'],
  ['no JSON', 'echo hello', 121, 'result of plugin helper: not JSON'],
  ['a wrong value', answers({ ips: 1 }), 121, 'result of plugin helper.ips: expected array (got 1)'],
  [
    'another generation',
    answers({ cniVersion: '0.2.0' }),
    1,
    'result of plugin helper.cniVersion: a result of "0.2.0" cannot be used in a request of "1.1.0"',
  ],
  ['a refusal', refuses(107, 'pool is full'), 107, 'pool is full'],
])('%s from ADD: an error, and a DEL', (_, script, code, msg) => {
  install({ ADD: script });
  expect(run('ADD').stdout).toMatchObject({ code, msg });
  expect(called()).toEqual(['ADD', 'DEL']);
});

test.each([
  [108, 'container c1 has 10.1.0.2 already'],
  [999, '10.1.0.2 has been allocated to c1, duplicate allocation is not allowed'],
])('a repeated ADD (%i) releases nothing that the first one holds', (code, msg) => {
  install({ ADD: refuses(code, msg) });
  expect(run('ADD').stdout).toMatchObject({ code, msg });
  expect(called()).toEqual(['ADD']);
});

test('a DEL that fails too is told of, and not twice the same', () => {
  install({ ADD: refuses(107, 'full'), DEL: refuses(5, 'disk') });
  expect(run('ADD').stdout).toEqual({
    cniVersion: '1.1.0',
    code: 107,
    msg: 'full',
    details: 'undo: release the addresses: disk',
  });
  install({ ADD: refuses(5, 'disk'), DEL: refuses(5, 'disk') });
  expect(run('ADD').stdout).toEqual({ cniVersion: '1.1.0', code: 5, msg: 'disk' });
});

test.each<[string, Parts['add'], string[]]>([
  [
    'an ADD that fails later',
    ({ ipam }) => {
      ipam?.add();
      throw new Error('later');
    },
    ['ADD', 'DEL'],
  ],
  [
    'a plugin that defers the release itself',
    ({ ipam, undo }) => {
      ipam?.add();
      undo.defer('release', () => ipam?.del());
      throw new Error('later');
    },
    ['ADD', 'DEL'],
  ],
  [
    'a plugin that has released already',
    ({ ipam }) => {
      ipam?.add();
      ipam?.del();
      throw new Error('later');
    },
    ['ADD', 'DEL'],
  ],
  [
    'an ADD that never came to it',
    () => {
      throw new Error('later');
    },
    [],
  ],
])('addresses are released once: %s', (_, add, calls) => {
  install({ ADD: answers(addressed) });
  expect(run('ADD', { add } as Parts).stdout).toEqual({ cniVersion: '1.1.0', code: 999, msg: 'later' });
  expect(called()).toEqual(calls);
});

test.each(['GC', 'STATUS'] as const)('%s is forwarded where the plugin has none of its own', (verb) => {
  install({ [verb]: refuses(51, 'no disk') });
  expect(run(verb).stdout).toMatchObject({ code: 51, msg: 'no disk' });
  expect(run(verb, { [verb.toLowerCase()]: () => {} }).status).toBe(0);
  expect(run(verb, {}, { ipam: {} }).status).toBe(0);
  expect(called()).toEqual([verb]);
});

test.each(['DEL', 'CHECK'] as const)('%s by the plugin', (verb) => {
  install({ [verb]: `echo heard >&2; ${refuses(11, 'later')}` });
  expect(run(verb)).toEqual({ status: 1, stderr: 'heard\n', stdout: { cniVersion: '1.1.0', code: 11, msg: 'later' } });
});

test.each([[{ role: 'ipam' as const }], [{ name: 'helper' }]])('an IPAM plugin never calls itself: %j', (parts) => {
  install({ ADD: answers(addressed) });
  const add = () => ({ ips: [{ address: parseCidr('10.0.0.1/8') }] });
  for (const verb of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) expect(run(verb, { ...parts, add }).status).toBe(0);
  expect(called()).toEqual([]);
});

test('one that is not installed', () => {
  const msg = `find plugin "helper" on CNI_PATH: not in ${directory}`;
  for (const verb of ['ADD', 'DEL', 'STATUS']) {
    expect(run(verb).stdout).toEqual({ cniVersion: '1.1.0', code: 120, msg });
  }
});
