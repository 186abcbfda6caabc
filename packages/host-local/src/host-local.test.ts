import { lockFile, makeDirectories, pid, removeIfPresent, writeFile } from '@cni/sys';
import { expect, test } from 'vitest';
import { Node } from './testing/plugin.ts';

const dual = { ranges: [[{ subnet: '10.1.0.0/29' }], [{ subnet: 'fd00:1::/64' }]] };

test('addresses are handed out in turn, and files are the reference plugin’s', () => {
  using node = new Node(dual);
  expect(node.add({ id: 'a' })).toEqual(['10.1.0.2/29', 'fd00:1::2/64']);
  expect(node.add({ id: 'a', ifName: 'net1' })).toEqual(['10.1.0.3/29', 'fd00:1::3/64']);
  expect(node.files()).toEqual({
    '10.1.0.2': 'a\r\neth0',
    '10.1.0.3': 'a\r\nnet1',
    'fd00:1::2': 'a\r\neth0',
    'fd00:1::3': 'a\r\nnet1',
    'last_reserved_ip.0': '10.1.0.3',
    'last_reserved_ip.1': 'fd00:1::3',
  });
});

test('a freed address waits for its turn', () => {
  using node = new Node({ subnet: '10.1.0.0/29' });
  node.add({ id: 'a' });
  expect(node.say('DEL', { id: 'a' })).toBe('');
  expect(['b', 'c', 'd', 'e', 'f'].map((id) => node.add({ id })?.[0])).toEqual(
    ['3', '4', '5', '6', '2'].map((last) => `10.1.0.${last}/29`),
  );
  expect(node.add({ id: 'g' })).toBe('107 no address is left in range set 0 (10.1.0.1-10.1.0.6)');
});

test('an address that was asked for moves the cursor', () => {
  using node = new Node();
  node.add({ id: 'a', args: 'IP=10.1.0.100' });
  expect(node.add({ id: 'b' })).toEqual(['10.1.0.101/24']);
  expect(node.add({ id: 'c', args: 'IP=10.1.0.100' })).toBe('104 CNI_ARGS IP: 10.1.0.100 is in use');
});

test.each([
  ['plain', {}],
  ['with a wish', { args: 'IP=10.1.0.5' }],
])('a repeated ADD is refused and leaves the live addresses alone: %s', (_, request) => {
  using node = new Node(dual);
  node.add();
  const before = node.files();
  expect(node.add(request)).toContain('duplicate allocation is not allowed');
  expect(node.files()).toEqual(before);
  expect(node.say('CHECK')).toBe('');
});

test('when one family is full the other is not touched', () => {
  using node = new Node({ ranges: [[{ subnet: 'fd00:1::/64' }], [{ subnet: '10.1.0.0/30' }]] });
  node.add({ id: 'a' });
  const before = node.files();
  expect(node.add({ id: 'b' })).toBe('107 no address is left in range set 1 (10.1.0.1-10.1.0.2)');
  expect(node.files()).toEqual(before);
});

test('DEL frees this attachment and no other, any number of times', () => {
  using node = new Node(dual);
  node.add({ id: 'a' });
  node.add({ id: 'a', ifName: 'net1' });
  node.add({ id: 'ab' });
  expect([node.say('DEL'), node.say('DEL')]).toEqual(['', '']);
  expect(Object.values(node.held())).toEqual(['a\r\nnet1', 'ab\r\neth0', 'a\r\nnet1', 'ab\r\neth0']);
});

test('DEL where nothing ever was makes nothing', () => {
  using node = new Node();
  expect(node.say('DEL')).toBe('');
  expect(node.isUntouched()).toBe(true);
});

test.each<[string, object]>([
  ['no ipam but the directory', { ranges: undefined }],
  ['wrong ranges', { ranges: [[{ subnet: 7 }]] }],
  ['a wrong timeout', { lockTimeout: 'soon' }],
])('DEL needs only the directory: %s', (_, ipam) => {
  using node = new Node(dual);
  node.add();
  expect(node.say('DEL', { ipam, args: 'nonsense' })).toBe('');
  expect(node.held()).toEqual({});
});

test('CHECK wants an address of every set', () => {
  using node = new Node(dual);
  expect(node.say('CHECK')).toContain('109 an address of range set 0 (10.1.0.1-10.1.0.6) is not reserved for a eth0');
  node.add();
  expect(node.say('CHECK')).toBe('');
  removeIfPresent(node.path('fd00:1::2'));
  expect(node.say('CHECK')).toContain('109 an address of range set 1 (fd00:1::1-');
});

test('CHECK wants the addresses of the result', () => {
  using node = new Node(dual);
  node.add();
  const prevResult = { cniVersion: '1.1.0', ips: [{ address: '10.1.0.3/29' }, { address: '192.0.2.1/24' }] };
  expect(node.say('CHECK', { config: { prevResult } })).toBe('109 10.1.0.3 is not reserved for a eth0');
});

test('a container whose id looks like an address', () => {
  using node = new Node({ subnet: '10.1.0.0/24' });
  const id = '10.1.0.2';
  node.add({ id });
  removeIfPresent(node.path('10.1.0.2'));
  expect(node.say('CHECK', { id })).toContain('109');
  node.say('DEL', { id });
  expect(node.files()).toEqual({ 'last_reserved_ip.0': '10.1.0.2' });
});

test('a record of the container alone belongs to any of its interfaces', () => {
  using node = new Node();
  makeDirectories(node.path(''));
  writeFile(node.path('10.1.0.9'), ' old\n');
  expect(node.add({ id: 'old', ifName: 'eth1' })).toContain('108 10.1.0.9 has been allocated to old');
  expect(node.say('CHECK', { id: 'old' })).toBe('');
  expect(node.say('DEL', { id: 'old', ifName: 'eth0' })).toBe('');
  expect(node.held()).toEqual({});
});

test('GC frees what is not listed, and only that', () => {
  using node = new Node(dual);
  for (const id of ['a', 'b', 'c', '10.1.0.2']) node.add({ id });
  makeDirectories(`${node.dataDir}/other`);
  writeFile(`${node.dataDir}/other/10.1.0.2`, 'gone\r\neth0');
  const valid = [
    { containerID: 'b', ifname: 'eth0' },
    { containerID: 'c', ifname: 'net1' },
  ];
  expect(node.say('GC', { config: { 'cni.dev/valid-attachments': valid } })).toBe('');
  expect(Object.values(node.held())).toEqual(['b\r\neth0', 'b\r\neth0']);
  expect(node.say('CHECK', { id: 'b' })).toBe('');
  expect(node.add({ id: 'c' })).toEqual(['10.1.0.6/29', 'fd00:1::6/64']);
  expect(node.say('GC')).toBe('');
  expect(node.held()).toEqual({});
});

test('STATUS: ready, exhausted, unusable', () => {
  using node = new Node({ subnet: '10.1.0.0/30' });
  expect(node.say('STATUS')).toBe('');
  node.add();
  expect(node.say('STATUS')).toBe('51 no address is left in range set 0 (10.1.0.1-10.1.0.2)');
  writeFile(`${node.dataDir}/file`, '');
  const ipam = { dataDir: `${node.dataDir}/file`, subnet: '10.1.0.0/30' };
  expect(node.say('STATUS', { ipam })).toBe(
    `50 use the store: make directory ${node.dataDir}/file/.host-local: ENOTDIR`,
  );
  expect(node.say('STATUS', { ipam: { subnet: '10.1.0.0/33' } })).toContain('7 ipam.subnet');
});

test('STATUS with ranges that only the runtime knows', () => {
  using node = new Node({});
  expect(node.say('STATUS')).toBe('');
});

test('a lock that somebody else holds', () => {
  using node = new Node({ subnet: '10.1.0.0/24', lockTimeout: 0.05 });
  node.add();
  const lock = lockFile(node.path('lock'), 0);
  for (const command of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) {
    expect(node.say(command)).toBe(`11 lock ${node.path('lock')}, held by pid ${pid()}, for 50 ms: EAGAIN`);
  }
  lock.release();
  expect(node.say('DEL')).toBe('');
});
