import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, makeNetns, type Netns } from '../netns.ts';

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

/** What an operator would look for after the last pod: everything that could be left, as one line each. */
export interface State {
  readonly links: readonly string[];
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  readonly rules: readonly string[];
  readonly files: readonly string[];
}

/** What host-local keeps for the network, not for a pod: its lock, its cursor, the index over its address files. */
const BOOKKEEPING = /\/(lock|last_reserved_ip\.[^/]+|\.host-local\/.*)$/;

/** A node with one link to a router, and directories as /opt/cni/bin, /etc/cni/net.d and /var/lib/cni are. */
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
    const lines = (...words: string[]) =>
      this.netns
        .run('ip', '-o', ...words)
        .split('\n')
        .filter(Boolean);
    return {
      links: lines('link').map((line) => line.split(': ')[1] ?? line),
      addresses: lines('address').map((line) => line.split(/\s+/).slice(1, 4).join(' ')),
      routes: [4, 6].flatMap((family) => lines(`-${family}`, 'route', 'list', 'table', 'all')),
      rules: [4, 6].flatMap((family) => lines(`-${family}`, 'rule')),
      files: [this.data, '/run/cni'].flatMap(filesBelow).filter((path) => !BOOKKEEPING.test(path)),
    };
  }

  delete(): void {
    this.netns.delete();
    this.router.delete();
  }
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
