/**
 * What was attached, in libcni's format and place, so that each can delete what the other added:
 * `<cache-dir>/results/<network>-<container id>-<interface>`.
 *
 * Source: containernetworking/cni, libcni/api.go, `cachedInfo`
 */
import { CniError, isObject, isSpecVersion, type JsonObject, parsed, parseJson, parseWith } from '@cni/skel';
import {
  findStat,
  findText,
  listDirectory,
  makeDirectories,
  pid,
  readFile,
  removeIfPresent,
  replaceFile,
  utf8,
} from '@cni/sys';
import * as z from 'zod/mini';
import type { Attachment } from './attachment.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';

const KIND = 'cniCacheV1';

/** An attachment as it was added. */
export interface CachedAttachment extends Attachment {
  readonly networkName: string;
  /** The conflist it was added with; empty in files of libcni before 0.8. */
  readonly config: Uint8Array;
  /** The answer of the last plugin, in the version of the conflist of then. */
  readonly result: JsonObject | undefined;
}

const anyObject = z.record(z.string(), z.unknown());

const Cached = z.object({
  kind: z.literal(KIND),
  containerId: z.string(),
  ifName: z.string(),
  networkName: z.string(),
  netns: z._default(z.string(), ''),
  cniArgs: z.nullish(z.array(z.tuple([z.string(), z.string()]))),
  capabilityArgs: z.nullish(anyObject),
  config: z.nullish(parsed(decodeBase64)),
  result: z.nullish(anyObject),
});

/** Which attachment of which network. */
export interface CacheKey extends Pick<Attachment, 'containerId' | 'ifName'> {
  readonly networkName: string;
}

function directoryOf(cacheDir: string): string {
  return `${cacheDir}/results`;
}

/** The file of an attachment. */
export function cachePath(cacheDir: string, { networkName, containerId, ifName }: CacheKey): string {
  return `${directoryOf(cacheDir)}/${networkName}-${containerId}-${ifName}`;
}

/** The attachment if it is in the cache. Throws {@link CniError} naming the file when that cannot be understood. */
export function findCached(cacheDir: string, key: CacheKey): CachedAttachment | undefined {
  const path = cachePath(cacheDir, key);
  const content = findText(path);
  return content === undefined ? undefined : decodeCached(path, utf8(content), key);
}

function decodeCached(path: string, bytes: Uint8Array, key: CacheKey): CachedAttachment {
  const document = parseJson(bytes, path) as JsonObject;
  if (isBareResult(document)) {
    const netns = sandboxIn(document, key.ifName);
    return { ...key, netns, cniArgs: [], capabilities: {}, config: new Uint8Array(0), result: document };
  }
  const {
    capabilityArgs,
    config,
    cniArgs,
    result,
    kind: _,
    ...rest
  } = parseWith<z.output<typeof Cached>>(Cached, document, path);
  return {
    ...rest,
    netns: rest.netns || sandboxIn(result ?? {}, rest.ifName),
    cniArgs: cniArgs ?? [],
    capabilities: capabilityArgs ?? {},
    config: config ?? new Uint8Array(0),
    result: result ?? undefined,
  };
}

/** The namespace that the result tells of, for libcni before 1.2, which does not keep it by itself; `''` where it tells of none. */
function sandboxIn({ interfaces }: JsonObject, ifName: string): string {
  if (!Array.isArray(interfaces)) return '';
  const own = interfaces.find((one) => isObject(one) && one['name'] === ifName && isPath(one['sandbox']));
  return isObject(own) ? String(own['sandbox']) : '';
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('/');
}

/** libcni before 0.8 kept nothing but the result. */
function isBareResult(document: unknown): document is JsonObject {
  if (typeof document !== 'object' || document === null || 'kind' in document) return false;
  return 'cniVersion' in document && typeof document.cniVersion === 'string' && isSpecVersion(document.cniVersion);
}

/** All attachments, or those of a network, in order of their files' names; what cannot be understood is passed over, as libcni does. */
export function listCached(cacheDir: string, networkName?: string): CachedAttachment[] {
  const directory = directoryOf(cacheDir);
  if (findStat(directory) === undefined) return [];
  return listDirectory(directory)
    .toSorted()
    .flatMap((name) => readable(`${directory}/${name}`))
    .filter((cached) => networkName === undefined || cached.networkName === networkName);
}

function readable(path: string): CachedAttachment[] {
  try {
    const bytes = readFile(path);
    return [decodeCached(path, bytes, { networkName: '', containerId: '', ifName: '' })];
  } catch {
    return [];
  }
}

/** Keeps an attachment, over what was there. Throws `SysError`. */
export function writeCached(cacheDir: string, cached: CachedAttachment): void {
  const { networkName, containerId, ifName, netns, cniArgs, capabilities, config, result } = cached;
  const document = {
    kind: KIND,
    containerId,
    config: encodeBase64(config),
    ifName,
    networkName,
    ...(netns !== '' && { netns }),
    ...(cniArgs.length > 0 && { cniArgs }),
    ...(Object.keys(capabilities).length > 0 && { capabilityArgs: capabilities }),
    ...(result !== undefined && { result }),
  };
  makeDirectories(directoryOf(cacheDir), 0o700);
  // Not in `results`: whatever lies there is an attachment.
  replaceFile(cachePath(cacheDir, cached), JSON.stringify(document), `${cacheDir}/.cnictl-${pid()}`);
}

/** Forgets an attachment. Throws `SysError`; it is no error when it is not there. */
export function removeCached(cacheDir: string, key: CacheKey): void {
  removeIfPresent(cachePath(cacheDir, key));
}

/** The error for an attachment that should be in the cache. */
export function notCached(cacheDir: string, key: CacheKey): CniError {
  const what = `${key.ifName} of ${key.containerId} is not attached to ${key.networkName}`;
  return new CniError('UNKNOWN_CONTAINER', `${what}: no ${cachePath(cacheDir, key)}`);
}
