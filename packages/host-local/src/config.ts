import { type Cidr, contains, type Family, formatIp, type Ip, parseCidr } from '@cni/ip';
import { CniError, type Network, parsed, type ResultRoute, SPEC_VERSIONS } from '@cni/skel';
import * as z from 'zod/mini';
import type { Wish } from './allocate.ts';
import { type AddressRange, addressRange, parsePlainIp, parseSubnet, problemOf, type RangeKeys } from './range.ts';
import { familyOf, problemOfSets, type RangeSet } from './range-set.ts';

/** The `ipam` object of a configuration. */
export interface IpamConfig {
  /** The range of `subnet`, then `ranges`. */
  readonly sets: readonly RangeSet[];
  readonly routes: readonly ResultRoute[];
  readonly dataDir: string;
  /** A file as resolv.conf(5). */
  readonly resolvConf: string | undefined;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

/** What a configuration is for this plugin. */
export interface Config {
  readonly ipam: IpamConfig;
}

/** What DEL has to know. */
export interface DelConfig {
  readonly ipam: Pick<IpamConfig, 'dataDir' | 'lockTimeout'>;
}

const DEFAULT_DATA_DIR = '/var/lib/cni/networks';
const DEFAULT_LOCK_TIMEOUT = 30;

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

const rangeKeys = { rangeStart: maybeIp, rangeEnd: maybeIp, gateway: maybeIp };

type Context = z.core.ParsePayload<unknown>;

/** The range of some keys; what is wrong with them goes to the issues of the parse. */
function resolve(keys: RangeKeys, context: Context): AddressRange {
  const problem = problemOf(keys);
  if (problem === undefined) return addressRange(keys);
  const { key, value, message } = problem;
  context.issues.push({ code: 'custom', path: [key], message, input: value });
  return z.NEVER;
}

const Range: z.ZodMiniType<AddressRange> = z.pipe(
  z.object({ subnet: parsed(parseSubnet), ...rangeKeys }),
  z.transform((keys, context) => resolve(keys, context)),
);

const RangeSets = z.array(z.array(Range));

const dataDir: z.ZodMiniType<string> = z.pipe(
  maybeText as z.ZodMiniType<string | undefined, string | undefined>,
  z.transform((path) => path ?? DEFAULT_DATA_DIR),
);

const seconds = z.number().check(z.minimum(0), z.maximum(3600));

function toMilliseconds(given: number | null | undefined): number {
  return (given ?? DEFAULT_LOCK_TIMEOUT) * 1000;
}

const Ipam: z.ZodMiniType<IpamConfig> = z.pipe(
  z.object({
    subnet: maybe(parsed(parseSubnet)),
    ...rangeKeys,
    ranges: maybe(RangeSets),
    routes: maybe(z.array(Route)),
    dataDir,
    resolvConf: maybeText,
    lockTimeout: maybe(seconds),
  }),
  z.transform(({ subnet, rangeStart, rangeEnd, gateway, ranges = [], routes = [], lockTimeout, ...rest }, context) => {
    const single = subnet === undefined ? [] : [[resolve({ subnet, rangeStart, rangeEnd, gateway }, context)]];
    return { ...rest, routes, sets: [...single, ...ranges], lockTimeout: toMilliseconds(lockTimeout) };
  }),
);

/** The plugin's part of a configuration. */
export const Config: z.ZodMiniType<Config> = z.object({ ipam: Ipam });

/** Only where the addresses are: nothing else may keep DEL from freeing them. */
export const DelConfig: z.ZodMiniType<DelConfig> = z.pipe(
  z.object({ ipam: z.nullish(z.object({ dataDir, lockTimeout: z.catch(z.nullish(seconds), undefined) })) }),
  z.transform(({ ipam }) => ({
    ipam: { dataDir: ipam?.dataDir ?? DEFAULT_DATA_DIR, lockTimeout: toMilliseconds(ipam?.lockTimeout) },
  })),
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

/** The range sets of a network, those of the runtime first. Throws {@link CniError} `INVALID_CONFIG`. */
export function rangeSets({ sets }: IpamConfig, network: Network, runtimeSets: readonly RangeSet[] = []): RangeSet[] {
  const all = [...runtimeSets, ...sets];
  if (all.length === 0) throw new CniError('INVALID_CONFIG', 'ipam: no addresses given, by subnet or ranges');
  const problem = problemOfSets(all);
  if (problem !== undefined) {
    throw new CniError('INVALID_CONFIG', `ipam.ranges: range set ${problem.position} ${problem.message}`);
  }
  refuseManySets(all, network);
  return all;
}

/** Results before 0.3.0 have room for one address of a family. */
function refuseManySets(sets: readonly RangeSet[], { cniVersion }: Network): void {
  if (SPEC_VERSIONS.indexOf(cniVersion) >= SPEC_VERSIONS.indexOf('0.3.0')) return;
  for (const family of [4, 6] satisfies Family[]) {
    const count = sets.filter((set) => familyOf(set) === family).length;
    if (count > 1) {
      const message = `ipam.ranges: ${count} range sets of IPv${family}; CNI version ${cniVersion} has room for one`;
      throw new CniError('INVALID_CONFIG', message);
    }
  }
}

/** Whether an address could have come from this network's ranges, as far as subnets tell. */
export function isOfSubnets(sets: readonly RangeSet[], address: Ip): boolean {
  return sets.some((set) => set.some(({ subnet }) => contains(subnet, address)));
}
