import { expect, test } from 'vitest';
import { first, ID, NETNS, podsStage } from './testing/pods.ts';
import { runFree } from './testing/stage.ts';

test('--trace shows all that goes in and comes out', () => {
  using stage = podsStage({ plugins: [{ type: 'a' }] });
  stage.answer('a', 'ADD', JSON.stringify(first), { stderr: 'careful\n' });
  const { stderr } = stage.run('add', 'pods', NETNS, ...ID, '--trace');
  expect(stderr.replace(/[\d.]+ ms/, 'T')).toBe(
    [
      `--- ADD a: ${stage.binDir}/a`,
      'environment',
      '  CNI_COMMAND=ADD',
      '  CNI_CONTAINERID=c1',
      `  CNI_NETNS=${NETNS}`,
      '  CNI_IFNAME=eth0',
      '  CNI_ARGS=',
      `  CNI_PATH=${stage.binDir}`,
      'stdin',
      '  {',
      '    "type": "a",',
      '    "name": "pods",',
      '    "cniVersion": "1.0.0"',
      '  }',
      'stdout',
      `  ${JSON.stringify(first)}`,
      'stderr',
      '  careful',
      '--- ADD a: exit status 0 after T',
      '',
      '',
    ].join('\n'),
  );
});

test.each<[string, string[], string]>([
  ['an unknown command', ['ad'], 'cnictl: unknown command "ad"; did you mean add?\nSee: cnictl --help\n'],
  ['a word too few', ['add', 'pods'], 'cnictl: add: expected NETWORK NETNS\nSee: cnictl add --help\n'],
  ['a word too many', ['del', 'a', 'b', 'c'], 'cnictl: del: expected NETWORK [NETNS]\nSee: cnictl del --help\n'],
  ['an option of another command', ['status', 'pods', '--all'], 'cnictl: status: unknown option --all\n'],
  ['a wrong container id', ['add', 'pods', NETNS, '--container-id', '/'], 'cnictl: add: --container-id: "/" is not a '],
  ['a wrong interface', ['add', 'pods', NETNS, '-i', 'a b'], 'cnictl: add: --ifname: "a b" has a slash, a colon or wh'],
  ['wrong arguments', ['add', 'pods', NETNS, '--args', 'x'], 'cnictl: add: CNI arguments: expected KEY=VALUE;KEY=VA'],
  ['a capability without JSON', ['add', 'p', NETNS, '--capability', 'x=y'], 'cnictl: add: --capability x: not JSON: y'],
  [
    'a capability without a value',
    ['add', 'p', NETNS, '--capability', 'x'],
    'cnictl: add: --capability: expected KEY=',
  ],
  ['no container at all', ['del', 'pods'], 'cnictl: del: a namespace or --container-id is needed\n'],
  ['both ways to say what is valid', ['gc', 'pods', '--all', '--valid', 'a/b'], 'cnictl: gc: --all and --valid excl'],
  ['half an attachment', ['gc', 'pods', '--valid', 'a'], 'cnictl: gc: --valid: expected ID/IFNAME (got "a")\n'],
])('%s: exit status 2 and a hint', (_, words, message) => {
  using stage = podsStage();
  const env = { NETCONFPATH: stage.confDir, CNI_PATH: stage.binDir };
  const { status, stdout, stderr } = runFree(env, ...words);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/\nSee: cnictl .*--help\n$/);
  expect(stage.calls()).toEqual([]);
});

test('CAP_ARGS has to be an object', () => {
  expect(runFree({ CAP_ARGS: '[]' }, 'add', 'pods', NETNS)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('CAP_ARGS: expected a JSON object'),
  });
});

test.each([[['--help']], [['-h']], [['help']]])('%j tells of every command', (words) => {
  const { status, stdout, stderr } = runFree({}, ...words);
  expect([status, stderr]).toEqual([0, '']);
  for (const name of ['add', 'check', 'del', 'gc', 'status', 'version', 'lint', 'install'])
    expect(stdout).toContain(`  ${name} `);
});

test('no words at all are a mistake that gets the same help', () => {
  expect(runFree({})).toEqual({ status: 2, stdout: '', stderr: runFree({}, '--help').stdout });
});

test('--version', () => {
  expect(runFree({}, '--version')).toEqual({ status: 0, stdout: 'cnictl unreleased\n', stderr: '' });
});

test.each(['add', 'check', 'del', 'gc', 'status', 'version', 'ipam', 'lint', 'install'])('%s --help', (name) => {
  const { status, stdout, stderr } = runFree({}, name, '--help');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(new RegExp(`^cnictl ${name}: `));
  expect(stdout).toContain(`\nExample: cnictl ${name} `);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
});
