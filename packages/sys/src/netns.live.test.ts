import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Netns, openNetns, openSocket, ownNetns, randomHex, readSysctl, writeSysctls } from './index.ts';

const name = `cni-sys-${randomHex(4)}`;
let pod: Netns;
beforeAll(() => {
  execFileSync('ip', ['netns', 'add', name]);
  pod = openNetns(`/var/run/netns/${name}`);
});
afterAll(() => {
  pod.close();
  execFileSync('ip', ['netns', 'del', name]);
});

test('two names of one namespace have one id', () => {
  const again = openNetns(`/var/run/netns/${name}`);
  expect(again.id).toBe(pod.id);
  again.close();
});

test('a file that is no namespace', () => {
  expect(() => openNetns('/etc/passwd')).toThrow('open namespace /etc/passwd, which is none: EINVAL');
});

test('a sysctl set in the pod alone', () => {
  const before = readSysctl('net.ipv4.ip_forward');
  const other = before === '0' ? '1' : '0';
  writeSysctls({ 'net.ipv4.ip_forward': other }, pod);
  expect(readSysctl('net.ipv4.ip_forward', pod)).toBe(other);
  expect(readSysctl('net.ipv4.ip_forward')).toBe(before);
});

test('a socket opened in the pod, and the process back in its own namespace', () => {
  const own = ownNetns();
  const AF_NETLINK = 16;
  const SOCK_RAW = 3;
  const socket = openSocket('rtnetlink', AF_NETLINK, SOCK_RAW, 0, pod);
  socket.setTimeout(20);
  expect(() => socket.receive(new Uint8Array(16))).toThrow('receive on rtnetlink socket: EAGAIN');
  socket.close();
  const after = ownNetns();
  expect(after.id).toBe(own.id);
  own.close();
  after.close();
});
