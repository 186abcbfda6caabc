import { ourExecutable, referenceExecutable } from './candidates.ts';
import { formatMilliseconds } from './format.ts';
import { findKernel, runOnIpvlan } from './guest.ts';
import { checkpoint } from './interruption.ts';
import { type Case, GUEST, LATENCIES, measureWaits, NATIVE, REPORT, type Waits } from './latency-cases.ts';
import type { Measurement } from './table.ts';

/** How long a packet waits in a pod's own traffic. */
export const latency: Measurement = async (progress) => {
  const [mine, theirs] = [ourExecutable('bandwidth'), referenceExecutable('bandwidth')];
  const isRoot = process.getuid?.() === 0;
  const native = isRoot ? await measureNative(mine, theirs, progress) : [['native', 'not measurable without root']];
  const guest = await measureGuest(progress);
  return [
    {
      title: 'bandwidth: how long a packet waits in the pod’s own traffic',
      notes: [
        'Round trips of pings beside TCP (cubic) that fills the rate, ms: half of them, and 99 of 100, are not longer; lost: no answer within a second. Goal: both shorter than the reference’s. A pod at a veth; the burst that containerd sends.',
        'Ours has fq_codel in its bucket where the kernel has it, as nearly all have, else a fifo. The reference always has a fifo.',
      ],
      columns: ['queue', 'direction', 'Mbit/s', 'streams', 'p50', 'p99', 'Go p50', 'p99'],
      rows: [...guest, ...native],
    },
    {
      title: 'bandwidth: what `latency` costs and gives',
      notes: [
        'As above, out of a pod at 100 Mbit/s; run: what arrived over the rate. The key counts for a fifo alone.',
      ],
      columns: ['queue', 'latency', 'streams', 'run', 'p50', 'p99'],
      rows: isRoot ? await measureKey(mine, progress) : [['native', 'not measurable without root']],
    },
  ];
};

async function measureNative(mine: string, theirs: string, progress: (line: string) => void): Promise<string[][]> {
  progress(`latency: ${NATIVE.length} pods on this kernel, ours and the reference’s`);
  const rows: string[][] = [];
  for (const [index, one] of NATIVE.entries()) {
    await checkpoint();
    progress(`latency: pod ${index + 1} of ${NATIVE.length}`);
    rows.push(rowOf(one, await measureWaits(mine, one), await measureWaits(theirs, one)));
  }
  return rows;
}

async function measureGuest(progress: (line: string) => void): Promise<string[][]> {
  const kernel = findKernel();
  if (kernel === 'native') return [];
  if (typeof kernel !== 'string') return [['another kernel', `not measurable on this machine (${kernel.obstacle})`]];
  progress(`latency: ${GUEST.length} pods in a guest, ours and the reference’s`);
  const lines = await runOnIpvlan('latency-job.ts', kernel, REPORT, (count) =>
    progress(`latency: pod ${count} of ${GUEST.length}`),
  );
  return lines.map((line) => {
    // JSON has no infinity.
    const parsed: unknown = JSON.parse(line, (_, value) => value ?? Number.POSITIVE_INFINITY);
    const { ours, theirs, ...one } = parsed as Case & { readonly ours: Waits; readonly theirs: Waits };
    return rowOf(one, ours, theirs);
  });
}

async function measureKey(mine: string, progress: (line: string) => void): Promise<string[][]> {
  progress(`latency: ${LATENCIES.length} pods with the key of that name`);
  const rows: string[][] = [];
  for (const [index, one] of LATENCIES.entries()) {
    await checkpoint();
    progress(`latency: pod ${index + 1} of ${LATENCIES.length}`);
    const waits = await measureWaits(mine, one);
    rows.push([waits.queue, one.latency ?? '', String(one.streams), waits.share.toFixed(3), ...shown(waits)]);
  }
  return rows;
}

function rowOf({ direction, rate, streams }: Case, ours: Waits, theirs: Waits): string[] {
  const isBetter = ours.p50 < theirs.p50 && ours.p99 < theirs.p99;
  const [p50, p99] = shown(ours);
  const judgedP99 = `${p99} ${isBetter ? '✓' : '✗'}`;
  return [ours.queue, direction, String(rate), String(streams), p50, judgedP99, ...shown(theirs)];
}

function shown({ p50, p99 }: Waits): [string, string] {
  return [formatPing(p50), formatPing(p99)];
}

function formatPing(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? formatMilliseconds(milliseconds) : 'lost';
}
