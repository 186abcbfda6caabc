import { type Cidr, parseCidr, subnetOf } from '@cni/ip';
import { type Micros, micros } from '@cni/rtnetlink';
import { parsed, type Schema } from '@cni/skel';
import * as z from 'zod/mini';
import { type Bits, bits, formatBits, parseQuantity } from './quantity.ts';

/** Into the pod, or out of it. */
export type Direction = 'ingress' | 'egress';

/** What can be asked for in each of the places that a limit may come from: bits per second, and bits. */
export interface Asked {
  readonly ingressRate?: Bits | undefined;
  readonly ingressBurst?: Bits | undefined;
  readonly egressRate?: Bits | undefined;
  readonly egressBurst?: Bits | undefined;
}

/** A rate for each direction. */
export type Rates = { readonly [D in Direction]?: Bits | undefined };

/** The keys of a `bandwidth` configuration, beside those of the protocol. */
export interface Config extends Asked {
  /** The operator's limits: no pod has a higher rate, and one that asks for none has this. */
  readonly maxRate: Rates;
  /** For pods that ask for none. */
  readonly defaultRate: Rates;
  /** How long a full queue holds a packet. */
  readonly latency: Micros;
  /** Traffic from and to these is not limited. */
  readonly unshapedSubnets?: readonly Cidr[] | undefined;
  /** Only traffic from and to these is limited. */
  readonly shapedSubnets?: readonly Cidr[] | undefined;
  /** Whether traffic within the node counts. */
  readonly sameNode: 'shaped' | 'free';
  /** For pods without a host end: in the pod, which sees all; on the node, which the pod cannot touch; or in both. */
  readonly where: 'pod' | 'host' | 'both';
}

export const RATE_MIN = 1e3;
export const RATE_MAX = 1e15;
const RATE_RANGE = '1 kbit/s to 1 Pbit/s, in bits per second';

const Quantity = z.pipe(
  z.union([z.number().check(z.minimum(0)), parsed(parseQuantity)]),
  z.transform((value: number): Bits => bits(value)),
);

/** Zero is how runtimes say that there is none. */
function unlessZero<T extends Bits | null>(value: T): Exclude<T, null> | undefined {
  return value === null || value === 0 ? undefined : (value as Exclude<T, null>);
}

const Rate = z.optional(
  z.pipe(
    z.nullable(
      Quantity.check(
        z.refine((rate: Bits) => rate === 0 || (rate >= RATE_MIN && rate <= RATE_MAX), {
          error: `expected ${RATE_RANGE}`,
        }),
      ),
    ),
    z.transform(unlessZero),
  ),
);

/** What runtimes send for a pod whose owner has no opinion: 2³¹−1, 2³²−1, and the most that the reference plugin accepts. */
const NO_OPINION: readonly number[] = [2 ** 31 - 1, 2 ** 32 - 1, 8 * (2 ** 32 - 1) - 1];

const Burst = z.optional(
  z.pipe(
    z.nullable(Quantity),
    z.transform((burst) => (burst !== null && NO_OPINION.includes(burst) ? undefined : unlessZero(burst))),
  ),
);

const asked = { ingressRate: Rate, ingressBurst: Burst, egressRate: Rate, egressBurst: Burst };

/** `runtimeConfig`, as the capability `bandwidth` brings it. */
export const RuntimeConfig: Schema<{ readonly bandwidth?: Asked | undefined }> = z.object({
  bandwidth: z.optional(z.object(asked)),
});

/** `args.cni`: the keys themselves, or an object of them. */
export const ArgsCni: Schema<Asked & { readonly bandwidth?: Asked | undefined }> = z.object({
  ...asked,
  bandwidth: z.optional(z.object(asked)),
});

const RatePair = z._default(
  z.pipe(
    z.nullable(z.union([z.object({ ingress: Rate, egress: Rate }), Rate])),
    z.transform((given): Rates => {
      if (given === null || given === undefined) return {};
      return typeof given === 'number' ? { ingress: given, egress: given } : given;
    }),
  ),
  {},
);

const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6 };
const LATENCY_MIN = micros(1_000);
const LATENCY_MAX = micros(10_000_000);

function parseLatency(text: string): Micros {
  const [, digits, name = ''] = /^(\d+(?:\.\d+)?)(us|ms|s)$/.exec(text) ?? [];
  const time = micros(Math.round(Number(digits) * (MICROSECONDS[name] ?? Number.NaN)));
  if (!(time >= LATENCY_MIN && time <= LATENCY_MAX))
    throw new Error(`"${text}" is not a time of 1ms to 10s, such as 10ms`);
  return time;
}

/** Throughput is the same with 8 ms as with more, up to round trips of 20 ms, and a loaded pod answers that much sooner. */
const LATENCY = micros(8_000);

const Subnets = z.optional(z.array(parsed((text) => subnetOf(parseCidr(text)))));

export const Config: Schema<Config> = z
  .object({
    ...asked,
    maxRate: RatePair,
    defaultRate: RatePair,
    latency: z._default(parsed(parseLatency), LATENCY),
    unshapedSubnets: Subnets,
    shapedSubnets: Subnets,
    sameNode: z._default(z.enum(['shaped', 'free']), 'shaped'),
    where: z._default(z.enum(['pod', 'host', 'both']), 'pod'),
  })
  .check(
    z.refine(({ shapedSubnets, unshapedSubnets }) => shapedSubnets === undefined || unshapedSubnets === undefined, {
      error: 'either shapedSubnets or unshapedSubnets, not both',
      path: ['shapedSubnets'],
    }),
  );

/** A rate in bits per second, and a burst in bits if somebody has an opinion. */
export interface Limit {
  readonly rate: Bits;
  readonly burst?: Bits;
  /** What was asked for and is not given. */
  readonly notes: readonly string[];
}

/** The places that limits come from. */
export interface Sources {
  readonly config: Config;
  readonly runtimeConfig: { readonly bandwidth?: Asked | undefined };
  readonly argsCni: Asked & { readonly bandwidth?: Asked | undefined };
  /** What an operator has said since: zero is none, whatever the others say. */
  readonly override?: Asked | undefined;
}

/** Where a rate comes from. */
export type Origin =
  | 'override'
  | 'args.cni.bandwidth'
  | 'args.cni'
  | 'runtimeConfig'
  | 'configuration'
  | 'defaultRate'
  | 'maxRate';

/** In order of precedence. */
function placesOf({ config, runtimeConfig, argsCni, override }: Sources): [Origin, Asked | undefined][] {
  return [
    ['override', override],
    ['args.cni.bandwidth', argsCni.bandwidth],
    ['args.cni', argsCni],
    ['runtimeConfig', runtimeConfig.bandwidth],
    ['configuration', config],
  ];
}

/** Where the rate of one direction comes from; nothing if nobody has an opinion. */
export function originOf(direction: Direction, sources: Sources): Origin | undefined {
  const { defaultRate, maxRate } = sources.config;
  const [origin, place] = placesOf(sources).find(([, asked]) => asked?.[`${direction}Rate`] !== undefined) ?? [];
  const wanted = unlessZero(place?.[`${direction}Rate`] ?? defaultRate[direction] ?? null);
  const max = maxRate[direction];
  if (max !== undefined && (wanted === undefined || wanted > max)) return 'maxRate';
  return origin ?? (wanted === undefined ? undefined : 'defaultRate');
}

/** The limit of one direction, field by field from the first place that has it; nothing if there is none. */
export function limitOf(direction: Direction, sources: Sources): Limit | undefined {
  const { defaultRate, maxRate } = sources.config;
  const first = (key: keyof Asked) =>
    placesOf(sources)
      .map(([, place]) => place?.[key])
      .find((value) => value !== undefined);
  const max = maxRate[direction];
  const wanted = unlessZero(first(`${direction}Rate`) ?? defaultRate[direction] ?? null) ?? max;
  if (wanted === undefined) return undefined;
  const capped = max !== undefined && wanted > max;
  const burst = unlessZero(first(`${direction}Burst`) ?? null);
  const notes = capped ? [aboveMax(direction, wanted, max)] : [];
  return { rate: capped ? max : wanted, ...(burst !== undefined && { burst }), notes };
}

/** What is said of a rate that the operator's policy does not allow; zero is no limit. */
export function aboveMax(direction: Direction, rate: Bits, max: Bits): string {
  return `${direction}: ${rate === 0 ? 'no limit' : `${formatBits(rate)}/s`} is more than maxRate, ${formatBits(max)}/s`;
}

/** `none`, or a rate as in a configuration; zero is none. Throws `Error` naming the text. */
export function parseRate(text: string): Bits {
  const rate = parseBurst(text);
  if (rate !== 0 && (rate < RATE_MIN || rate > RATE_MAX)) throw new Error(`"${text}" is not ${RATE_RANGE}`);
  return rate;
}

/** `none`, or a number of bits as in a configuration; zero is none. Throws `Error` naming the text. */
export function parseBurst(text: string): Bits {
  return text === 'none' ? bits(0) : parseQuantity(text);
}
