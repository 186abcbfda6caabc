import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** A network namespace that was made here, by iproute2. */
export interface Netns {
  readonly name: string;
  /** As a runtime gives it in `CNI_NETNS`. */
  readonly path: string;
  /** Runs a program in it. */
  try(command: readonly string[], options?: RunOptions): Ended;
  /** The same, and its standard output; throws when it fails. */
  run(...command: string[]): string;
  /** `ip` in it; throws when it fails. */
  ip(...words: string[]): void;
  /** `ip -j` in it: the kernel's state in the words of a second opinion. */
  json(...words: string[]): Record<string, unknown>[];
  /** One echo request and its reply; throws when there is none within two seconds. */
  ping(address: string): void;
  delete(): void;
}

/** Makes a namespace with a name of its own and `lo` up. */
export function makeNetns(role: string): Netns {
  const name = `${role}-${randomBytes(3).toString('hex')}`;
  must(['ip', 'netns', 'add', name]);
  const path = `/run/netns/${name}`;
  const attempt = (command: readonly string[], options: RunOptions = {}): Ended =>
    execute(['nsenter', `--net=${path}`, '--', ...command], options);
  const run = (...command: string[]): string => expectSuccess(command, attempt(command));
  const ip = (...words: string[]): void => void must(['ip', '-n', name, ...words]);
  const json = (...words: string[]): Record<string, unknown>[] =>
    JSON.parse(must(['ip', '-j', '-d', '-n', name, ...words]) || '[]');
  const ping = (address: string): void => void run('ping', '-n', '-c', '1', '-W', '2', address);
  ip('link', 'set', 'lo', 'up');
  return { name, path, try: attempt, run, ip, json, ping, delete: () => void execute(['ip', 'netns', 'del', name]) };
}

function execute([program = '', ...args]: readonly string[], { env, stdin = '' }: RunOptions = {}): Ended {
  const ended = spawnSync(program, args, {
    env: env ?? process.env,
    input: stdin,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (ended.error !== undefined) throw ended.error;
  return ended;
}

function must(command: readonly string[]): string {
  return expectSuccess(command, execute(command));
}

function expectSuccess(command: readonly string[], { status, stdout, stderr }: Ended): string {
  if (status !== 0) throw new Error(`${command.join(' ')}: exit status ${status}\n${stdout}${stderr}`);
  return stdout;
}
