import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { rateOf, startTraffic } from '@cni/testkit/traffic';
import { DIRECTIONS, RUNTIME_BURST } from './accuracy-cases.ts';
import { type Direction, flowOf, makeStage } from './shaped.ts';
import { quantileOf } from './statistics.ts';

/** A pod at a veth with one limit, which TCP fills. */
export interface Case {
  readonly direction: Direction;
  /** Mbit/s. */
  readonly rate: number;
  readonly streams: number;
  /** `latency` of our configuration, where it is not what it is by itself. */
  readonly latency?: string;
}

/** Round trips of pings, in milliseconds: half of them, and 99 of 100, are not longer. Lost ones take for ever. */
export interface Waits {
  readonly p50: number;
  readonly p99: number;
  /** What arrived, as a share of the rate. */
  readonly share: number;
  /** What is in the bucket. */
  readonly queue: string;
}

/** Begins a line of the guest's output: a {@link Case} with ours and the reference's {@link Waits}, in JSON. */
export const REPORT = 'latency ';

function casesOf(rates: readonly number[]): Case[] {
  return DIRECTIONS.flatMap((direction) =>
    rates.flatMap((rate) => [1, 8].map((streams) => ({ direction, rate, streams }))),
  );
}

export const NATIVE: readonly Case[] = casesOf([10, 100, 1000]);
/** A guest has one processor, and is slow. */
export const GUEST: readonly Case[] = casesOf([10, 100]);
export const LATENCIES: readonly Case[] = ['2ms', '4ms', '8ms', '16ms', '32ms'].flatMap((latency) =>
  [1, 8].map((streams) => ({ direction: 'egress', rate: 100, streams, latency })),
);

/** The reference’s bucket is empty by then, and what TCP makes of it is steady. */
const SETTLE_MS = 5_000;
const PINGS = 500;
const INTERVAL_SECONDS = 0.01;

/** Measures one, shaped by a plugin. */
export async function measureWaits(executable: string, { direction, rate, streams, latency }: Case): Promise<Waits> {
  using stage = makeStage('veth');
  stage.limit(executable, direction, rate * 1e6, RUNTIME_BURST, latency === undefined ? {} : { latency });
  const flow = flowOf(stage, direction);
  const running = await startTraffic({ ...flow, streams });
  try {
    await setTimeout(SETTLE_MS);
    const before = running.sample();
    const times = await ping(flow.from, flow.address);
    const share = rateOf(before, running.sample()) / (rate * 1e6);
    return { p50: quantileOf(times, 0.5), p99: quantileOf(times, 0.99), share, queue: stage.queue() };
  } finally {
    await running.stop();
  }
}

/** Milliseconds; a ping that is not answered, or cannot even be sent for those before it, takes for ever. */
async function ping(from: string, address: string): Promise<number[]> {
  const words = ['ping', '-n', '-i', String(INTERVAL_SECONDS), '-c', String(PINGS), '-W', '1', address];
  const { stdout } = spawn('nsenter', [`--net=${from}`, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  const times = [...(await text(stdout)).matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
  return [...times, ...Array<number>(PINGS - times.length).fill(Number.POSITIVE_INFINITY)];
}
