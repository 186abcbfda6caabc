import { expect, test } from 'vitest';
import { runFree, Stage } from './testing/stage.ts';

const ipam = { type: 'host-local', subnet: '10.0.0.0/24' };
const good = { cniVersion: '1.1.0', name: 'pods', plugins: [{ type: 'ipvlan', master: 'eth0', ipam }] };

/** What lint says of a conflist, without the file and the tally. */
function lint(document: object | string, name = 'pods.conflist'): string[] {
  using stage = new Stage();
  const path = stage.configure(name, document);
  const { status, stdout, stderr } = runFree({}, 'lint', path);
  const lines = stdout.trimEnd().split('\n');
  expect(stderr).toBe('');
  expect(status).toBe(lines.some((line) => line.startsWith(`${path}: error: `)) ? 1 : 0);
  return lines.map((line) => line.replace(`${path}: `, ''));
}

const one = (plugin: object) => lint({ ...good, plugins: [plugin] });

test('nothing wrong', () => {
  expect(lint(good)).toEqual(['nothing wrong']);
});

test("coordinator's keys in any letter case, and a wrong one", () => {
  const spiderpool = {
    type: 'coordinator',
    txQueueLen: 0,
    tunePodRoutes: true,
    mode: 'auto',
    podDefaultRouteNIC: 'net1',
  };
  expect(one(spiderpool)).toEqual(['nothing wrong']);
  expect(one({ ...spiderpool, HijackCidr: ['10'], hijack: [] })).toEqual([
    'error: plugins[0].hijackCIDR[0]: "10" is not an IP address (got "10")',
    'warning: plugins[0].hijack: unknown key `hijack`, it has no effect',
    '1 error, 1 warning',
  ]);
});

test('plugins of others pass, whatever they say', () => {
  const others = ['bridge', 'vlan', 'macvlan', 'tuning'].map((type) => ({ type, matser: 1, ipam: { type: 'static' } }));
  expect(lint({ ...good, plugins: others })).toEqual(['nothing wrong']);
});

test.each<[string, object, string]>([
  ['a value', { type: 'ipvlan', mode: 'l4' }, 'plugins[0].mode: expected one of "l2", "l3", "l3s" (got "l4")'],
  ['a number', { type: 'ipvlan', mtu: 10 }, 'plugins[0].mtu: expected a number of at least 68 (got 10)'],
  ['dns', { type: 'ipvlan', dns: { nameservers: 'x' } }, 'plugins[0].dns.nameservers: expected array (got "x")'],
  ['args', { type: 'ipvlan', args: { cni: 1 } }, 'plugins[0].args.cni: expected object (got 1)'],
  ['a log', { type: 'ipvlan', logFile: 'x' }, 'plugins[0].logFile: expected an absolute path (got "x")'],
  [
    'an address',
    { type: 'bridge', ipam: { type: 'host-local', ranges: [[{ subnet: '10.0.0.0/33' }]] } },
    'plugins[0].ipam.ranges[0][0].subnet: "10.0.0.0/33" has a prefix longer than 32 bits (got "10.0.0.0/33")',
  ],
  ['a type', { type: 'a/b' }, 'plugins[0].type: expected the name of a plugin, not a path (got "a/b")'],
])('an error: %s', (_, plugin, message) => {
  expect(one(plugin)).toEqual([`error: ${message}`, '1 error, 0 warnings']);
});

test.each<[string, object, string]>([
  ['a misspelled key', { type: 'ipvlan', matser: 'x' }, '.matser: unknown key `matser`, did you mean `master`?'],
  ['a key that nothing reads', { type: 'ipvlan', colour: 1 }, '.colour: unknown key `colour`, it has no effect'],
  [
    'a misspelled key deep down',
    { type: 'bridge', ipam: { type: 'host-local', ranges: [[{ subnet: '10.0.0.0/24', rangStart: '10.0.0.5' }]] } },
    '.ipam.ranges[0][0].rangStart: unknown key `rangStart`, did you mean `rangeStart`?',
  ],
  [
    'a misspelled capability',
    { type: 'ipvlan', capabilities: { ipRange: true, other: true }, ipam },
    '.capabilities.ipRange: unknown capability `ipRange`, did you mean `ipRanges`?',
  ],
  ['a misspelled type', { type: 'ipvaln' }, '.type: did you mean `ipvlan`? (got "ipvaln")'],
  ['a misspelled IPAM type', { type: 'x', ipam: { type: 'hostlocal' } }, '.ipam.type: did you mean `host-local`? (got'],
])('a warning: %s', (_, plugin, message) => {
  const lines = one(plugin);
  expect(lines[0]).toContain(`warning: plugins[0]${message}`);
  expect(lines.slice(1)).toEqual(['0 errors, 1 warning']);
});

test.each<[string, object, string]>([
  ['no version', { ...good, cniVersion: undefined }, 'warning: cniVersion: absent means 0.1.0; the newest is 1.1.0'],
  ['a version that is none', { ...good, cniVersion: '1.2' }, 'error: cniVersion: expected one of 0.1.0, 0.2.0, 0.3.0'],
  ['no name', { ...good, name: undefined }, 'error: name: required'],
  ['no plugins', { ...good, plugins: undefined }, 'error: plugins: required'],
  [
    'a misspelled key',
    { ...good, disableGc: true },
    'warning: disableGc: unknown key `disableGc`, did you mean `disabl',
  ],
  ['a list', [], 'error: expected an object'],
])('a conflist: %s', (_, document, message) => {
  expect(lint(document)[0]).toContain(message);
});

test('what is no JSON: where', () => {
  const [line] = lint('{"name":"x",}');
  expect(line).toMatch(/^error: the file: not JSON: SyntaxError: .*JSON/);
});

test('all that is wrong at once, also where the conflist as a whole is refused', () => {
  const plugins = [{ type: 'ipvlan', mode: 'l4', mtu: 1 }, { type: '' }];
  expect(lint({ ...good, name: '-', plugins }).length).toBe(5);
});

test('a file of a single plugin, and files beside a conflist', () => {
  expect(lint({ name: 'old', type: 'ipvlan', mode: 1 }, 'old.conf')[0]).toBe(
    'error: mode: expected one of "l2", "l3", "l3s" (got 1)',
  );
  using stage = new Stage();
  const path = stage.configure('pods.conflist', { cniVersion: '1.1.0', name: 'pods' });
  const beside = stage.configure('pods/10.conf', { type: 'ipvlan', mode: 1 });
  expect(runFree({}, 'lint', path).stdout).toBe(
    `${beside}: error: mode: expected one of "l2", "l3", "l3s" (got 1)\n1 error, 0 warnings\n`,
  );
});

test('several files, as JSON', () => {
  using stage = new Stage();
  const path = stage.configure('a.conflist', good);
  const { status, stdout } = runFree({}, 'lint', '--json', path, '/none/x.conflist');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toEqual([
    { file: '/none/x.conflist', severity: 'error', message: 'open /none/x.conflist: ENOENT' },
  ]);
});
