import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '@cni/aot';

/** One command. */
export interface Request {
  readonly verb: 'ADD' | 'CHECK' | 'DEL' | 'GC' | 'STATUS';
  readonly id?: string;
  /** CNI_ARGS. */
  readonly args?: string;
  /** Whom the process is of; root if it is absent. */
  readonly uid?: number;
  /** What it is started by: `nsenter …`. */
  readonly by?: readonly string[];
}

/** What a command answered: the result, or the error; an empty object where there is none. */
export interface Answer {
  readonly status: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: documents of CNI, of which a test looks at a few fields
  readonly document: any;
}

/** The built executable and a directory of its own, removed at the end of its scope. The executable is made of the sources as they are. */
export class Executable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'host-local-'));
  readonly #program: string = join(this.path, 'host-local');

  static async build(): Promise<Executable> {
    const executable = new Executable();
    await build({ entry: join(import.meta.dirname, '../main.ts'), outfile: executable.#program });
    return executable;
  }

  /** A file of that name, for a configuration to name. */
  file(name: string, content: string): string {
    const path = join(this.path, name);
    writeFileSync(path, content);
    return path;
  }

  directory(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path);
    return path;
  }

  run(config: object, { verb, id = 'a', args, uid, by = [] }: Request): Answer {
    const env = {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: id,
      CNI_NETNS: '/run/netns/none',
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/',
      PATH: process.env['PATH'],
      ...(args !== undefined && { CNI_ARGS: args }),
    };
    const [program = '', ...words] = [...by, this.#program];
    const input = JSON.stringify({ cniVersion: '1.1.0', name: 'pods', type: 'ipvlan', ...config });
    const { status, stdout, error } = spawnSync(program, words, { env, input, ...(uid !== undefined && { uid }) });
    if (error !== undefined) throw error;
    return { status, document: JSON.parse(stdout.toString() || '{}') };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
