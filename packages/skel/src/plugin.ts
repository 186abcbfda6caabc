import type { Netns } from '@cni/sys';
import type * as z from 'zod/mini';
import type { CniArgs } from './cni-args.ts';
import { withFastPath } from './fast-path.ts';
import type { Ipam } from './ipam.ts';
import type { Dns, Result } from './result.ts';
import type { Schema } from './schema.ts';
import { type Spelling, spellingOf } from './spelling.ts';
import type { Undo } from './undo.ts';
import { SPEC_VERSIONS, type SpecVersion } from './versions.ts';

/** The network that a configuration describes. */
export interface Network {
  readonly name: string;
  /** The version that was asked for. */
  readonly cniVersion: SpecVersion;
}

/** One container on one network, by one interface. */
export interface Attachment {
  readonly containerId: string;
  readonly ifName: string;
  /** CNI_NETNS as given; DEL may be given none: ''. */
  readonly sandbox: string;
}

/** An attachment that is still in use, as GC is told. */
export type ValidAttachment = Pick<Attachment, 'containerId' | 'ifName'>;

interface EveryCall<Config> {
  readonly config: Config;
  readonly network: Network;
  /** `undefined` when the configuration has no `ipam.type`, and in an IPAM plugin. */
  readonly ipam: Ipam | undefined;
}

/** What CHECK is given. */
export interface CheckCall<Config, RuntimeConfig, ArgsCni, ArgKey extends string> extends EveryCall<Config> {
  readonly attachment: Attachment;
  /** Open until the command ends. */
  readonly netns: Netns;
  /** See `neededPrevResult`. */
  readonly prevResult: Result | undefined;
  readonly args: CniArgs<ArgKey>;
  readonly runtimeConfig: RuntimeConfig;
  readonly argsCni: ArgsCni;
  /** The configuration's own. */
  readonly dns: Dns | undefined;
}

/** What ADD is given. */
export interface AddCall<Config, RuntimeConfig, ArgsCni, ArgKey extends string>
  extends CheckCall<Config, RuntimeConfig, ArgsCni, ArgKey> {
  /** Unwound in reverse if ADD throws. */
  readonly undo: Undo;
}

/** What DEL is given: little may be there any more. */
export interface DelCall<DelConfig> extends EveryCall<DelConfig> {
  readonly attachment: Attachment;
  /** `undefined` when the path is empty or gone, or is the plugin's own namespace. */
  readonly netns: Netns | undefined;
  readonly prevResult: Result | undefined;
}

/** What GC is given. */
export interface GcCall<Config> extends EveryCall<Config> {
  /** Everything else of this network is stale. */
  readonly validAttachments: readonly ValidAttachment[];
}

/** What STATUS is given. */
export type StatusCall<Config> = EveryCall<Config>;

/** Nothing is known of a configuration that no schema was given for. */
export type NoKeys = Readonly<Record<never, never>>;

/** What a verb without a result returns. Plain `void` would let a promise pass, and nobody would wait for it. */
// biome-ignore lint/suspicious/noConfusingVoidType: undefined alone would forbid functions that return nothing
export type Nothing = void | undefined;

/** Everything that a plugin is. Verbs are functions: they return or throw. */
export interface PluginDefinition<
  Config,
  DelConfig = NoKeys,
  RuntimeConfig = undefined,
  ArgsCni = undefined,
  ArgKey extends string = never,
> {
  /** As in `type` of a configuration. */
  readonly name: string;
  /** One sentence for somebody who starts the plugin in a terminal. */
  readonly about: string;
  /** Default: all. */
  readonly versions?: readonly SpecVersion[];
  /** An IPAM plugin: the configuration's `ipam` is its own, it delegates nothing, and the namespace need not be there. */
  readonly role?: 'ipam';
  /** The plugin's own keys; unknown keys should pass. The keys of the protocol are looked after. */
  readonly config: Schema<Config>;
  /** Letter case does not matter in `config`, and `null` means absent: as in plugins in Go, whose configurations exist already. */
  readonly caselessKeys?: boolean;
  /** What DEL needs of the configuration. Absent: nothing, and DEL cannot fail on a wrong key. */
  readonly delConfig?: Schema<DelConfig>;
  /** Capabilities, by their names. Letter case does not matter and `null` means absent. */
  readonly runtimeConfig?: Schema<RuntimeConfig>;
  /** `args.cni` of the configuration, read as `runtimeConfig` is. */
  readonly argsCni?: Schema<ArgsCni>;
  /** The keys of CNI_ARGS that are understood. Absent: the variable is not looked at. */
  readonly cniArgs?: readonly ArgKey[];
  /** Called before a verb that is watched (CNI_DEBUG, or `logLevel` debug) with where to put lines; after each verb, with nothing. */
  readonly trace?: (sink: ((line: string) => void) | undefined) => void;
  add(call: AddCall<Config, RuntimeConfig, ArgsCni, ArgKey>): Result;
  del(call: DelCall<DelConfig>): Nothing;
  check(call: CheckCall<Config, RuntimeConfig, ArgsCni, ArgKey>): Nothing;
  /** Absent: forwarded to the IPAM plugin. */
  gc?(call: GcCall<Config>): Nothing;
  /** Absent: forwarded to the IPAM plugin. */
  status?(call: StatusCall<Config>): Nothing;
}

/** A definition whose types have done their work. */
export type AnyDefinition = PluginDefinition<unknown, unknown, unknown, unknown, string>;

/** A plugin as a value: run it as a program with `run`, or as a function of environment and input with `execute`. */
export interface Plugin {
  readonly name: string;
  /** Oldest first. */
  readonly versions: readonly SpecVersion[];
  readonly definition: AnyDefinition;
  readonly respell: { readonly config: Spelling; readonly runtimeConfig: Spelling; readonly argsCni: Spelling };
}

/** Members that `Shape` does not have, also within lists and objects, are of type never: TypeScript itself lets them pass here. */
type Exact<T, Shape> = T extends readonly (infer Item)[]
  ? Shape extends readonly (infer ShapeItem)[]
    ? Exact<Item, ShapeItem>[]
    : never
  : T extends object
    ? { [Key in keyof T]: Key extends keyof Shape ? Exact<T[Key], NonNullable<Shape[Key]>> : never }
    : T;

/** A promise would pass for a result: all its members are optional. */
interface NoPromise {
  readonly then?: never;
}

/** Makes a plugin of its parts. What each verb is given follows from the schemas. */
export function definePlugin<
  Config extends z.core.$ZodType,
  DelConfig extends z.core.$ZodType = Schema<NoKeys>,
  RuntimeConfig extends z.core.$ZodType = Schema<undefined>,
  ArgsCni extends z.core.$ZodType = Schema<undefined>,
  const ArgKey extends string = never,
  Returned extends object = Result,
>(
  definition: PluginDefinition<
    z.output<Config>,
    z.output<DelConfig>,
    z.output<RuntimeConfig>,
    z.output<ArgsCni>,
    ArgKey
  > & {
    config: Config;
    delConfig?: DelConfig;
    runtimeConfig?: RuntimeConfig;
    argsCni?: ArgsCni;
    add: (call: never) => Returned & Exact<Returned, Result> & NoPromise;
  },
): Plugin {
  const { name, versions = SPEC_VERSIONS, config, delConfig, caselessKeys, runtimeConfig, argsCni } = definition;
  for (const schema of [config, delConfig, runtimeConfig, argsCni]) if (schema !== undefined) withFastPath(schema);
  const asIs: Spelling = (value) => value;
  return {
    name,
    versions: SPEC_VERSIONS.filter((version) => versions.includes(version)),
    definition: definition as unknown as AnyDefinition,
    respell: {
      config: caselessKeys ? spellingOf(config) : asIs,
      runtimeConfig: runtimeConfig === undefined ? asIs : spellingOf(runtimeConfig),
      argsCni: argsCni === undefined ? asIs : spellingOf(argsCni),
    },
  };
}
