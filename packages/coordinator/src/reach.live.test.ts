/** Who reaches whom from macvlan pods, before and after coordinator, with nf_tables' marks where the kernel has them. */
import { addSiteServices, closedWays, openWays, SERVICE_CIDRS, type Site, tryWays, WAY_NAMES } from '@cni/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addInterface, addNode, addPod, must, run, type TestNode, type TestPod } from './testing/pods.ts';

let node: TestNode;
let pods: [TestPod, TestPod];

beforeEach(() => {
  node = addNode();
  // Otherwise the node would not even try to send anything to a service.
  for (const router of ['10.9.0.1', 'fd09::1']) run('ip', 'route', 'add', 'default', 'via', router);
  pods = [addPod(), addPod()];
  pods.forEach((pod, at) => {
    addInterface(pod, node, 'eth0', 10 + at);
  });
});

afterEach(() => {
  for (const pod of pods) pod.remove();
  node.remove();
});

const UNAIDED = ['pod → pod', 'pod → outside', 'outside → pod'];
/** Where the answer has to go by the node, which is not to be seen in it. */
const BY_REPLY = ['pod → service on a pod', 'outside → node port on a pod'];
const without = (names: readonly string[]) => WAY_NAMES.filter((name) => !names.includes(name));

function sites(): Site[] {
  const party = ({ path, ips }: TestPod) => ({
    netns: path,
    addresses: ips.map(({ address }) => address.replace(/\/.*/, '')),
  });
  const [one, two] = [party(pods[0]), party(pods[1])];
  const around = {
    node: { netns: `/proc/${process.pid}/ns/net`, addresses: ['10.9.0.2', 'fd09::2'] },
    outside: { netns: node.router.path, addresses: ['10.9.0.1', 'fd09::1'] },
  };
  return [
    { ...around, pod: one, sibling: two },
    { ...around, pod: two, sibling: one },
  ];
}

function expectWays(when: string, open: readonly string[]): void {
  const tried = tryWays(sites(), open);
  expect(
    tried.filter(({ name, faults }) => open.includes(name) && faults.length > 0),
    when,
  ).toEqual([]);
  expect(openWays(tried), when).toEqual(WAY_NAMES.filter((name) => open.includes(name)));
  expect(closedWays(tried), when).toEqual(without(open));
}

test('all ways open with coordinator, those of replies by marks, and close without', () => {
  const [forward, forward6] = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'];
  run('sysctl', '-qw', `${forward}=1`, `${forward6}=1`);
  addSiteServices(sites());
  expectWays('without coordinator', UNAIDED);
  const keys = { serviceCIDR: SERVICE_CIDRS };
  for (const pod of pods) must(pod, 'ADD', keys);
  for (const pod of pods) must(pod, 'CHECK', keys);
  expectWays('with coordinator', WAY_NAMES);
  run('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1');
  expectWays('with a node that looks where packets come from', WAY_NAMES);
  run('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0');
  for (const pod of pods) must(pod, 'ADD', { ...keys, replyViaVeth: false });
  expectWays('without marks', without(BY_REPLY));
  for (const pod of pods) must(pod, 'ADD', keys);
  expectWays('with marks again', WAY_NAMES);
  for (const pod of pods) must(pod, 'DEL', keys);
  expectWays('after DEL', UNAIDED);
});
