import { type Environment, type JsonObject, parseJson } from '@cni/skel';
import { readLink, utf8 } from '@cni/sys';
import { absolute, type Pair } from './attachment.ts';
import { type CommandLine, UsageError } from './command-line.ts';

/** What the command line says, and the environment where it says nothing. */
export interface Settings {
  readonly confDir: string;
  readonly cniPath: string;
  readonly cacheDir: string;
  readonly ifName: string;
  readonly containerId: string | undefined;
  /** `undefined` when nobody has said any. */
  readonly cniArgs: readonly Pair[] | undefined;
  /** As `cniArgs`. */
  readonly capabilities: JsonObject | undefined;
  readonly json: boolean;
  readonly trace: boolean;
  readonly workingDirectory: string;
}

/** Throws {@link UsageError}. */
export function readSettings({ given }: CommandLine, env: Environment): Settings {
  const workingDirectory = readLink('/proc/self/cwd');
  const last = (option: string, variable?: string) =>
    given.get(option)?.at(-1) ?? ((variable !== undefined && env[variable]) || undefined);
  const path = (text: string) => absolute(text, workingDirectory);
  const directories = (given.get('bin-dir') ?? [env['CNI_PATH'] || '/opt/cni/bin']).flatMap((list) => list.split(':'));
  const cniArgs = last('args', 'CNI_ARGS');
  return {
    confDir: path(last('conf-dir', 'NETCONFPATH') ?? '/etc/cni/net.d'),
    cniPath: directories
      .filter((directory) => directory !== '')
      .map(path)
      .join(':'),
    cacheDir: path(last('cache-dir') ?? '/var/lib/cni'),
    ifName: last('ifname', 'CNI_IFNAME') ?? 'eth0',
    containerId: last('container-id'),
    cniArgs: cniArgs === undefined ? undefined : parsePairs(cniArgs),
    capabilities: readCapabilities(given.get('capability') ?? [], env['CAP_ARGS'] || undefined),
    json: given.has('json'),
    trace: given.has('trace'),
    workingDirectory,
  };
}

/** `K=V;K2=V2`. Throws {@link UsageError}. */
export function parsePairs(text: string): Pair[] {
  if (text === '') return [];
  return text.split(';').map((piece) => {
    const [key = '', value, ...rest] = piece.split('=');
    if (key === '' || value === undefined || rest.length > 0)
      throw new UsageError(`CNI arguments: expected KEY=VALUE;KEY=VALUE (got "${piece}")`);
    return [key, value];
  });
}

function readCapabilities(pairs: readonly string[], variable: string | undefined): JsonObject | undefined {
  if (pairs.length === 0 && variable === undefined) return undefined;
  const base = variable === undefined ? {} : fromJson(variable, 'CAP_ARGS');
  if (typeof base !== 'object' || base === null || Array.isArray(base))
    throw new UsageError('CAP_ARGS: expected a JSON object');
  return { ...base, ...Object.fromEntries(pairs.map(parseCapability)) };
}

function parseCapability(pair: string): [string, unknown] {
  const [, key, json] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
  if (key === undefined || json === undefined) throw new UsageError(`--capability: expected KEY=JSON (got "${pair}")`);
  return [key, fromJson(json, `--capability ${key}`)];
}

function fromJson(json: string, what: string): unknown {
  try {
    return parseJson(utf8(json), what);
  } catch {
    throw new UsageError(`${what}: not JSON: ${json}`);
  }
}
