import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeSysctls } from '@cni/sys';
import { expect } from 'vitest';
import { adoptNetns, makeNetns, type Netns } from '../netns.ts';
import type { Conflist } from '../runtime.ts';
import { type State, stateOf } from '../state.ts';
import { joinByUplink, ours, reference } from '../world.ts';
import { subnetsOf } from './chain.ts';

/** Where runtimes look unless told otherwise. Tests run where these are theirs alone. */
export const BIN = '/opt/cni/bin';
export const NETWORKS = '/etc/cni/net.d';
const STATE = ['/var/lib/cni', '/run/cni'] as const;

/** Ours, and of the reference what a runtime needs beside: loopback for each pod, main plugins for mixed chains, a plugin that can be made to fail. */
const OURS = ['ipvlan', 'host-local', 'bandwidth', 'coordinator', 'cnictl'];
const THEIRS = ['loopback', 'macvlan', 'bridge', 'tuning'];

/** A node that a runtime runs on: the namespace of the tests, with an uplink to an outside, and our plugins installed. */
export class Site {
  readonly node: Netns = adoptNetns('node');
  readonly outside: Netns = makeNetns('outside');
  /** For the runtime's own state. */
  readonly directory: string;
  /** A container engine that leaves cgroups alone: of all that is made here they alone would outlive the namespaces. */
  readonly crun: string;
  readonly #before: State;
  readonly #children: ChildProcess[] = [];

  constructor(runtime: string) {
    this.directory = join('/run', runtime);
    for (const path of [this.directory, BIN, NETWORKS]) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
    }
    for (const name of OURS) copyFileSync(join(ours, name), join(BIN, name));
    for (const name of THEIRS) copyFileSync(join(reference, name), join(BIN, name));
    this.crun = this.script('crun', 'exec /usr/bin/crun --cgroup-manager=disabled "$@"');
    joinByUplink(this.node, this.outside);
    this.#routeToPods();
    this.daemon('ip', 'netns', 'exec', this.outside.name, 'iperf3', '-s');
    this.#before = this.state();
  }

  /** Puts an executable shell script into the directory; its path. */
  script(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** Puts a network where a runtime finds it, in the directory for networks unless another is named. */
  configure(list: Conflist, directory: string = NETWORKS): void {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `10-${list.name}.conflist`), JSON.stringify(list, null, 2));
  }

  /** Puts a script before one of our plugins that writes each call to a file: command, plugin, and the names of the variables. */
  record(plugin: string, file: string): void {
    const line = `echo "$CNI_COMMAND ${plugin}" $(env | sed 's/=.*//') >> ${file}`;
    copyFileSync(this.script(plugin, `${line}\nexec ${join(ours, plugin)}`), join(BIN, plugin));
  }

  state(): State {
    return stateOf(this.node, ...STATE);
  }

  /** The node is as it was before the first pod; of a link that is to stay nothing is said. */
  expectNothingLeft(link?: string): void {
    const others = (lines: readonly string[]) => lines.filter((line) => link === undefined || !line.includes(link));
    const now = Object.entries(this.state()).map(([what, lines]) => [what, others(lines)]);
    expect(Object.fromEntries(now)).toEqual(this.#before);
  }

  /** Starts a program of the node that stays; what it says goes to a file. */
  daemon(name: string, ...args: string[]): ChildProcess {
    const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(this.directory, `${name}.log`), { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) stream?.pipe(log, { end: false });
    this.#children.push(child);
    return child;
  }

  /** Ends what was started here, and takes the uplink away. */
  async remove(): Promise<void> {
    for (const child of this.#children) await end(child, 'SIGKILL');
    this.node.ip('link', 'del', 'uplink');
    this.outside.delete();
    this.node.delete();
  }

  /** A node of Kubernetes forwards, and so does one of podman. */
  #routeToPods(): void {
    writeSysctls({ 'net/ipv4/ip_forward': 1, 'net/ipv6/conf/all/forwarding': 1 });
    const routed = (['l3', 'l3s', 'bridge'] as const).flatMap((network) => subnetsOf(network));
    this.outside.batch(
      ...routed.map((subnet) => `route add ${subnet} via ${subnet.includes(':') ? '2001:db8:2::2' : '192.0.2.2'}`),
    );
  }
}

/** Ends a process that was started here, and waits for it. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** What `attempt` gives once it no longer throws; throws what it threw last when it does for 20 seconds. */
export async function eventually<T>(attempt: () => T | Promise<T>): Promise<Awaited<T>> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}
