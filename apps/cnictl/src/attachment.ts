import { isIdentifier } from '@cni/skel';

/** A pair of CNI_ARGS. */
export type Pair = readonly [key: string, value: string];

/** One container on one network, by one interface, as a runtime knows it. */
export interface Attachment {
  readonly containerId: string;
  readonly ifName: string;
  /** The path of the network namespace; `''` when there is none any more. */
  readonly netns: string;
  readonly cniArgs: readonly Pair[];
  /** Values for the capabilities that plugins declare. */
  readonly capabilities: Readonly<Record<string, unknown>>;
}

const NAMED = '/run/netns/';

/** The path of a namespace that is given by its name, as `ip netns` has them, or by its path. */
export function netnsPath(nameOrPath: string, workingDirectory: string): string {
  if (!nameOrPath.includes('/')) return `${NAMED}${nameOrPath}`;
  return absolute(nameOrPath, workingDirectory);
}

/** A path that means the same wherever it is used. */
export function absolute(path: string, workingDirectory: string): string {
  return path.startsWith('/') ? path : `${workingDirectory}/${path}`.replace(/\/(\.\/)+/g, '/');
}

/** `/var/run` is `/run`: some runtimes say the one, some the other. */
export function inRun(path: string): string {
  return path.replace(/^\/var\/run\//, '/run/');
}

/**
 * The id of a container that has none: the same for a namespace each time. `cnictl-NAME` for a named one, so that it can be
 * recognised in the state of plugins; `cnictl-` and 16 digits of a hash of the path for any other.
 */
export function containerIdOf(netns: string): string {
  const path = inRun(netns);
  const name = path.startsWith(NAMED) ? path.slice(NAMED.length) : '';
  return `cnictl-${isIdentifier(name) ? name : hash(path)}`;
}

/** FNV-1a, 64 bits, over UTF-16 units: distinct for the handful of paths of a node, and not meant to withstand anyone. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at++) {
    value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  }
  return value.toString(16).padStart(16, '0');
}

/** The value of CNI_ARGS. */
export function formatPairs(pairs: readonly Pair[]): string {
  return pairs.map(([key, value]) => `${key}=${value}`).join(';');
}
