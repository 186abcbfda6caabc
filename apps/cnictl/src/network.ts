import {
  CniError,
  isIdentifier,
  isSpecVersion,
  type JsonObject,
  parsed,
  parseJson,
  parseWith,
  SPEC_VERSIONS,
  type SpecVersion,
} from '@cni/skel';
import { utf8 } from '@cni/sys';
import * as z from 'zod/mini';

/** One plugin of a network. */
export interface ChainedPlugin {
  readonly type: string;
  /** Names of the capabilities it says it has. */
  readonly capabilities: readonly string[];
  /** Its configuration as written. */
  readonly config: JsonObject;
}

/** What a conflist says. */
export interface Network {
  readonly name: string;
  /** The one to speak; any text. See {@link spokenVersion}. */
  readonly cniVersion: string;
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
  /** Files beside the conflist bring no further plugins. */
  readonly loadOnlyInlinedPlugins: boolean;
  readonly plugins: readonly ChainedPlugin[];
  /** The conflist as written: what the cache keeps. */
  readonly bytes: Uint8Array;
}

const identifier = z
  .string()
  .check(z.refine(isIdentifier, 'expected a letter or digit followed by letters, digits, "_", "." and "-"'));

/** libcni takes the words as well. */
const flag = z.nullish(
  z.union([
    z.boolean(),
    parsed((text) => {
      if (!/^(true|false)$/i.test(text)) throw new Error('expected true or false');
      return text.toLowerCase() === 'true';
    }),
  ]),
);

const versionLike = z.string().check(z.regex(/^\d+(\.\d+){0,2}$/, 'expected a version such as 1.1.0'));

const Plugin = z.looseObject({
  type: z.string().check(z.regex(/^(?!\.\.?$)[^/]+$/, 'expected the name of a plugin, not a path')),
  capabilities: z.nullish(z.record(z.string(), z.boolean())),
});

const Conflist = z.looseObject({
  name: identifier,
  cniVersion: z.nullish(z.string()),
  cniVersions: z.nullish(z.array(versionLike)),
  disableCheck: flag,
  disableGC: flag,
  loadOnlyInlinedPlugins: flag,
  plugins: z.nullish(z.array(Plugin).check(z.minLength(1))),
});

/** Reads a conflist. Throws {@link CniError} with the key that is wrong. */
export function parseNetwork(bytes: Uint8Array): Network {
  const document = parseJson(bytes, 'the conflist');
  const { name, plugins, ...keys } = parseWith(Conflist, document);
  const written = (document as { readonly plugins?: readonly JsonObject[] }).plugins;
  const loadOnlyInlinedPlugins = keys.loadOnlyInlinedPlugins ?? false;
  if (loadOnlyInlinedPlugins && plugins == null)
    throw new CniError('INVALID_CONFIG', 'plugins: required with loadOnlyInlinedPlugins');
  return {
    name,
    cniVersion: newestOf(keys.cniVersions ?? [], keys.cniVersion || '0.1.0'),
    disableCheck: keys.disableCheck ?? false,
    disableGC: keys.disableGC ?? false,
    loadOnlyInlinedPlugins,
    plugins: (plugins ?? []).map((plugin, index) => chained(plugin, written?.[index] ?? {})),
    bytes,
  };
}

/** Reads the configuration of one plugin, as in a file of its own. Throws {@link CniError}. */
export function parsePlugin(bytes: Uint8Array): ChainedPlugin {
  const document = parseJson(bytes, 'the plugin');
  return chained(parseWith(Plugin, document), document as JsonObject);
}

function chained({ type, capabilities }: z.output<typeof Plugin>, config: JsonObject): ChainedPlugin {
  const declared = Object.entries(capabilities ?? {}).filter(([, has]) => has);
  return { type, capabilities: declared.map(([name]) => name), config };
}

/** Of all that are named the newest that exists; if none does, `cniVersion` as it stands. */
function newestOf(cniVersions: readonly string[], cniVersion: string): string {
  if (cniVersions.length === 0) return cniVersion;
  const named = new Set([...cniVersions, cniVersion]);
  return SPEC_VERSIONS.findLast((version) => named.has(version)) ?? cniVersion;
}

/** A conflist around a single plugin's configuration, the form of networks before 0.3.0. */
export function upconvert({ config }: ChainedPlugin): Network {
  const { name, cniVersion } = config;
  return parseNetwork(utf8(JSON.stringify({ name, cniVersion, plugins: [config] })));
}

/** The version of the network, if it is one that can be spoken. Throws {@link CniError} `INCOMPATIBLE_VERSION`. */
export function spokenVersion({ cniVersion }: Network): SpecVersion {
  if (isSpecVersion(cniVersion)) return cniVersion;
  const message = `cniVersion: expected one of ${SPEC_VERSIONS.join(', ')} (got "${cniVersion}")`;
  throw new CniError('INCOMPATIBLE_VERSION', message);
}
