import { type Cidr, formatIp, type Ip, type Range as IpRange, parseCidr } from '@cni/ip';
import { CniError, parsed, type ResultRoute } from '@cni/skel';
import * as z from 'zod/mini';
import type { Wish } from './allocate.ts';
import {
  type AddressRange,
  addressRanges,
  parseItem,
  parsePlainIp,
  parseSubnet,
  problemOf,
  type RangeKeys,
} from './range.ts';
import type { RangeSet } from './range-set.ts';

/** The `ipam` object of a configuration. */
export interface IpamConfig {
  /** The range of `subnet`, then `ranges`. */
  readonly sets: readonly RangeSet[];
  readonly pools: Readonly<Record<string, PoolConfig>>;
  /** A file with more pools; those of the configuration go before those of the same name. */
  readonly poolsFile: string | undefined;
  /** Names of pools, in the order of trying. */
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** Never handed out, wherever they are. */
  readonly reserved: readonly IpRange[];
  readonly routes: readonly ResultRoute[];
  /** Whether other networks of this node may use the same addresses. */
  readonly isolated: boolean;
  /** Whether the network is asked for an address before it is handed out. */
  readonly probe: boolean;
  /** The link to ask on, if it does. */
  readonly probeMaster: string;
  readonly dataDir: string;
  /** A file as resolv.conf(5). */
  readonly resolvConf: string | undefined;
  /** How long a freed address rests, in milliseconds. */
  readonly reuseDelay: number;
  /** How long a freed address is kept for the pod that had it, in milliseconds. */
  readonly sticky: number;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

/** A pool as configured. */
export interface PoolConfig {
  readonly ranges: RangeSet;
  readonly routes: readonly ResultRoute[];
}

/** What a configuration is for this plugin. */
export interface Config {
  readonly ipam: IpamConfig;
}

/** Where and how addresses are stored. */
export type StorageConfig = Pick<IpamConfig, 'dataDir' | 'lockTimeout' | 'reuseDelay' | 'sticky'>;

/** What DEL has to know. */
export interface DelConfig {
  readonly ipam: StorageConfig;
}

const DEFAULT_DATA_DIR = '/var/lib/cni/networks';
const DEFAULT_LOCK_TIMEOUT = 30;
const DEFAULT_REUSE_DELAY = 10;

/** A key that may be missing or null. */
function maybe<T>(schema: z.ZodMiniType<T>): z.ZodMiniType<T | undefined> {
  return z.pipe(
    z.nullish(schema),
    z.transform((value) => value ?? undefined),
  );
}

/** A key that may be missing, null or empty. */
const maybeText: z.ZodMiniType<string | undefined> = z.pipe(
  z.nullish(z.string()),
  z.transform((text) => text || undefined),
);

const maybeIp: z.ZodMiniType<Ip | undefined> = z.pipe(
  maybeText as z.ZodMiniType<string | undefined, string | undefined>,
  z.optional(parsed(parsePlainIp)),
);

const maybeCount = maybe(z.int().check(z.minimum(0)));

/** Absent members are not there, rather than `undefined`. */
function withoutAbsent(
  route: { dst: Cidr } & { [Key in Exclude<keyof ResultRoute, 'dst'>]?: ResultRoute[Key] | undefined },
): ResultRoute {
  const present = Object.entries(route).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(present), dst: route.dst };
}

const Route: z.ZodMiniType<ResultRoute> = z.pipe(
  z.object({
    dst: parsed(parseCidr),
    gw: maybeIp,
    mtu: maybeCount,
    advmss: maybeCount,
    priority: maybeCount,
    table: maybeCount,
    scope: maybeCount,
  }),
  z.transform((route) => withoutAbsent(route)),
);

const Items = maybe(z.array(parsed(parseItem)));

const rangeKeys = { rangeStart: maybeIp, rangeEnd: maybeIp, gateway: maybeIp, ips: Items, exclude: Items };

type Context = z.core.ParsePayload<unknown>;

/** The ranges that some keys stand for; what is wrong with them goes to the issues of the parse. */
function resolve(keys: RangeKeys, context: Context): AddressRange[] {
  const problem = problemOf(keys);
  if (problem === undefined) return addressRanges(keys);
  const { key, value, message } = problem;
  context.issues.push({ code: 'custom', path: [key], message, input: value });
  return z.NEVER;
}

const Range: z.ZodMiniType<AddressRange[]> = z.pipe(
  z.object({ subnet: parsed(parseSubnet), ...rangeKeys }),
  z.transform((keys, context) => resolve(keys, context)),
);

const RangeSets: z.ZodMiniType<RangeSet[]> = z.array(
  z.pipe(
    z.array(Range),
    z.transform((ranges) => ranges.flat()),
  ),
);

const poolName = z
  .string()
  .check(z.regex(/^[a-zA-Z][\w.-]*$/, 'expected a letter, then letters, digits, "_", "." and "-"'));

const Pool: z.ZodMiniType<PoolConfig> = z.pipe(
  z.object({ subnet: parsed(parseSubnet), ...rangeKeys, routes: maybe(z.array(Route)) }),
  z.transform(({ routes = [], ...keys }, context) => ({ ranges: resolve(keys, context), routes })),
);

/** Pools by name. */
export const Pools: z.ZodMiniType<Record<string, PoolConfig>> = z.record(poolName, Pool);

const PoolNames = maybe(z.array(z.string()));

const dataDir: z.ZodMiniType<string> = z.pipe(
  z.nullish(z.string()),
  z.transform((path) => path || DEFAULT_DATA_DIR),
);

const HOUR = 3600;
const THIRTY_DAYS = 30 * 24 * HOUR;

/** Seconds as configured, in milliseconds. */
function duration(fallback: number, longest: number = HOUR): z.ZodMiniType<number> {
  return z.pipe(
    z.nullish(z.number().check(z.minimum(0), z.maximum(longest))),
    z.transform((given) => (given ?? fallback) * 1000),
  );
}

const lockTimeout = duration(DEFAULT_LOCK_TIMEOUT);
const reuseDelay = duration(DEFAULT_REUSE_DELAY);
const sticky = duration(0, THIRTY_DAYS);

const Ipam: z.ZodMiniType<IpamConfig> = z.pipe(
  z.object({
    subnet: maybe(parsed(parseSubnet)),
    ...rangeKeys,
    ranges: maybe(RangeSets),
    pools: maybe(Pools),
    poolsFile: maybeText,
    ipv4: PoolNames,
    ipv6: PoolNames,
    reserved: Items,
    isolated: maybe(z.boolean()),
    probe: maybe(z.boolean()),
    probeMaster: maybeText,
    routes: maybe(z.array(Route)),
    dataDir,
    resolvConf: maybeText,
    lockTimeout,
    reuseDelay,
    sticky,
  }),
  z.transform((keys, context) => {
    const { subnet, rangeStart, rangeEnd, gateway, ips, exclude, ranges = [], reserved = [] } = keys;
    const range = { rangeStart, rangeEnd, gateway, ips, exclude };
    return {
      sets: subnet === undefined ? ranges : [resolve({ subnet, ...range }, context), ...ranges],
      pools: keys.pools ?? {},
      poolsFile: keys.poolsFile,
      ipv4: keys.ipv4 ?? [],
      ipv6: keys.ipv6 ?? [],
      reserved: reserved.map((item) => item.range),
      routes: keys.routes ?? [],
      isolated: keys.isolated ?? false,
      probe: keys.probe ?? false,
      probeMaster: keys.probeMaster ?? '',
      dataDir: keys.dataDir,
      resolvConf: keys.resolvConf,
      reuseDelay: keys.reuseDelay,
      sticky: keys.sticky,
      lockTimeout: keys.lockTimeout,
    };
  }),
);

const LINK_NAME = /^(?!\.{1,2}$)[^\s/:]{1,15}$/;

/** The plugin's part of a configuration. */
export const Config: z.ZodMiniType<Config> = z.pipe(
  z.object({ ipam: Ipam, master: z.catch(maybeText, undefined) }),
  z.transform(({ ipam, master = '' }, context) => {
    if (!ipam.probe) return { ipam };
    const probeMaster = ipam.probeMaster || master;
    if (LINK_NAME.test(probeMaster)) return { ipam: { ...ipam, probeMaster } };
    const message = `expected the name of a link, since probe is set; without it that of master`;
    context.issues.push({ code: 'custom', path: ['ipam', 'probeMaster'], message, input: probeMaster });
    return z.NEVER;
  }),
);

/** What is wrong elsewhere must not keep DEL from freeing addresses. */
const Storage = z.object({
  dataDir,
  lockTimeout: z.catch(lockTimeout, DEFAULT_LOCK_TIMEOUT * 1000),
  reuseDelay: z.catch(reuseDelay, DEFAULT_REUSE_DELAY * 1000),
  sticky: z.catch(sticky, 0),
});

const NO_KEYS: StorageConfig = z.parse(Storage, {});

/** Only where and how addresses are stored. */
export const DelConfig: z.ZodMiniType<DelConfig> = z.pipe(
  z.object({ ipam: z.nullish(Storage) }),
  z.transform(({ ipam }) => ({ ipam: ipam ?? NO_KEYS })),
);

/** Capabilities: range sets that go before the configured ones, and wishes. */
export interface RuntimeConfig {
  readonly ipRanges: readonly RangeSet[];
  readonly ips: readonly Ip[];
}

/** `args.cni` of a configuration. */
export interface ArgsCni {
  readonly ips: readonly Ip[];
}

/** Parses a wish: an address, of which a prefix length is passed over. Throws `Error` naming the text. */
export function parseWish(text: string): Ip {
  return text.includes('/') ? parsePlainCidr(text).ip : parsePlainIp(text);
}

function parsePlainCidr(text: string): Cidr {
  const { ip, prefixLength } = parseCidr(text);
  return { ip: parsePlainIp(formatIp(ip)), prefixLength };
}

const wishes = z.pipe(
  maybe(z.array(parsed(parseWish))),
  z.transform((ips) => ips ?? []),
);

/** What the runtime may say by capabilities. */
export const RuntimeConfig: z.ZodMiniType<RuntimeConfig> = z.object({
  ipRanges: z.pipe(
    maybe(RangeSets),
    z.transform((sets) => sets ?? []),
  ),
  ips: wishes,
});

/** What may be said in `args.cni`. */
export const ArgsCni: z.ZodMiniType<ArgsCni> = z.object({ ips: wishes });

/** What was asked for: by `args.cni` and by capability together; CNI_ARGS counts only where neither says anything. */
export function wishesOf(argsCni: ArgsCni, runtimeConfig: RuntimeConfig, ipArgument: string | undefined): Wish[] {
  const wished = [
    ...argsCni.ips.map((ip) => ({ ip, source: 'args.cni.ips' })),
    ...runtimeConfig.ips.map((ip) => ({ ip, source: 'runtimeConfig.ips' })),
  ];
  return wished.length > 0 || !ipArgument ? wished : [{ ip: parseArgument(ipArgument), source: 'CNI_ARGS IP' }];
}

function parseArgument(text: string): Ip {
  try {
    return parseWish(text);
  } catch (error) {
    throw new CniError('INVALID_ENVIRONMENT', `CNI_ARGS IP: ${(error as Error).message}`);
  }
}
