import { measureTraffic } from '@cni/testkit/traffic';
import { type Direction, flowOf, type LinkKind, makeStage } from './shaped.ts';

/** What containerd sends with every rate: no opinion, in bits. */
export const RUNTIME_BURST: number = 2 ** 32 - 1;
export const DIRECTIONS: readonly Direction[] = ['egress', 'ingress'];

/** One pod with one limit, and TCP through it. */
export interface Case {
  readonly kind: LinkKind;
  readonly direction: Direction;
  /** Mbit/s. */
  readonly rate: number;
  readonly streams: number;
}

/** What arrived, as shares of the rate. */
export interface Shares {
  readonly whole: number;
  readonly first: number;
  readonly highest: number;
}

const SECONDS = 3;

/** Begins a line of the guest's output that is a {@link Case} with its {@link Shares}, in JSON. */
export const REPORT = 'accuracy ';

export function casesOf(kinds: readonly LinkKind[], flows: readonly (readonly [number, number])[]): Case[] {
  return kinds.flatMap((kind) =>
    DIRECTIONS.flatMap((direction) => flows.map(([rate, streams]) => ({ kind, direction, rate, streams }))),
  );
}

/** Rates in Mbit/s, and streams: a guest has one processor, and takes long for everything. */
export const NATIVE: readonly Case[] = casesOf(
  ['veth', 'macvlan'],
  [1, 10, 100, 1000, 5000].flatMap((rate) => [1, 8].map((streams) => [rate, streams] as const)),
);
export const GUEST: readonly Case[] = casesOf(
  ['ipvlan l2', 'ipvlan l3', 'ipvlan l3s'],
  [
    [10, 1],
    [100, 1],
    [100, 8],
    [1000, 1],
  ],
);

/** Measures one, shaped by a plugin. */
export async function measureShares(executable: string, { kind, direction, rate, streams }: Case): Promise<Shares> {
  using stage = makeStage(kind);
  const perSecond = rate * 1e6;
  stage.limit(executable, direction, perSecond, RUNTIME_BURST);
  const { whole, seconds } = await measureTraffic({ ...flowOf(stage, direction), streams }, SECONDS);
  const [first = Number.NaN] = seconds;
  return { whole: whole / perSecond, first: first / perSecond, highest: Math.max(...seconds) / perSecond };
}
