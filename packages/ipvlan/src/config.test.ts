import { execute } from '@cni/skel';
import { expect, test } from 'vitest';
import { ipvlan } from './ipvlan.ts';

const env = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c1',
  CNI_IFNAME: 'eth0',
  CNI_NETNS: '/nowhere/netns',
  CNI_PATH: '/nowhere',
};

const add = (keys: object) => {
  const stdin = JSON.stringify({ cniVersion: '1.0.0', name: 'underlay', type: 'ipvlan', ...keys });
  return JSON.parse(execute(ipvlan, { env, stdin }).stdout);
};

test.each([
  ['mode', 'L2'],
  ['mode', 'bridge'],
  ['mode', 2],
  ['flag', 'vepa '],
  ['mtu', 67],
  ['mtu', 1500.5],
  ['mtu', '1500'],
  ['mtu', 65_536],
  ['master', ''],
  ['master', 'a-name-of-16-byt'],
  ['linkInContainer', 'yes'],
  ['dad', 'never'],
])('%s %j is refused by key and value, before anything is done', (key, value) => {
  const { code, msg } = add({ [key]: value });
  expect(code).toBe(7);
  expect(msg).toContain(key);
  expect(msg).toContain(JSON.stringify(value));
});

test('a right configuration gets as far as the namespace', () => {
  expect(add({ master: 'ens192', mode: 'l3s', flag: 'private', mtu: 1400, dad: 'off' })).toMatchObject({
    code: 4,
    msg: expect.stringContaining('/nowhere/netns'),
  });
});
