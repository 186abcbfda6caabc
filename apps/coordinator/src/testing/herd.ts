/** Pods on a node that is this process's own namespace, and the built executable. Run with `unshare --net --mount`. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '@cni/aot';
import { addNetns, removeNetns, type TestNetns } from '@cni/testkit';

const MAIN = join(import.meta.dirname, '../main.ts');
export const STATE = '/run/cni/coordinator';
const UPLINK = 'uplink';
const STRACE = '/usr/bin/strace';
const PRLIMIT = '/usr/bin/prlimit';

/** How a process ended. */
export interface Ended {
  /** `null` when it was killed. */
  readonly status: number | null;
  readonly stdout: string;
}

/** One process. */
export interface Command {
  readonly verb: 'ADD' | 'CHECK' | 'DEL' | 'GC';
  readonly pod?: Pod;
  readonly id?: string;
  readonly ifName?: string;
  /** CNI_NETNS, if it is not the pod's. */
  readonly netns?: string;
  /** Milliseconds until it is killed. */
  readonly kill?: number | undefined;
  readonly keys?: object;
  /** RLIMIT_NOFILE. */
  readonly files?: number;
  /** A file to which strace writes which processes there were, and what they became. */
  readonly trace?: string;
}

/** A pod with `eth0`, and `net1` now and then. */
export interface Pod extends TestNetns {
  readonly number: number;
}

const lines = (text: string) => text.split('\n').filter(Boolean);
const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });

export class Herd {
  readonly #path: string = mkdtempSync(join(tmpdir(), 'coordinator-herd-'));
  readonly executable: string = join(this.#path, 'coordinator');
  readonly pods: Pod[] = [];

  /** The executable is made of the sources as they are. */
  static async of(count: number): Promise<Herd> {
    const herd = new Herd();
    await build({ entry: MAIN, outfile: herd.executable });
    ip('link', 'add', UPLINK, 'type', 'veth', 'peer', 'name', 'beyond');
    for (const link of [UPLINK, 'beyond']) ip('link', 'set', link, 'up');
    for (const address of ['10.9.0.2/16', 'fd09::2/64']) ip('address', 'add', address, 'dev', UPLINK);
    for (let number = 1; number <= count; number++) {
      const pod = { ...addNetns('pod'), number };
      herd.pods.push(pod);
      addLink(pod, 'eth0');
    }
    return herd;
  }

  run({
    verb,
    pod,
    id = '',
    ifName = 'eth0',
    netns = pod?.path ?? '',
    kill,
    keys = {},
    files,
    trace,
  }: Command): Promise<Ended> {
    const interfaces = pod === undefined ? [] : [{ name: ifName, sandbox: pod.path }];
    const stdin = JSON.stringify({
      cniVersion: '1.1.0',
      name: 'herd',
      type: 'coordinator',
      serviceCIDR: ['10.96.0.0/12', 'fd96::/64'],
      ...(verb !== 'GC' && {
        prevResult: { cniVersion: '1.1.0', interfaces, ips: pod === undefined ? [] : ipsOf(pod, ifName) },
      }),
      ...keys,
    });
    const env = {
      CNI_COMMAND: verb,
      CNI_PATH: '/nowhere',
      ...(verb !== 'GC' && { CNI_CONTAINERID: id, CNI_IFNAME: ifName, CNI_NETNS: netns }),
    };
    return new Promise((resolve, reject) => {
      const traced = ['-f', '-qq', '-e', 'trace=execve,execveat,fork,vfork,clone,clone3', '-o', trace ?? ''];
      const [program = '', ...args] = [
        ...(files === undefined ? [] : [PRLIMIT, `--nofile=${files}`]),
        ...(trace === undefined ? [] : [STRACE, ...traced]),
        this.executable,
      ];
      const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
      let stdout = '';
      child.stdout.on('data', (chunk) => (stdout += chunk));
      child.stdin.on('error', () => {});
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout }));
      child.stdin.end(stdin);
      if (kill !== undefined) setTimeout(() => child.kill('SIGKILL'), kill);
    });
  }

  /** Everything of the node that an ADD could have made. */
  stateOfNode(): string[] {
    return [...stateIn((...args) => ip(...args)), ...(existsSync(STATE) ? readdirSync(STATE) : [])];
  }

  [Symbol.dispose](): void {
    for (const pod of this.pods) removeNetns(pod);
    ip('link', 'del', UPLINK);
    rmSync(this.#path, { recursive: true });
  }
}

/** Everything of the pod that an ADD could have made. */
export function stateOfPod(pod: Pod): string[] {
  return [
    ...stateIn(pod.ip),
    ...lines(pod.exec('nft', 'list', 'tables')),
    ...lines(pod.exec('tc', 'qdisc', 'show')),
    ...lines(pod.exec('sysctl', 'net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.eth0.rp_filter')),
  ];
}

function stateIn(ip: (...args: string[]) => string): string[] {
  const told = [
    ip('-br', 'link'),
    ...['-4', '-6'].flatMap((family) => [
      ip(family, 'rule'),
      ip(family, 'route', 'show', 'table', 'all'),
      ip(family, 'neigh', 'show', 'nud', 'permanent'),
    ]),
  ];
  // What the kernel makes of itself for a link and its addresses comes when it is ready.
  return told.flatMap(lines).filter((line) => !/^(local|anycast|multicast|broadcast|fe80|ff00)/.test(line));
}

/** Without default routes for `net1`: what is in its way goes with the link, which is the main plugin's. */
export function addLink(pod: Pod, name: 'eth0' | 'net1'): void {
  ip('link', 'add', 'link', UPLINK, 'name', name, 'netns', pod.name, 'type', 'macvlan', 'mode', 'bridge');
  for (const { address } of ipsOf(pod, name))
    pod.ip('address', 'add', address, 'dev', name, ...(address.includes(':') ? ['nodad'] : []));
  pod.ip('link', 'set', name, 'up');
  const subnet = name === 'eth0' ? '10.9.0.1' : '10.8.0.1';
  pod.ip('route', 'append', 'default', 'via', subnet, 'dev', name);
}

function ipsOf({ number }: Pod, name: string): { address: string; interface: number }[] {
  const subnet = name === 'eth0' ? 9 : 8;
  return [`10.${subnet}.1.${number}/16`, `fd0${subnet}::1:${number}/64`].map((address) => ({ address, interface: 0 }));
}
