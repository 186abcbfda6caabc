import { randomHex } from '@cni/sys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addInterface, addNode, addPod, ask, batch, must, run, type TestNode, type TestPod } from './testing/pods.ts';

const NET1 = { CNI_IFNAME: 'net1' };
let node: TestNode;
let pod: TestPod;
/** The node's end of eth0. */
let end: string;

/** As another CNI makes its pods: eth0 is a veth, with one address and all else by the node. */
beforeEach(() => {
  node = addNode();
  pod = addPod();
  end = `cali${randomHex(4)}`;
  batch([
    `link add name ${end} type veth peer name eth0 netns ${pod.name}`,
    `link set ${end} up`,
    `route add 10.244.0.7/32 dev ${end}`,
    `route add fd44::7/128 dev ${end}`,
  ]);
  run('sysctl', '-qw', `net.ipv4.conf.${end}.proxy_arp=1`);
  batch(
    [
      'address add 10.244.0.7/32 dev eth0',
      'address add fd44::7/128 dev eth0 nodad',
      'link set eth0 up',
      'route add 169.254.1.1 dev eth0',
      'route add default via 169.254.1.1 dev eth0',
    ],
    pod,
  );
  const [{ address }] = JSON.parse(run('ip', '-j', 'link', 'show', end));
  pod.ip('neigh', 'replace', '169.254.1.1', 'lladdr', address, 'dev', 'eth0', 'nud', 'permanent');
  addInterface(pod, node, 'net1', 11);
});

afterEach(() => {
  must(pod, 'DEL', {}, NET1);
  run('ip', 'link', 'del', end);
  pod.remove();
  node.remove();
});

const answers = (said: string) => expect(said).toContain('1 received');

test('node and pod reach each other by the first interface, at the address of the second', () => {
  expect(() => pod.exec('ping', '-c1', '-W1', '-I', '10.9.0.11', '10.9.0.2')).toThrow('Command failed');
  const { interfaces } = must(pod, 'ADD', { serviceCIDR: ['10.96.0.0/12'] }, NET1);
  expect(interfaces).toEqual(pod.interfaces);
  for (const [source, target] of [
    ['10.9.0.11', '10.9.0.2'],
    ['fd09::11', 'fd09::2'],
    ['10.244.0.7', '10.9.0.2'],
  ] as const)
    answers(pod.exec('ping', '-c1', '-W2', '-I', source, target));
  for (const target of ['10.9.0.11', 'fd09::11', '10.244.0.7']) answers(run('ping', '-c1', '-W2', target));
  answers(pod.exec('ping', '-c1', '-W2', '-I', '10.9.0.11', '10.9.0.1'));
  must(pod, 'CHECK', {}, NET1);
});

test('the default route stays with the first interface, or is moved to the second', () => {
  const defaults = () => pod.ipJson('route', 'show', 'default').map(({ dev }) => dev);
  const wayFrom = (source: string) => pod.ipJson('route', 'get', '198.51.100.1', 'from', source)[0].dev;
  must(pod, 'ADD', {}, NET1);
  expect([defaults(), wayFrom('10.9.0.11'), wayFrom('10.244.0.7')]).toEqual([['eth0'], 'net1', 'eth0']);
  must(pod, 'DEL', {}, NET1);
  pod.ip('route', 'append', 'default', 'via', '10.9.0.1', 'dev', 'net1');
  must(pod, 'ADD', { podDefaultRouteNic: 'net1' }, NET1);
  expect([defaults(), wayFrom('10.9.0.11'), wayFrom('10.244.0.7')]).toEqual([['net1'], 'net1', 'eth0']);
  answers(run('ping', '-c1', '-W2', '10.244.0.7'));
  must(pod, 'CHECK', {}, NET1);
});

test('DEL leaves what the other CNI made, and nothing of ours', () => {
  const words = [['route'], ['rule'], ['-6', 'rule'], ['neigh', 'show', 'nud', 'permanent']];
  const state = () => [...words.map((args) => run('ip', ...args)), ...words.map((args) => pod.ip(...args))];
  // That of the interface that leaves would leave with it.
  pod.ip('route', 'del', 'default', 'dev', 'net1');
  const before = state();
  must(pod, 'ADD', {}, NET1);
  expect(state()).not.toEqual(before);
  must(pod, 'DEL', {}, NET1);
  expect(state()).toEqual(before);
});

test('the first interface has to be a veth', () => {
  pod.ip('link', 'set', 'eth0', 'name', 'eth9');
  addInterface(pod, node, 'eth0', 12);
  const { document } = ask(pod, 'ADD', {}, NET1);
  expect([document.code, document.msg]).toEqual([
    102,
    'mode overlay: eth0 of the pod is macvlan, not a veth: coordinator has to be in its network too, before this one',
  ]);
});
