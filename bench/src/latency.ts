import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { startTraffic } from '@cni/testkit/traffic';
import { DIRECTIONS, RUNTIME_BURST } from './accuracy-cases.ts';
import { ourExecutable, referenceExecutable } from './candidates.ts';
import { formatMilliseconds } from './format.ts';
import { checkpoint } from './interruption.ts';
import { type Direction, flowOf, makeStage } from './shaped.ts';
import { quantileOf } from './statistics.ts';
import type { Measurement, Table } from './table.ts';

/** Mbit/s. */
const RATES = [10, 100, 1000];
const STREAMS = [1, 8];
/** The reference’s bucket is empty by then, and what TCP makes of it is steady. */
const SETTLE_MS = 2_000;
const PINGS = 150;
const INTERVAL_SECONDS = 0.01;

/** How long a packet waits in a pod's own traffic. */
export const latency: Measurement = async (progress) => {
  const executables = [ourExecutable('bandwidth'), referenceExecutable('bandwidth')];
  if (process.getuid?.() !== 0) return [tableOf([['', 'not measurable without root']])];
  const cases = DIRECTIONS.flatMap((direction) =>
    RATES.flatMap((rate) => STREAMS.map((streams) => ({ direction, rate, streams }))),
  );
  progress(`latency: ${cases.length} pods, ours and the reference’s`);
  const rows: string[][] = [];
  for (const { direction, rate, streams } of cases) {
    await checkpoint();
    const [mine = [], theirs = []] = [
      await measurePings(executables[0] ?? '', direction, rate, streams),
      await measurePings(executables[1] ?? '', direction, rate, streams),
    ];
    const at = (samples: readonly number[], share: number) => quantileOf(samples, share);
    const isBetter = [0.5, 0.99].every((share) => at(mine, share) < at(theirs, share));
    const shown = (samples: readonly number[]) => [0.5, 0.99].map((share) => formatPing(at(samples, share)));
    const [p50 = '', p99 = ''] = shown(mine);
    rows.push([direction, String(rate), String(streams), p50, `${p99} ${isBetter ? '✓' : '✗'}`, ...shown(theirs)]);
  }
  return [tableOf(rows)];
};

function formatPing(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? formatMilliseconds(milliseconds) : 'lost';
}

function tableOf(rows: string[][]): Table {
  return {
    title: 'bandwidth: how long a packet waits in the pod’s own traffic',
    notes: [
      'Round trips of pings beside TCP that fills the rate, ms: half of them, and 99 of 100, are not longer; lost: no answer within a second. Goal: both shorter than the reference’s. A pod at a veth; the burst that containerd sends.',
      'Where a kernel has no fq_codel, as this one may, the queue is first in, first out.',
    ],
    columns: ['direction', 'Mbit/s', 'streams', 'p50', 'p99', 'Go p50', 'p99'],
    rows,
  };
}

/** Milliseconds; a ping that is not answered, or cannot even be sent for those before it, takes for ever. */
async function measurePings(
  executable: string,
  direction: Direction,
  rate: number,
  streams: number,
): Promise<number[]> {
  using stage = makeStage('veth');
  stage.limit(executable, direction, rate * 1e6, RUNTIME_BURST);
  const flow = flowOf(stage, direction);
  const running = await startTraffic({ ...flow, streams });
  try {
    await setTimeout(SETTLE_MS);
    const words = ['ping', '-n', '-i', String(INTERVAL_SECONDS), '-c', String(PINGS), '-W', '1', flow.address];
    const { stdout } = spawn('nsenter', [`--net=${flow.from}`, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
    const times = [...(await text(stdout)).matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
    return [...times, ...Array<number>(PINGS - times.length).fill(Number.POSITIVE_INFINITY)];
  } finally {
    await running.stop();
  }
}
