import { type Cidr, formatCidr, formatIp, hostCidr, parseCidr, parseIp, subnetOf } from '@cni/ip';
import { parsed, type Schema } from '@cni/skel';
import * as z from 'zod/mini';

/** A route by a gateway of the pod's network. */
export interface PolicyRoute {
  /** As `10.2.0.0/16`. */
  readonly dst: string;
  readonly gw: string;
}

/** How often and how long somebody is asked for. Milliseconds. */
export interface DetectOptions {
  readonly retries: number;
  readonly interval: number;
  readonly timeout: number;
}

/** The keys of a `coordinator` configuration, beside those of the protocol. Addresses and subnets are texts in their usual form. */
export interface Config {
  readonly mode: 'auto' | 'underlay' | 'overlay' | 'disable';
  /** The interface that a pod gets first. */
  readonly podDefaultCniNic: string;
  /** The interface that has the default route; the one that had it first unless given. */
  readonly podDefaultRouteNic?: string | undefined;
  /** Whether each interface beside that of the default route gets a routing table of its own. */
  readonly tunePodRoutes: boolean;
  /** Of `veth0`. */
  readonly vethLinkAddress?: string | undefined;
  /** Bytes; that of the pod's interface unless given. */
  readonly vethMTU?: number | undefined;
  /** The first two bytes of the interface's new MAC address. */
  readonly podMACPrefix?: string | undefined;
  readonly overlayPodCIDR: readonly string[];
  readonly serviceCIDR: readonly string[];
  readonly hijackCIDR: readonly string[];
  readonly policyRoutes: readonly PolicyRoute[];
  /** The node's addresses, if they are not to be looked for. */
  readonly hostIPs: readonly string[];
  /** Names of links of the node, if its addresses are to be looked for on these alone. */
  readonly hostInterfaces: readonly string[];
  /** Of the node, with the routes to its pods. */
  readonly hostRuleTable: number;
  /** `undefined`: as it is. */
  readonly podRPFilter: 0 | 1 | 2 | undefined;
  /** Packets; 0: as it is. */
  readonly txQueueLen: number;
  /** Whether connections that came by the node are answered by it. */
  readonly replyViaVeth: boolean;
  /** The bit of connection and packet marks that tells them. */
  readonly replyMark: number;
  readonly detectIPConflict: boolean;
  readonly detectGateway: boolean;
  readonly detectOptions: DetectOptions;
}

/** IFNAMSIZ less its NUL. */
const NAME_MAX = 15;
const MTU_MIN = 68;
const MTU_MAX = 65_535;
const QUEUE_MAX = 1_000_000;
const TABLE_MAX = 0xffffffff;
/** default, main and local, linux/rtnetlink.h */
const KERNEL_TABLES: readonly number[] = [253, 254, 255];

/** Runtimes and generators write `""` for what is not there. */
function unlessEmpty<T>(parse: (text: string) => T): z.ZodMiniType<T | undefined, string> {
  return parsed((text) => (text === '' ? undefined : parse(text)));
}

const LinkName = z.string().check(z.minLength(1), z.maxLength(NAME_MAX));
const LinkNameIfAny = z.optional(
  z.pipe(
    z.string().check(z.maxLength(NAME_MAX)),
    z.transform((name) => name || undefined),
  ),
);

function prefixOf(text: string): Cidr {
  const trimmed = text.trim();
  return trimmed.includes('/') ? subnetOf(parseCidr(trimmed)) : hostCidr(parseIp(trimmed));
}

const Subnet = parsed((text) => formatCidr(prefixOf(text)));
const Subnets = z._default(z.array(Subnet), []);
const addressOf = (text: string) => formatIp(parseIp(text.trim()));
const Address = parsed(addressOf);

const PolicyRoute = z.object({ dst: Subnet, gw: Address }).check(
  z.refine(({ dst, gw }) => dst.includes(':') === gw.includes(':'), {
    error: 'dst and gw are of different families',
    path: ['gw'],
  }),
);

/** Two bytes of a MAC address that is nobody's group. */
function parseMacPrefix(text: string): string {
  if (!/^[0-9a-f]{2}:[0-9a-f]{2}$/i.test(text)) throw new Error(`"${text}" is not two bytes such as 0a:1b`);
  if (Number.parseInt(text.slice(0, 2), 16) & 1)
    throw new Error(`"${text}" is a multicast prefix: its first byte is odd`);
  return text.toLowerCase();
}

const MILLISECONDS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3 };
const DURATION_MAX = 10_000;

/** A time as Go and people write it, or a number of milliseconds. */
function parseDuration(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(us|ms|s)$/.exec(text) ?? [];
  const time = Math.round(Number(digits) * (MILLISECONDS[unit] ?? Number.NaN));
  if (!(time >= 1 && time <= DURATION_MAX)) throw new Error(`"${text}" is not a time of 1ms to 10s, such as 100ms`);
  return time;
}

const Duration = parsed(parseDuration);
const DETECT: DetectOptions = { retries: 3, interval: 60, timeout: 100 };

const isBit = (value: number) => value > 0 && (value & (value - 1)) === 0;

/** Away from those that pods use: Istio marks packets with 0x539, Kubernetes with 0x4000 and 0x8000. */
const REPLY_MARK = 0x10000000;

/** Other plugins of that name know these; they have no meaning here. */
const ignored = {
  multusNicPrefix: z.optional(z.unknown()),
  hostRPFilter: z.optional(z.unknown()),
  logOptions: z.optional(z.unknown()),
};

const Keys = z.object({
  mode: z._default(z.enum(['auto', 'underlay', 'overlay', 'disable', 'disabled', '']), 'auto'),
  podDefaultCniNic: LinkNameIfAny,
  podDefaultRouteNic: LinkNameIfAny,
  tunePodRoutes: z._default(z.boolean(), true),
  vethLinkAddress: z.optional(unlessEmpty((text) => (text === 'auto' ? text : addressOf(text)))),
  vethMTU: z.optional(z.int().check(z.minimum(MTU_MIN), z.maximum(MTU_MAX))),
  podMACPrefix: z.optional(unlessEmpty(parseMacPrefix)),
  overlayPodCIDR: Subnets,
  serviceCIDR: Subnets,
  hijackCIDR: z._default(z.array(Subnet), ['169.254.0.0/16']),
  policyRoutes: z._default(z.array(PolicyRoute), []),
  hostIPs: z._default(z.array(Address), []),
  hostInterfaces: z._default(z.array(LinkName), []),
  hostRuleTable: z._default(
    z.int().check(
      z.minimum(0),
      z.maximum(TABLE_MAX),
      z.refine((table) => !KERNEL_TABLES.includes(table), {
        error: "expected none of the kernel's own tables, 253 to 255",
      }),
    ),
    0,
  ),
  podRPFilter: z._default(z.union([z.literal(-1), z.literal(0), z.literal(1), z.literal(2)]), 0),
  txQueueLen: z._default(z.int().check(z.minimum(0), z.maximum(QUEUE_MAX)), 0),
  replyViaVeth: z._default(z.boolean(), true),
  replyMark: z._default(
    z.int().check(z.maximum(0x80000000), z.refine(isBit, { error: 'expected a single bit, such as 268435456' })),
    REPLY_MARK,
  ),
  detectIPConflict: z._default(z.boolean(), false),
  detectGateway: z._default(z.boolean(), false),
  detectOptions: z._default(
    z.object({
      retries: z._default(z.int().check(z.minimum(1), z.maximum(10)), DETECT.retries),
      interval: z._default(Duration, DETECT.interval),
      timeout: z._default(Duration, DETECT.timeout),
    }),
    DETECT,
  ),
  podCIDRType: z.optional(z.enum(['none', ''])),
  ...ignored,
});

/** The table of the node that other plugins of that name use. */
const HOST_RULE_TABLE = 500;

type Given = z.output<typeof Keys>;

function configOf({ mode, podDefaultCniNic, hostRuleTable, podRPFilter, podCIDRType: _, ...rest }: Given): Config {
  return {
    ...rest,
    mode: mode === 'disabled' ? 'disable' : mode || 'auto',
    podDefaultCniNic: podDefaultCniNic ?? 'eth0',
    hostRuleTable: hostRuleTable === 0 ? HOST_RULE_TABLE : hostRuleTable,
    podRPFilter: podRPFilter === -1 ? undefined : podRPFilter,
  };
}

export const Config: Schema<Config> = z.pipe(Keys, z.transform(configOf));

/** `args.cni`: what one pod asks for. */
export interface ArgsCni {
  readonly podDefaultRouteNic?: string | undefined;
}

export const ArgsCni: Schema<ArgsCni> = z.object({ podDefaultRouteNic: LinkNameIfAny });
