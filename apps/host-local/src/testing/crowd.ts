import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '@cni/aot';

/** The reference plugin, of Debian's package containernetworking-plugins. */
const REFERENCE = '/usr/lib/cni/host-local';
const MAIN = join(import.meta.dirname, '../main.ts');

export type Who = 'ours' | 'reference';

/** What a process came to. */
export interface Ended {
  /** `null` when it was killed. */
  readonly status: number | null;
  readonly stdout: string;
}

/** A command, and when it is killed, in milliseconds. */
export interface Command {
  readonly verb: 'ADD' | 'CHECK' | 'DEL' | 'STATUS';
  readonly id: string;
  readonly who?: Who;
  readonly kill?: number | undefined;
}

/** A store of its own and the built executable, removed at the end of its scope. */
export class Crowd {
  readonly #path: string = mkdtempSync(join(tmpdir(), 'host-local-crowd-'));
  readonly #executable: string = join(this.#path, 'host-local');
  readonly #dataDir: string = join(this.#path, 'networks');
  readonly #ipam: object;

  constructor(ipam: object) {
    this.#ipam = ipam;
    mkdirSync(this.#dataDir);
  }

  /** The executable is made of the sources as they are. */
  static async of(ipam: object): Promise<Crowd> {
    const crowd = new Crowd(ipam);
    await build({ entry: MAIN, outfile: crowd.#executable });
    return crowd;
  }

  run({ verb, id, who = 'ours', kill }: Command): Promise<Ended> {
    const stdin = JSON.stringify({
      cniVersion: verb === 'STATUS' ? '1.1.0' : '1.0.0',
      name: 'pods',
      type: 'ipvlan',
      ipam: { type: 'host-local', dataDir: this.#dataDir, ...this.#ipam },
    });
    const env = {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: id,
      CNI_NETNS: '/run/netns/none',
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/',
    };
    return new Promise((resolve, reject) => {
      const child = spawn(who === 'ours' ? this.#executable : REFERENCE, { env, stdio: ['pipe', 'pipe', 'ignore'] });
      let stdout = '';
      child.stdout.on('data', (chunk) => (stdout += chunk));
      child.stdin.on('error', () => {});
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout }));
      child.stdin.end(stdin);
      if (kill !== undefined) setTimeout(() => child.kill('SIGKILL'), kill);
    });
  }

  /** Address files and what they say, by name. */
  held(): Map<string, string> {
    const directory = join(this.#dataDir, 'pods');
    const names = existsSync(directory) ? readdirSync(directory) : [];
    const addresses = names.filter((name) => /^[0-9a-f]+[.:]/.test(name));
    return new Map(
      addresses.flatMap((name) => {
        const record = findText(join(directory, name));
        return record === undefined ? [] : [[name, record]];
      }),
    );
  }

  /** The addresses that carry an attachment's record. */
  heldBy(id: string): string[] {
    return [...this.held()].flatMap(([name, record]) => (record === `${id}\r\neth0` ? [name] : []));
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true });
  }
}

/** `undefined` for what somebody has just removed. */
function findText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The addresses of a result. */
export function addressesOf({ stdout }: Ended): string[] {
  return JSON.parse(stdout).ips.map(({ address }: { address: string }) => address.replace(/\/.*/, ''));
}
