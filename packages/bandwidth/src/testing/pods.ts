/** Pods on the machine's own kernel. The node is this process's own namespace: run with `unshare --net`. */
import { execFileSync } from 'node:child_process';
import { execute } from '@cni/skel';
import { randomHex } from '@cni/sys';
import { addNetns, removeNetns, type TestNetns } from '@cni/testkit';
import { bandwidth } from '../bandwidth.ts';

/** A pod with one link, and what a main plugin would have said of it. */
export interface TestPod extends TestNetns {
  /** Names of links on the node. */
  readonly hostEnd: string;
  readonly prevResult: object;
  remove(): void;
}

/** What iproute2 prints on the node. */
export const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });
// biome-ignore lint/suspicious/noExplicitAny: iproute2's objects, of which a test looks at a few fields
export const json = (program: string, ...args: string[]): any[] => JSON.parse(run(program, '-j', ...args) || '[]');

export type PodKind = 'veth' | 'macvlan';

/** 10.9.0.1 on the node, for a veth; 10.9.0.2 in the pod; or in another subnet, 10.9.N. */
export function addPod(kind: PodKind, subnet = 0): TestPod {
  const netns = addNetns('pod');
  const hostEnd = `bw${randomHex(4)}`;
  if (kind === 'veth') {
    run('ip', 'link', 'add', 'name', hostEnd, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns.name);
    run('ip', 'address', 'add', `10.9.${subnet}.1/24`, 'dev', hostEnd);
  } else {
    run('ip', 'link', 'add', 'name', hostEnd, 'type', 'veth', 'peer', 'name', `${hostEnd}x`);
    run('ip', 'link', 'set', `${hostEnd}x`, 'up');
    run('ip', 'link', 'add', 'link', hostEnd, 'name', 'eth0', 'netns', netns.name, 'type', 'macvlan', 'mode', 'bridge');
  }
  run('ip', 'link', 'set', hostEnd, 'up');
  for (const link of ['lo', 'eth0']) netns.ip('link', 'set', link, 'up');
  netns.ip('address', 'add', `10.9.${subnet}.2/24`, 'dev', 'eth0');
  const prevResult = {
    interfaces: [...(kind === 'veth' ? [{ name: hostEnd }] : []), { name: 'eth0', sandbox: netns.path }],
    ips: [{ address: `10.9.${subnet}.2/24`, interface: kind === 'veth' ? 1 : 0 }],
  };
  return {
    ...netns,
    hostEnd,
    prevResult,
    remove() {
      run('ip', 'link', 'del', hostEnd);
      removeNetns(netns);
    },
  };
}

/** How a command ended, and what it printed. */
export interface Said {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly document: any;
}

/** One command of the plugin for a pod. */
export function ask(pod: TestPod, verb: string, keys: object, env: Readonly<Record<string, string>> = {}): Said {
  const { status, stdout } = execute(bandwidth, {
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
      type: 'bandwidth',
      prevResult: { cniVersion: '1.1.0', ...pod.prevResult },
      ...keys,
    }),
  });
  const document = stdout === '' ? undefined : JSON.parse(stdout);
  return { status: status, document: document };
}

/** As {@link ask}, of a command that succeeds. */
export function must(
  pod: TestPod,
  verb: string,
  keys: object,
  env?: Readonly<Record<string, string>>,
): Said['document'] {
  const said = ask(pod, verb, keys, env);
  if (said.status !== 0) throw new Error(`${verb}: ${JSON.stringify(said.document)}`);
  return said.document;
}

/** IFBs, root qdiscs and hooks of a namespace that are not the kernel's own. */
export function made(pod?: TestNetns): string[] {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const list = (program: string, ...args: string[]): any[] =>
    pod === undefined ? json(program, ...args) : JSON.parse(pod.exec(program, '-j', ...args) || '[]');
  const ifbs = list('ip', 'link').map(({ ifname }) => String(ifname));
  const qdiscs = list('tc', 'qdisc').filter(({ handle }) => handle !== '0:');
  return [
    ...ifbs.filter((name) => /^bw[io][0-9a-f]{12}$/.test(name)),
    ...qdiscs.map(({ dev, kind, root }) => `${kind} at ${root ? 'root' : 'ingress'} of ${dev}`),
  ];
}
