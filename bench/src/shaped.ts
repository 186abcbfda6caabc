/** Pods whose traffic is limited, for measurements: an outside, a router, a node with the pod; namespaces all of them. */
import { spawnSync } from 'node:child_process';
import type { Flow } from '@cni/testkit/traffic';
import { makeNetns, type Netns } from './netns.ts';

export type Direction = 'ingress' | 'egress';
export type LinkKind = 'veth' | 'macvlan' | 'ipvlan l2' | 'ipvlan l3' | 'ipvlan l3s';

/** A pod and somebody it talks to, two hops away so that no sender is told by its own socket that a queue is full. */
export interface Stage extends Disposable {
  readonly outside: Netns;
  readonly pod: Netns;
  readonly podAddress: string;
  /** The path of the namespace whose IP layer receives what comes for the pod: in l3s the node's. */
  readonly receivedIn: string;
  readonly outsideAddress: string;
  /** Runs `ADD` of a bandwidth plugin with limits in one direction, and other keys. Throws when it fails. */
  limit(executable: string, direction: Direction, rate: number, burst: number, keys?: object): void;
  /** What is in the bucket of a pod at a veth: `fq_codel` or `fifo`. */
  queue(): string;
}

const POD = '10.1.0.2';
const OUTSIDE = '192.0.2.1';

export function makeStage(kind: LinkKind): Stage {
  const made = new DisposableStack();
  const [outside, router, node, pod] = ['outside', 'router', 'node', 'pod'].map(() => made.use(makeNetns())) as [
    Netns,
    Netns,
    Netns,
    Netns,
  ];
  const lines = [
    `-n ${outside.name} link add up0 type veth peer name down0 netns ${router.name}`,
    `-n ${router.name} link add down1 type veth peer name uplink netns ${node.name}`,
    ...podLink(kind, node, pod),
    `-n ${outside.name} address add ${OUTSIDE}/24 dev up0`,
    `-n ${router.name} address add 192.0.2.2/24 dev down0`,
    `-n ${pod.name} address add ${POD}/24 dev eth0`,
  ];
  const up = [
    [outside, 'lo', 'up0'],
    [router, 'lo', 'down0', 'down1'],
    [node, 'lo', 'uplink'],
    [pod, 'lo', 'eth0'],
  ] as const;
  run(lines);
  run(up.flatMap(([{ name }, ...links]) => links.map((link) => `-n ${name} link set ${link} up`)));
  run(routes(kind, { outside, router, node, pod }));
  for (const { path } of [router, node]) must(['nsenter', `--net=${path}`, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  return {
    outside,
    pod,
    podAddress: POD,
    receivedIn: (kind === 'ipvlan l3s' ? node : pod).path,
    outsideAddress: OUTSIDE,
    limit: (executable, direction, rate, burst, keys) =>
      add({ executable, kind, node, pod }, direction, { rate, burst, keys }),
    queue: () =>
      must(['nsenter', `--net=${node.path}`, 'tc', 'qdisc', 'show']).includes('fq_codel') ? 'fq_codel' : 'fifo',
    [Symbol.dispose]: () => made.dispose(),
  };
}

/** What a limit in this direction is for. */
export function flowOf({ pod, outside, podAddress, outsideAddress, receivedIn }: Stage, direction: Direction): Flow {
  if (direction === 'egress') return { from: pod.path, to: outside.path, address: outsideAddress };
  return { from: outside.path, to: pod.path, address: podAddress, receivedIn };
}

function podLink(kind: LinkKind, node: Netns, pod: Netns): string[] {
  if (kind === 'veth')
    return [
      `-n ${node.name} link add veth0 type veth peer name eth0 netns ${pod.name}`,
      `-n ${node.name} link set veth0 up`,
      `-n ${node.name} address add 10.1.0.1/24 dev veth0`,
    ];
  const [type, mode = 'bridge'] = kind.split(' ');
  return [`-n ${node.name} link add link uplink name eth0 netns ${pod.name} type ${type} mode ${mode}`];
}

/** The pod's network is behind the node for a veth and in the l3 modes, and at the router itself else. */
function routes(
  kind: LinkKind,
  { outside, router, node, pod }: Record<'outside' | 'router' | 'node' | 'pod', Netns>,
): string[] {
  const common = [`-n ${outside.name} route add default via 192.0.2.2`];
  if (kind === 'macvlan' || kind === 'ipvlan l2')
    return [
      ...common,
      `-n ${router.name} address add 10.1.0.1/24 dev down1`,
      `-n ${pod.name} route add default via 10.1.0.1`,
    ];
  return [
    ...common,
    `-n ${router.name} address add 198.51.100.1/24 dev down1`,
    `-n ${node.name} address add 198.51.100.2/24 dev uplink`,
    `-n ${node.name} route add default via 198.51.100.1`,
    `-n ${router.name} route add 10.1.0.0/24 via 198.51.100.2`,
    `-n ${pod.name} route add default ${kind === 'veth' ? 'via 10.1.0.1' : 'dev eth0'}`,
  ];
}

function add(
  { executable, kind, node, pod }: { executable: string; kind: LinkKind; node: Netns; pod: Netns },
  direction: Direction,
  { rate, burst, keys = {} }: { rate: number; burst: number; keys?: object | undefined },
): void {
  const host = kind === 'veth' ? [{ name: 'veth0' }] : [];
  const config = {
    cniVersion: '1.0.0',
    name: 'bench',
    type: 'bandwidth',
    ...keys,
    // The reference takes numbers only, and neither a rate without a burst.
    runtimeConfig: { bandwidth: { [`${direction}Rate`]: rate, [`${direction}Burst`]: burst } },
    prevResult: {
      cniVersion: '1.0.0',
      interfaces: [...host, { name: 'eth0', sandbox: pod.path }],
      ips: [{ address: `${POD}/24`, interface: host.length }],
    },
  };
  must(['nsenter', `--net=${node.path}`, executable], JSON.stringify(config), {
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: 'bench',
    CNI_NETNS: pod.path,
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
  });
}

function run(lines: readonly string[]): void {
  for (const line of lines) must(['ip', ...line.split(' ')]);
}

function must(
  [program = '', ...args]: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): string {
  const path = `/usr/sbin:/sbin:${process.env['PATH']}`;
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    env: { PATH: path, ...env },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit status ${status}\n${stdout}${stderr}`);
  return stdout;
}
