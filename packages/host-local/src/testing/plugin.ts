import { type Executed, execute } from '@cni/skel';
import {
  findStat,
  listDirectory,
  makeDirectories,
  randomHex,
  readText,
  removeDirectoryIfPresent,
  removeIfPresent,
} from '@cni/sys';
import { hostLocal } from '../host-local.ts';

/** The keys of a request that tests set. */
export interface Request {
  readonly id?: string;
  readonly ifName?: string;
  /** CNI_ARGS. */
  readonly args?: string;
  readonly ipam?: object | undefined;
  /** Other keys of the configuration. */
  readonly config?: object;
}

/** What a plugin was asked, as a program receives it. */
export interface Asked {
  readonly env: Record<string, string>;
  readonly stdin: string;
}

/** A store in a directory of its own, and requests that use it. */
export class Node {
  readonly dataDir: string = `/tmp/host-local-${randomHex(6)}`;
  readonly network: string = 'pods';
  readonly ipam: object;

  constructor(ipam: object = { subnet: '10.1.0.0/24' }) {
    this.ipam = ipam;
    makeDirectories(this.dataDir);
  }

  request(command: string, { id = 'a', ifName = 'eth0', args, ipam, config }: Request = {}): Asked {
    const env = {
      CNI_COMMAND: command,
      CNI_CONTAINERID: id,
      CNI_NETNS: '/var/run/netns/none',
      CNI_IFNAME: ifName,
      CNI_PATH: '/opt/cni/bin',
      ...(args !== undefined && { CNI_ARGS: args }),
    };
    const document = {
      cniVersion: '1.1.0',
      name: this.network,
      type: 'ipvlan',
      ipam: { type: 'host-local', dataDir: this.dataDir, ...(ipam ?? this.ipam) },
      ...config,
    };
    return { env, stdin: JSON.stringify(document) };
  }

  run(command: string, request?: Request): Executed {
    return execute(hostLocal, this.request(command, request));
  }

  /** The addresses of a successful ADD; the error's text otherwise. */
  add(request?: Request): string[] | string {
    const { status, stdout } = this.run('ADD', request);
    const answer = JSON.parse(stdout);
    return status === 0
      ? answer.ips.map(({ address }: { address: string }) => address)
      : `${answer.code} ${answer.msg}`;
  }

  /** What a command without a result says: `''` is success. */
  say(command: string, request?: Request): string {
    const { status, stdout } = this.run(command, request);
    if (status === 0) return stdout;
    const { code, msg } = JSON.parse(stdout);
    return `${code} ${msg}`;
  }

  /** Every file of the network's directory but the lock, and its content; directories as `undefined`. */
  files(): Record<string, string | undefined> {
    if (findStat(this.path('')) === undefined) return {};
    const names = listDirectory(this.path('')).filter((name) => name !== 'lock');
    return Object.fromEntries(names.sort().map((name) => [name, contentOf(this.path(name))]));
  }

  /** Whether nothing has been made yet. */
  isUntouched(): boolean {
    return listDirectory(this.dataDir).length === 0;
  }

  /** Address files and their owners alone. */
  held(): Record<string, string | undefined> {
    return Object.fromEntries(Object.entries(this.files()).filter(([name]) => !name.startsWith('last_reserved_ip')));
  }

  /** The names of all files below a directory, except what is this plugin's alone. */
  namesIn(path: string): string[] {
    if (findStat(path)?.type !== 'directory') return [path.slice(path.lastIndexOf('/') + 1)];
    const names = listDirectory(path).filter((name) => name !== '.host-local');
    return names.flatMap((name) => this.namesIn(`${path}/${name}`));
  }

  path(name: string): string {
    return `${this.dataDir}/${this.network}/${name}`;
  }

  [Symbol.dispose](): void {
    removeTree(this.dataDir);
  }
}

function contentOf(path: string): string | undefined {
  return findStat(path)?.type === 'directory' ? undefined : readText(path);
}

/** Removes a file or a directory with all that is in it. */
export function removeTree(path: string): void {
  if (findStat(path)?.type === 'directory') {
    for (const name of listDirectory(path)) removeTree(`${path}/${name}`);
    removeDirectoryIfPresent(path);
  } else removeIfPresent(path);
}
