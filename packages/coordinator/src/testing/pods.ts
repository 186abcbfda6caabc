/** Pods on the machine's own kernel, with macvlan links. The node is this process's own namespace: run with `unshare --net`. */
import { execFileSync } from 'node:child_process';
import { execute } from '@cni/skel';
import { randomHex } from '@cni/sys';
import { addNetns, removeNetns, type TestNetns } from '@cni/testkit';
import { coordinator } from '../coordinator.ts';

/** What iproute2 prints on the node. */
export const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });
/** Commands of `ip` by one process, on the node or in a namespace. */
export function batch(lines: readonly string[], netns?: TestNetns): void {
  const where = netns === undefined ? [] : ['-n', netns.name];
  execFileSync('ip', [...where, '-batch', '-'], { input: lines.join('\n') });
}

// biome-ignore lint/suspicious/noExplicitAny: iproute2's objects, of which a test looks at a few fields
export const json = (...args: string[]): any[] => JSON.parse(run('ip', '-j', '-d', ...args) || '[]');

/** The node's uplink, with addresses, and a router beyond it. */
export interface TestNode {
  readonly uplink: string;
  readonly router: TestNetns;
  remove(): void;
}

/** 10.9.0.2 and fd09::2; the router has .1 and ::1. */
export function addNode(): TestNode {
  const router = addNetns('router');
  const uplink = `up${randomHex(4)}`;
  const configured = (link: string, host: number) => [
    `link set ${link} up`,
    `address add 10.9.0.${host}/24 dev ${link}`,
    `address add fd09::${host}/64 dev ${link} nodad`,
  ];
  const pair = `link add name ${uplink} type veth peer name uplink netns ${router.name}`;
  batch([pair, ...configured(uplink, 2)]);
  batch(['link set lo up', ...configured('uplink', 1)], router);
  run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  return {
    uplink,
    router,
    remove() {
      run('ip', 'link', 'del', uplink);
      removeNetns(router);
    },
  };
}

/** A pod, and what the main plugins said of it. */
export interface TestPod extends TestNetns {
  readonly interfaces: { name: string; mac?: string; sandbox?: string }[];
  readonly ips: { address: string; gateway?: string; interface: number }[];
  remove(): void;
}

export function addPod(): TestPod {
  const netns = addNetns('pod');
  netns.ip('link', 'set', 'lo', 'up');
  return { ...netns, interfaces: [], ips: [], remove: () => removeNetns(netns) };
}

/** Gives the pod one more interface, with 10.9.0.N and fd09::N (or in another subnet) and default routes by the router. */
export function addInterface(pod: TestPod, { uplink }: TestNode, name: string, host: number, subnet = '9'): void {
  run('ip', 'link', 'add', 'link', uplink, 'name', name, 'netns', pod.name, 'type', 'macvlan', 'mode', 'bridge');
  const addresses = [`10.${subnet}.0.${host}/24`, `fd0${subnet}::${host}/64`];
  const gateways = [`10.${subnet}.0.1`, `fd0${subnet}::1`];
  const nodad = (address: string) => (address.includes(':') ? 'nodad' : '');
  batch(
    [
      ...addresses.map((address) => `address add ${address} dev ${name} ${nodad(address)}`),
      `link set ${name} up`,
      ...gateways.map((gateway) => `route append default via ${gateway} dev ${name}`),
    ],
    pod,
  );
  const index = pod.interfaces.push({ name, sandbox: pod.path }) - 1;
  addresses.forEach((address, at) => {
    pod.ips.push({ address, gateway: gateways[at] as string, interface: index });
  });
}

/** How a command ended, and what it printed. */
export interface Said {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly document: any;
  readonly stderr: string;
}

/** One command of the plugin for an interface of a pod. */
export function ask(pod: TestPod, verb: string, keys: object = {}, env: Readonly<Record<string, string>> = {}): Said {
  const { interfaces, ips } = pod;
  const { status, stdout, stderr } = execute(coordinator, {
    env: {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: pod.name,
      CNI_IFNAME: 'eth0',
      CNI_NETNS: pod.path,
      CNI_PATH: '/nowhere',
      ...env,
    },
    stdin: JSON.stringify({
      cniVersion: '1.1.0',
      name: 'net',
      type: 'coordinator',
      prevResult: { cniVersion: '1.1.0', interfaces, ips },
      ...keys,
    }),
  });
  return { status, document: stdout === '' ? undefined : JSON.parse(stdout), stderr };
}

/** As {@link ask}, of a command that succeeds. */
export function must(...[pod, verb, ...rest]: Parameters<typeof ask>): Said['document'] {
  const said = ask(pod, verb, ...rest);
  if (said.status !== 0) throw new Error(`${verb}: ${JSON.stringify(said.document)}`);
  return said.document;
}
