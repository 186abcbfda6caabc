import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { exec, randomHex, text, utf8 } from '@cni/sys';

/** How a program ended. */
export interface Ended {
  /** `undefined` when a signal ended it. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** The whole environment; this process's when absent. */
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
  /** Several `ip` commands in it, one a line, by one process; throws when one fails. */
  batch(...lines: string[]): void;
  /** `ip -j` in it: the kernel's state in the words of a second opinion. */
  json(...words: string[]): Record<string, unknown>[];
  /** Echo requests until one is answered; throws when none is within `seconds`, ten when absent. */
  ping(address: string, seconds?: number): void;
  /** Deletes it, unless it is gone. */
  delete(): void;
}

/** Makes a namespace with a name of its own, and `lo` up. */
export function makeNetns(role: string): Netns {
  const [netns] = makeNetnsOf(role);
  return netns;
}

/** Makes several by one process: in a guest a process is what takes the time. */
export function makeNetnsOf<const Roles extends readonly string[]>(...roles: Roles): { [Role in keyof Roles]: Netns } {
  const names = roles.map((role) => `${role}-${randomHex(3)}`);
  must(['ip', '-batch', '-'], names.map((name) => `netns add ${name}\n`).join(''));
  const made = names.map(netnsNamed);
  for (const { ip } of made) ip('link', 'set', 'lo', 'up');
  return made as { [Role in keyof Roles]: Netns };
}

/** The namespace of this process, under a name. */
export function adoptNetns(role: string): Netns {
  const name = `${role}-${randomHex(3)}`;
  must(['ip', 'netns', 'attach', name, String(process.pid)]);
  return netnsNamed(name);
}

/** Deletes those of the namespaces that are still there. */
export function deleteNetns(...all: readonly Pick<Netns, 'name' | 'path'>[]): void {
  const lines = all.filter(({ path }) => existsSync(path)).map(({ name }) => `netns del ${name}\n`);
  must(['ip', '-batch', '-'], lines.join(''));
}

function netnsNamed(name: string): Netns {
  const path = `/run/netns/${name}`;
  const attempt = (command: readonly string[], options?: RunOptions): Ended =>
    execute(['nsenter', `--net=${path}`, '--', ...command], options);
  const run = (...command: string[]): string => expectSuccess(command, attempt(command));
  const ip = (...words: string[]): string => must(['ip', '-n', name, ...words]);
  return {
    name,
    path,
    try: attempt,
    run,
    ip,
    batch: (...lines) => void must(['ip', '-n', name, '-batch', '-'], lines.map((line) => `${line}\n`).join('')),
    json: (...words) => JSON.parse(ip('-j', '-d', ...words) || '[]'),
    ping: (address, seconds = 10) => void run('ping', '-n', '-c', '1', '-w', String(seconds), address),
    delete: () => deleteNetns({ name, path }),
  };
}

const own = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));

function execute([program = '', ...args]: readonly string[], { env = own, stdin = '' }: RunOptions = {}): Ended {
  const { status, stdout, stderr } = exec(find(program), { args, env, stdin: utf8(stdin) });
  return { status, stdout: text(stdout), stderr: text(stderr) };
}

function find(program: string): string {
  const path = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, program));
  const found = path.find(existsSync);
  if (found === undefined) throw new Error(`find ${program}: not in ${process.env['PATH']}`);
  return found;
}

function must(command: readonly string[], stdin = ''): string {
  return expectSuccess(command, execute(command, { stdin }));
}

function expectSuccess(command: readonly string[], { status, stdout, stderr }: Ended): string {
  if (status !== 0) throw new Error(`${command.join(' ')}: exit status ${status}\n${stdout}${stderr}`);
  return stdout;
}
