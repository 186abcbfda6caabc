import * as z from 'zod/mini';
import { isIdentifier, type Verb } from './environment.ts';
import { CniError } from './error.ts';
import { withFastPath } from './fast-path.ts';
import { isObject, type JsonObject, own, parseJson } from './json.ts';
import type { Network, ValidAttachment } from './plugin.ts';
import { type Dns, decodeResult, dns, type Result } from './result.ts';
import { parseWith, quote } from './schema.ts';
import { isAtLeast, isSpecVersion, SPEC_VERSIONS, type SpecVersion } from './versions.ts';

/** A request is some hundred bytes to some thousand, but GC names every attachment of the node in a hundred bytes each. */
export const LARGEST_REQUEST = 8_388_608;

/** What stdin held. */
export interface Request {
  /** As received: this is what a delegate is given. */
  readonly bytes: Uint8Array;
  readonly document: JsonObject;
}

/** Decodes stdin. Throws {@link CniError} `UNDECODABLE`. */
export function decodeRequest(bytes: Uint8Array): Request {
  if (bytes.length > LARGEST_REQUEST)
    throw new CniError('UNDECODABLE', `configuration on stdin: larger than ${LARGEST_REQUEST} bytes`);
  const document = parseJson(bytes, 'configuration on stdin');
  if (!isObject(document))
    throw new CniError('UNDECODABLE', `configuration on stdin: expected object (got ${quote(document)})`);
  return { bytes, document };
}

/** The version that is asked for, `0.1.0` when none is; any text. Throws {@link CniError} `UNDECODABLE` for another type. */
export function requestedVersion({ document }: Request): string {
  return textMember(document, 'cniVersion') || '0.1.0';
}

/** The network's name. Throws {@link CniError} `INVALID_CONFIG`, or `UNDECODABLE` for what is no text. */
export function networkName({ document }: Request): string {
  const name = textMember(document, 'name');
  if (name === '') throw new CniError('INVALID_CONFIG', 'name: required');
  if (isIdentifier(name)) return name;
  const expected = 'expected a letter or digit followed by letters, digits, "_", "." and "-"';
  throw new CniError('INVALID_CONFIG', `name: ${expected} (got ${quote(name)})`);
}

function textMember(document: JsonObject, key: string): string {
  const value = own(document, key) ?? '';
  if (typeof value !== 'string') throw new CniError('UNDECODABLE', `${key}: expected string (got ${quote(value)})`);
  return value;
}

/** The first version of the specification that has a verb. */
const SINCE: ReadonlyMap<Verb, SpecVersion> = new Map([
  ['CHECK', '0.4.0'],
  ['GC', '1.1.0'],
  ['STATUS', '1.1.0'],
]);

/** The version to speak, if `verb` is in it and the plugin knows it. Throws {@link CniError} `INCOMPATIBLE_VERSION`. */
export function negotiate(requested: string, verb: Verb, versions: readonly SpecVersion[]): SpecVersion {
  const since = SINCE.get(verb) ?? SPEC_VERSIONS[0];
  if (isSpecVersion(requested) && !isAtLeast(requested, since))
    throw incompatible(requested, `${verb} is not in it, only in ${since} and later`);
  if (isSpecVersion(requested) && versions.includes(requested)) return requested;
  throw incompatible(requested, `expected one of ${versions.join(', ')}`);
}

function incompatible(requested: string, reason: string): CniError {
  return new CniError('INCOMPATIBLE_VERSION', `cniVersion: ${quote(requested)}: ${reason}`);
}

const anyObject = z.record(z.string(), z.unknown());
const absolutePath = z.string().check(z.regex(/^\//, 'expected an absolute path'));

const ipam = z.nullish(z.object({ type: z.nullish(z.string()) }));
const logFile = z.nullish(absolutePath);
const logLevel = z.nullish(z.enum(['error', 'info', 'debug']));

/** The keys of the protocol that every verb reads. */
const Common = withFastPath(z.object({ type: z.nullish(z.string()), ipam, logFile, logLevel }));

/** The same for DEL: with a wrong value there no ADD has succeeded, so there is nothing that it could keep DEL from. */
const Lenient = withFastPath(
  z.object({
    ipam: z.catch(ipam, undefined),
    logFile: z.catch(logFile, undefined),
    logLevel: z.catch(logLevel, undefined),
  }),
);

/** The keys of the protocol for more than tidying up. */
const Attach = withFastPath(
  z.object({
    args: z.nullish(z.object({ cni: z.nullish(anyObject) })),
    runtimeConfig: z.nullish(anyObject),
    capabilities: z.nullish(anyObject),
  }),
);

const VALID_ATTACHMENTS = 'cni.dev/valid-attachments';

const Gc = z.object({
  [VALID_ATTACHMENTS]: z.nullish(z.array(z.object({ containerID: z.string(), ifname: z.string() }))),
});

/** The protocol's part of a configuration, and where to log. */
export interface CommonKeys {
  readonly ipam?: { readonly type?: string | null | undefined } | null | undefined;
  readonly logFile?: string | null | undefined;
  readonly logLevel?: 'error' | 'info' | 'debug' | null | undefined;
}

/** Throws {@link CniError} `INVALID_CONFIG`, as all that follow. */
export function commonKeys({ document }: Request, verb: Verb): CommonKeys {
  return parseWith<CommonKeys>(verb === 'DEL' ? Lenient : Common, document);
}

/** What the runtime says beside the plugin's own configuration. */
export interface AttachKeys {
  readonly runtimeConfig: JsonObject;
  readonly argsCni: JsonObject;
  readonly dns: Dns | undefined;
}

export function attachKeys({ document }: Request): AttachKeys {
  const { args, runtimeConfig } = parseWith(Attach, document);
  const configured = own(document, 'dns') ?? undefined;
  return {
    runtimeConfig: runtimeConfig ?? {},
    argsCni: args?.cni ?? {},
    dns: configured === undefined ? undefined : dns.decode(configured, 'dns'),
  };
}

/** The result of the plugins before this one (ADD) or of the whole chain. */
export function previousResult({ document }: Request, { cniVersion }: Network): Result | undefined {
  const value = own(document, 'prevResult') ?? undefined;
  return value === undefined ? undefined : decodeResult(value, cniVersion, 'prevResult');
}

/** What is still in use; no list means that nothing is. */
export function validAttachments({ document }: Request): ValidAttachment[] {
  const listed = parseWith(Gc, document)[VALID_ATTACHMENTS] ?? [];
  return listed.map(({ containerID, ifname }) => ({ containerId: containerID, ifName: ifname }));
}
