import { existsSync, readdirSync } from 'node:fs';
import { conformance, type Fixture } from '@cni/testkit';
import { coordinator } from './coordinator.ts';
import { containerMark, hostLinkName } from './owner.ts';
import { addInterface, addNode, addPod, json, run, type TestPod } from './testing/pods.ts';

const config = { type: 'coordinator', serviceCIDR: ['10.96.0.0/12'], txQueueLen: 500, podRPFilter: 2 };

/** What ADD made and is still there, on the node and in the pod; never what was there before. */
function leftovers(pod: TestPod, before: readonly string[]): string[] {
  return stateOf(pod).filter((line) => !before.includes(line));
}

/** As one process for each namespace tells it. */
const STATE = [
  'ip -o link | sed "s/^[0-9]*: \\([^:@]*\\).*qlen \\([0-9]*\\).*/link \\1 \\2/; s/^[0-9]*: \\([^:@]*\\).*/link \\1/"',
  'ip rule',
  'ip -6 rule',
  'ip route show table all',
  'ip -6 route show table all',
  'ip neigh show nud permanent',
  'nft list tables',
  'sysctl net.ipv4.conf.all.rp_filter',
  'sysctl -e net.ipv4.conf.eth0.rp_filter',
].join('; ');

function stateOf(pod: TestPod): string[] {
  const lines = (place: string, text: string) => text.split('\n').map((line) => `${place}: ${line}`);
  const records = '/run/cni/coordinator';
  const own = containerMark('conformance-1');
  return [
    ...lines('node', run('sh', '-c', STATE)),
    ...lines('pod', pod.exec('sh', '-c', STATE)),
    ...(existsSync(records) ? readdirSync(records).filter((name) => name.startsWith(own)) : []),
  ].filter((line) => !/ (multicast|local|anycast|fe80|ff00)|proto ra/.test(line));
}

/** Ways to spoil what ADD made. */
function damages(pod: TestPod): Record<string, () => void> {
  const hostEnd = () => json('link').find(({ ifalias }) => ifalias?.startsWith('cni coordinator'))?.ifname ?? 'none';
  return {
    'veth0 is gone': () => pod.ip('link', 'del', 'veth0'),
    'veth0 is down': () => pod.ip('link', 'set', 'veth0', 'down'),
    'veth0 has another mtu': () => pod.ip('link', 'set', 'veth0', 'mtu', '1400'),
    "the node's end has another MAC address": () => run('ip', 'link', 'set', hostEnd(), 'address', '0a:00:00:00:00:01'),
    'the route to the node is gone': () => pod.ip('route', 'del', '10.9.0.2'),
    'the route to services is gone': () => pod.ip('route', 'del', '10.96.0.0/12'),
    'the neighbour of the node is gone': () => pod.ip('neigh', 'del', 'fd09::2', 'dev', 'veth0'),
    'the neighbour of the pod is another': () =>
      run('ip', 'neigh', 'replace', '10.9.0.10', 'lladdr', '0a:00:00:00:00:02', 'dev', hostEnd(), 'nud', 'permanent'),
    "the node's rule is gone": () => run('ip', 'rule', 'del', 'pref', '1000'),
    "the node's route is gone": () => run('ip', '-6', 'route', 'del', 'fd09::10', 'table', '500'),
    'the rule for replies is gone': () => pod.ip('rule', 'del', 'pref', '1000'),
    'the route for replies is gone': () => pod.ip('-6', 'route', 'del', 'default', 'table', '100'),
    'the marking is gone': () => pod.exec('nft', 'delete', 'table', 'inet', 'cni-coordinator'),
    'the marking was changed': () => pod.exec('nft', 'flush', 'chain', 'inet', 'cni-coordinator', 'output'),
    'another rp_filter': () => void pod.exec('sysctl', '-w', 'net.ipv4.conf.all.rp_filter=1'),
    'another txqueuelen': () => pod.ip('link', 'set', 'eth0', 'txqueuelen', '1000'),
  };
}

const fixture: Fixture = {
  role: 'chained',
  wrongKeys: { harmless: { mode: 'tunnel', hijackCIDR: ['everything'] } },
  prepare() {
    const node = addNode();
    const pod = addPod();
    addInterface(pod, node, 'eth0', 10);
    const before = stateOf(pod);
    return {
      netns: pod.path,
      config,
      prevResult: (version) => {
        if (['0.1.0', '0.2.0'].includes(version))
          return { cniVersion: version, ip4: { ip: '10.9.0.10/24' }, ip6: { ip: 'fd09::10/64' } };
        const { interfaces } = pod;
        const versioned = (one: { address: string }) =>
          version.startsWith('0') ? { version: one.address.includes(':') ? '6' : '4', ...one } : one;
        return { cniVersion: version, interfaces, ips: pod.ips.map(versioned) };
      },
      leftovers: () => leftovers(pod, before),
      takeName: () => run('ip', 'link', 'add', hostLinkName(pod.name), 'type', 'ifb'),
      damages: damages(pod),
      remove() {
        pod.remove();
        node.remove();
      },
    };
  },
};

conformance(coordinator, fixture);
