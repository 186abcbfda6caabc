import { hostLocal } from '@cni/plugin-host-local';
import { execute } from '@cni/skel';
import { listDirectory, readText, removeIfPresent, writeFile } from '@cni/sys';
import { expect, test } from 'vitest';
import { describeAge } from './ipam.ts';
import { GONE, NETNS } from './testing/pods.ts';
import { Stage } from './testing/stage.ts';

/** A network whose addresses are host-local's; `alive` and `dead` are remembered, `nobody` is not. */
class Node extends Stage {
  readonly dataDir: string = `${this.path}/addresses`;

  constructor() {
    super();
    const ipam = { type: 'host-local', dataDir: this.dataDir, subnet: '10.1.0.0/24' };
    this.configure('10-pods.conflist', { cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'ipvlan', ipam }] });
    for (const [id, netns] of [
      ['alive', NETNS],
      ['dead', GONE],
      ['nobody', ''],
    ] as const) {
      this.hostLocal('ADD', id, ipam);
      const attachment = { kind: 'cniCacheV1', containerId: id, ifName: 'eth0', networkName: 'pods', netns };
      if (netns !== '') this.cache(`pods-${id}-eth0`, attachment);
    }
  }

  hostLocal(verb: string, id: string, ipam: object): void {
    const env = {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: id,
      CNI_IFNAME: 'eth0',
      CNI_NETNS: GONE,
      CNI_PATH: '/opt/cni/bin',
    };
    const stdin = JSON.stringify({ cniVersion: '1.0.0', name: 'pods', type: 'ipvlan', ipam });
    expect(execute(hostLocal, { env, stdin })).toMatchObject({ status: 0 });
  }

  held(): string[] {
    return listDirectory(`${this.dataDir}/pods`)
      .filter((name) => name.startsWith('10.'))
      .sort();
  }
}

const lines = (stdout: string) => stdout.replace(/ since \S+ /g, ' since T ').replace(/^time .*\n/m, '');

test('ls: who holds what since when', () => {
  using node = new Node();
  const { status, stdout } = node.run('ipam', 'ls', 'pods');
  expect([status, lines(stdout).replace(/\d+ seconds?/g, 'AGE')]).toEqual([
    0,
    [
      'address  10.1.0.2  alive/eth0   since T  AGE',
      'address  10.1.0.3  dead/eth0    since T  AGE',
      'address  10.1.0.4  nobody/eth0  since T  AGE',
      'network  pods  3 addresses held\n',
    ].join('\n'),
  ]);
});

test('ls as JSON', () => {
  using node = new Node();
  const [first, ...more] = JSON.parse(node.run('ipam', 'ls', 'pods', '--json').stdout);
  expect(more).toHaveLength(2);
  const { ageSeconds, since, ...rest } = first;
  expect(rest).toEqual({ address: '10.1.0.2', containerID: 'alive', ifname: 'eth0', earlierBoot: false });
  expect(since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(ageSeconds).toBeLessThan(60);
});

test('check: attachments that nobody remembers or whose namespace is gone, and damage', () => {
  using node = new Node();
  writeFile(`${node.dataDir}/pods/10.1.0.9`, '');
  const { status, stdout } = node.run('ipam', 'check', 'pods');
  expect([status, lines(stdout)]).toEqual([
    1,
    [
      `leak     10.1.0.3  dead/eth0    its namespace is gone: ${GONE}`,
      'leak     10.1.0.4  nobody/eth0  its attachment is not in the cache',
      `odd      ${node.dataDir}/pods/10.1.0.9  empty, left by a crash`,
      'network  pods  3 held, 2 leaked, 1 odd\n',
    ].join('\n'),
  ]);
  const { leaks, oddities } = JSON.parse(node.run('ipam', 'check', 'pods', '--json').stdout);
  expect(leaks.map(({ address }: { address: string }) => address)).toEqual(['10.1.0.3', '10.1.0.4']);
  expect(oddities).toHaveLength(1);
  expect(node.held()).toContain('10.1.0.9');
});

test('check doubts a cache in which nothing is remembered', () => {
  using node = new Node();
  expect(node.run('ipam', 'check', 'pods').stdout).not.toContain('note');
  for (const name of listDirectory(`${node.cacheDir}/results`)) removeIfPresent(`${node.cacheDir}/results/${name}`);
  expect(node.run('ipam', 'check', 'pods').stdout).toMatch(
    new RegExp(
      `^note +no attachment of the network is in ${node.cacheDir}: is that the runtime's --cache-dir\\?$`,
      'm',
    ),
  );
  const document = JSON.parse(node.run('ipam', 'check', 'pods', '--json').stdout);
  expect([document.attached, document.leaks.length]).toEqual([0, 3]);
});

test('check finds nothing where all is well', () => {
  using node = new Node();
  for (const what of ['10.1.0.3', 'nobody/eth0']) expect(node.run('ipam', 'free', 'pods', what).status).toBe(0);
  expect(node.run('ipam', 'check', 'pods')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('network  pods  1 held, 0 leaked, 0 odd\n'),
  });
});

test('check finds what is of an earlier boot', () => {
  using node = new Node();
  const index = `${node.dataDir}/.host-local/pods/index`;
  for (const name of listDirectory(index)) {
    const aged = readText(`${index}/${name}`).replace(/(alive\r\neth0) [0-9a-f]{8}/, '$1 0badb007');
    writeFile(`${index}/${name}`, aged);
  }
  expect(node.run('ipam', 'check', 'pods').stdout).toMatch(
    /^leak +10\.1\.0\.2 +alive\/eth0 +reserved before the last boot$/m,
  );
  expect(node.run('ipam', 'ls', 'pods').stdout).toMatch(/^address +10\.1\.0\.2 .*, before the last boot$/m);
});

test('free says what it freed, and of whom', () => {
  using node = new Node();
  const { status, stdout } = node.run('ipam', 'free', 'pods', 'dead/eth0');
  expect([status, lines(stdout).replace(/\d+ seconds?/g, 'AGE')]).toEqual([
    0,
    'freed  10.1.0.3  dead/eth0  since T  AGE\n',
  ]);
  expect(node.held()).toEqual(['10.1.0.2', '10.1.0.4']);
  expect(lines(node.run('ipam', 'free', 'pods', '10.1.0.2').stdout)).toContain(
    `note   alive/eth0  is still attached, in ${NETNS}\n`,
  );
  expect(JSON.parse(node.run('ipam', 'free', 'pods', '10.1.0.4', '--json').stdout).freed).toHaveLength(1);
  expect(node.held()).toEqual([]);
});

test.each<[string, string[], number, string]>([
  [
    'an address that nobody holds',
    ['free', 'pods', '10.1.0.77'],
    1,
    '10.1.0.77 holds or is no address of pods (code 3)',
  ],
  ['an attachment that holds none', ['free', 'pods', 'alive/net1'], 1, 'alive/net1 holds or is no address of pods'],
  ['nothing to free', ['free', 'pods'], 2, 'expected ipam free NETWORK ADDRESS|ID/IFNAME'],
  ['too much to look at', ['ls', 'pods', 'x'], 2, 'expected ipam ls NETWORK\n'],
  ['neither address nor attachment', ['free', 'pods', 'a/b/c'], 2, 'expected ADDRESS or ID/IFNAME (got "a/b/c")'],
  ['another word', ['list', 'pods'], 2, 'expected ls, free or check (got "list"); did you mean ls?'],
  ['another network', ['ls', 'blue'], 1, 'find network "blue"'],
])('refused: %s', (_, words, status, message) => {
  using node = new Node();
  const ended = node.run('ipam', ...words);
  expect([ended.status, ended.stderr]).toEqual([status, expect.stringContaining(message)]);
  expect(node.held()).toHaveLength(3);
});

test('a network without host-local has no such addresses', () => {
  using stage = new Stage();
  stage.configure('10-pods.conflist', {
    name: 'pods',
    plugins: [{ type: 'ipvlan', ipam: { type: 'dhcp' } }, { type: 'x' }],
  });
  expect(stage.run('ipam', 'ls', 'pods').stderr).toContain(
    'no plugin of pods has its addresses of host-local (code 7)',
  );
});

test.each([
  [-5, '0 seconds'],
  [1000, '1 second'],
  [59_999, '59 seconds'],
  [7_200_000, '2 hours'],
  [90_000_000, '1 day'],
])('%s milliseconds are %s', (milliseconds, text) => expect(describeAge(milliseconds)).toBe(text));
