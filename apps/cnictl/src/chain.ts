/**
 * What a runtime does with a network, as libcni does it.
 *
 * Source: the specification, section 3; containernetworking/cni, libcni/api.go
 */
import {
  attemptAll,
  CniError,
  decodeResult,
  encodeResult,
  isAtLeast,
  isSpecVersion,
  type JsonObject,
  parseJson,
  type SpecVersion,
  toFailure,
} from '@cni/skel';
import type { Attachment } from './attachment.ts';
import { type CachedAttachment, findCached, listCached, removeCached, writeCached } from './cache.ts';
import { callPlugin, type Runtime } from './call-plugin.ts';
import { type ChainedPlugin, type Network, spokenVersion } from './network.ts';

/** ADD, plugin after plugin, to the first that fails; the last one's result is kept and returned. Throws {@link CniError}. */
export function addToNetwork(runtime: Runtime, network: Network, attachment: Attachment): JsonObject {
  const version = spokenVersion(network);
  let result: JsonObject | undefined;
  for (const plugin of network.plugins) {
    const stdin = requestOf(network, plugin, { attachment, prevResult: result });
    const answer = callPlugin(runtime, { type: plugin.type, verb: 'ADD', attachment, stdin });
    result = readResult(answer, plugin, version);
  }
  const added = result ?? {};
  writeCached(runtime.cacheDir, { ...attachment, networkName: network.name, config: network.bytes, result: added });
  return added;
}

/** What the plugin said, once it is known to be a result. */
function readResult(answer: Uint8Array, { type }: ChainedPlugin, version: SpecVersion): JsonObject {
  const what = `result of plugin ${type}`;
  const result = parseJson(answer, what) as JsonObject;
  decodeResult(result, version, what);
  return { ...result, cniVersion: version };
}

/** CHECK of what {@link addToNetwork} kept; `false` when the network has it disabled. Throws {@link CniError}. */
export function checkInNetwork(runtime: Runtime, network: Network, cached: CachedAttachment): boolean {
  const version = spokenVersion(network);
  if (!isAtLeast(version, '0.4.0')) {
    const message = `CHECK is in CNI 0.4.0 and later, network ${network.name} has ${version}`;
    throw new CniError('INCOMPATIBLE_VERSION', message);
  }
  if (network.disableCheck) return false;
  const prevResult = resultIn(cached, version);
  for (const plugin of network.plugins) {
    const stdin = requestOf(network, plugin, { attachment: cached, prevResult });
    callPlugin(runtime, { type: plugin.type, verb: 'CHECK', attachment: cached, stdin });
  }
  return true;
}

/** DEL in reverse order, to the first that fails; then the attachment is forgotten. Throws {@link CniError}. */
export function deleteFromNetwork(runtime: Runtime, network: Network, attachment: Attachment): void {
  const version = spokenVersion(network);
  const key = { ...attachment, networkName: network.name };
  const prevResult = isAtLeast(version, '0.4.0') ? remainingResult(runtime, key, version) : undefined;
  for (const plugin of network.plugins.toReversed()) {
    const stdin = requestOf(network, plugin, { attachment, prevResult });
    callPlugin(runtime, { type: plugin.type, verb: 'DEL', attachment, stdin });
  }
  removeCached(runtime.cacheDir, key);
}

/** A result that cannot be read any more must not keep anybody from deleting. */
function remainingResult(runtime: Runtime, key: Parameters<typeof findCached>[1], version: SpecVersion) {
  try {
    const cached = findCached(runtime.cacheDir, key);
    return cached && resultIn(cached, version);
  } catch {
    return undefined;
  }
}

/** The result in the version that the network has now. */
export function resultIn({ result }: CachedAttachment, version: SpecVersion): JsonObject | undefined {
  if (result === undefined) return undefined;
  const { cniVersion } = result;
  const written = typeof cniVersion === 'string' && isSpecVersion(cniVersion) ? cniVersion : version;
  return written === version ? result : encodeResult(decodeResult(result, written, 'cached result'), version);
}

/** Which of the two a container's network is known by. */
export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** What {@link collectGarbage} found in the cache. */
export interface Collected {
  readonly deleted: readonly CachedAttachment[];
  readonly kept: readonly CachedAttachment[];
}

/**
 * DEL for every cached attachment of the network that is not valid, then GC to the plugins if the network's version has it. Goes
 * on after a failure and throws all of them at the end, as a {@link CniError}. `undefined` when the network has it disabled.
 */
export function collectGarbage(
  runtime: Runtime,
  network: Network,
  valid: readonly ValidAttachment[],
): Collected | undefined {
  if (network.disableGC) return undefined;
  const deleted: CachedAttachment[] = [];
  const isValid = ({ containerId, ifName }: CachedAttachment) =>
    valid.some(({ containerID, ifname }) => containerID === containerId && ifname === ifName);
  const cached = listCached(runtime.cacheDir, network.name);
  const deletions = cached
    .filter((attachment) => !isValid(attachment))
    .map((stale) => () => {
      deleteStale(runtime, network, stale);
      deleted.push(stale);
    });
  const speaksGc = isAtLeast(spokenVersion(network), '1.1.0');
  const collections = (speaksGc ? network.plugins : []).map(
    (plugin) => () =>
      void callPlugin(runtime, {
        type: plugin.type,
        verb: 'GC',
        // The second key is a misprint of the first in plugins made with early releases of libcni 1.2.
        stdin: { ...requestOf(network, plugin), 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid },
      }),
  );
  attemptAll(...deletions, ...collections);
  return { deleted, kept: cached.filter(isValid) };
}

function deleteStale(runtime: Runtime, network: Network, stale: CachedAttachment): void {
  try {
    deleteFromNetwork(runtime, network, stale);
  } catch (error) {
    const { code, msg, details } = toFailure(error);
    throw new CniError(code, `delete ${stale.containerId}/${stale.ifName}: ${msg}`, { details });
  }
}

/** STATUS of each plugin, to the first that is not ready. `false` when the network's version has no STATUS. Throws {@link CniError}. */
export function askStatus(runtime: Runtime, network: Network): boolean {
  if (!isAtLeast(spokenVersion(network), '1.1.0')) return false;
  for (const plugin of network.plugins)
    callPlugin(runtime, { type: plugin.type, verb: 'STATUS', stdin: requestOf(network, plugin) });
  return true;
}

interface Injected {
  readonly attachment?: Attachment;
  readonly prevResult?: JsonObject | undefined;
}

/** A plugin's configuration with what the runtime adds to it. */
export function requestOf(
  network: Network,
  plugin: ChainedPlugin,
  { attachment, prevResult }: Injected = {},
): JsonObject {
  const capabilities = Object.entries(attachment?.capabilities ?? {});
  const declared = capabilities.filter(([name]) => plugin.capabilities.includes(name));
  return {
    ...plugin.config,
    name: network.name,
    cniVersion: spokenVersion(network),
    ...(prevResult !== undefined && { prevResult }),
    ...(declared.length > 0 && { runtimeConfig: Object.fromEntries(declared) }),
  };
}
