import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, makeNetns, type Netns } from '../netns.ts';
import { type State, stateOf } from '../state.ts';

/** The executables that were built. */
export const ours: string = join(import.meta.dirname, '../../../dist/bin');

/** The link of the node that carries the pods. */
export const MASTER = 'ens192';
export const NETWORK = 'underlay';
export const NODE_ADDRESSES: readonly string[] = ['172.51.0.10/16', 'fd51::10/64'];
/** Of the router at the other end of the master. */
export const ROUTER: readonly string[] = ['172.51.0.1', 'fd51::1'];

export interface Pod {
  readonly name: string;
  readonly netns: Netns;
  /** IPv4 and IPv6, without prefix lengths. */
  readonly addresses: readonly string[];
}

/** A node that forwards, with one link to a router, and directories as /opt/cni/bin, /etc/cni/net.d and /var/lib/cni are. */
export class DemoNode {
  readonly netns: Netns = makeNetns('node');
  readonly router: Netns = makeNetns('router');
  readonly bin: string;
  readonly conf: string;
  readonly data: string;

  constructor(directory: string) {
    [this.bin, this.conf, this.data] = ['opt/cni/bin', 'etc/cni/net.d', 'var/lib/cni'].map((name) =>
      join(directory, name),
    ) as [string, string, string];
    for (const made of [this.bin, this.conf, this.data]) mkdirSync(made, { recursive: true });
    this.netns.ip('link', 'add', MASTER, 'type', 'veth', 'peer', 'name', MASTER, 'netns', this.router.name);
    const addresses = [
      [this.netns, NODE_ADDRESSES],
      [this.router, ['172.51.0.1/16', 'fd51::1/64']],
    ] as const;
    for (const [netns, list] of addresses) {
      for (const address of list)
        netns.ip('address', 'add', address, 'dev', MASTER, ...(address.includes(':') ? ['nodad'] : []));
      netns.ip('link', 'set', MASTER, 'up');
    }
    this.netns.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    for (const router of ROUTER) this.netns.ip('route', 'add', 'default', 'via', router);
    // The link-local address of the master is not there until it is known to be unique.
    while (this.netns.json('-6', 'address', 'show', 'tentative').length > 0) this.netns.run('sleep', '0.1');
  }

  /** Copies an executable to where the runtime looks for plugins; its path there. */
  install(executable: string, name: string): string {
    const path = join(this.bin, name);
    cpSync(executable, path);
    return path;
  }

  configure(file: string, conflist: object): void {
    writeFileSync(join(this.conf, file), JSON.stringify(conflist, null, 2));
  }

  /** Runs `cnictl` on the node, as somebody at a terminal would. */
  cnictl(...words: string[]): Ended {
    const places = ['--conf-dir', this.conf, '--bin-dir', this.bin, '--cache-dir', this.data];
    return this.netns.try([join(this.bin, 'cnictl'), ...words, ...places]);
  }

  state(): State {
    return stateOf(this.netns, this.data, '/run/cni');
  }

  delete(): void {
    this.netns.delete();
    this.router.delete();
  }
}
