import { spawnSync } from 'node:child_process';
import { ourExecutable, referenceExecutable } from './candidates.ts';
import { formatMegabytes, formatMilliseconds, formatRatio, judged, NOTHING } from './format.ts';
import { describeDisturbance } from './machine.ts';
import { makeNetns } from './netns.ts';
import type { Run, Samples } from './plan.ts';
import { makeScratch, type Scratch } from './scratch.ts';
import { measure } from './spawner.ts';
import { compare, summarise } from './statistics.ts';
import { containerIdAt, type Family, fillStore, subnets } from './store.ts';
import type { Measurement } from './table.ts';

interface Size {
  readonly family: Family;
  /** Addresses that are reserved before. */
  readonly reserved: number;
  /** Fewer where the reference takes long. */
  readonly rounds: number;
}

const SIZES: readonly Size[] = [
  { family: 'IPv4', reserved: 0, rounds: 150 },
  { family: 'IPv4', reserved: 10, rounds: 150 },
  { family: 'IPv6', reserved: 10, rounds: 150 },
  { family: 'IPv4', reserved: 10_000, rounds: 30 },
  { family: 'IPv6', reserved: 10_000, rounds: 30 },
  { family: 'IPv4', reserved: 60_000, rounds: 15 },
  { family: 'IPv6', reserved: 60_000, rounds: 15 },
];
const WARMUP = 3;
const VERBS = ['ADD', 'CHECK', 'DEL'] as const;
const ATTACHMENTS = 10_000;
const NETWORK = 'bench';

interface Outcome {
  readonly rows: string[][];
  readonly disturbance: number;
}

/** host-local's verbs as its store grows. */
export const hostLocal: Measurement = async (progress) => {
  using sandbox = makeSandbox();
  // All of them stay to the end: for minutes ext4 searches long for an inode where many files were deleted.
  using scratches = new DisposableStack();
  const nextScratch = (): Scratch => scratches.use(makeScratch());
  const outcomes: Outcome[] = [];
  for (const size of SIZES) {
    progress(`host-local: ${labelOf(size.family, size.reserved)}, ${size.rounds} rounds`);
    outcomes.push(await measureSize(size, sandbox.path, nextScratch()));
  }
  progress(`host-local: GC with ${grouped(ATTACHMENTS)} attachments`);
  outcomes.push(await measureGc(nextScratch()));
  return [
    {
      title: 'host-local as its store grows',
      notes: [
        'Medians from spawn to exit, ms; each round is ADD, CHECK, DEL of a new pod. The ratio is below 1 where ours is faster, its 95 % interval beside it; goal: ≤ 1.',
        'The first ADD finds a store that the reference has filled, and reads all of it once; the CHECK after it sorts what was read, and is in no row. The reference has no GC.',
        ...describeDisturbance(Math.max(...outcomes.map(({ disturbance }) => disturbance))),
      ],
      columns: ['reserved before', 'verb', 'ours', 'Go', 'ours/Go', 'RSS MB', 'Go'],
      rows: outcomes.flatMap(({ rows }) => rows),
    },
  ];
};

async function measureSize({ family, reserved, rounds }: Size, netns: string, scratch: Scratch): Promise<Outcome> {
  const candidates = [ourExecutable('host-local'), referenceExecutable('host-local')].map((executable, index) => {
    const dataDir = `${scratch.path}/${index}`;
    if (reserved > 0) fillStore(dataDir, NETWORK, family, reserved);
    return { executable, stdin: scratch.write(`${index}.json`, configOf(family, dataDir, '1.0.0')) };
  });
  settle(scratch);
  const steps = VERBS.map((verb) =>
    candidates.map(({ executable, stdin }): Run => ({ command: [executable], env: environment(verb, netns), stdin })),
  );
  const measured = await measure({ rounds, warmup: WARMUP, steps });
  const label = labelOf(family, reserved);
  const rows = VERBS.map((verb, index) => verbRow(label, verb, measured.steps[index] ?? []));
  const first = reserved >= 10_000 ? [firstRow(label, measured.steps[0] ?? [])] : [];
  return { rows: [...first, ...rows], disturbance: measured.disturbance };
}

function verbRow(label: string, verb: string, [mine, theirs]: readonly Samples[]): string[] {
  if (mine === undefined || theirs === undefined) throw new Error(`measure ${verb}: no samples`);
  const ratio = compare(mine.milliseconds, theirs.milliseconds);
  return [
    label,
    verb,
    formatMilliseconds(summarise(mine.milliseconds).median),
    formatMilliseconds(summarise(theirs.milliseconds).median),
    judged(formatRatio(ratio), ratio.median, 1),
    formatMegabytes(mine.peakBytes),
    formatMegabytes(theirs.peakBytes),
  ];
}

/** One run each, so neither a median nor an interval. */
function firstRow(label: string, [mine, theirs]: readonly Samples[]): string[] {
  if (mine === undefined || theirs === undefined) throw new Error('measure ADD: no samples');
  const times = [mine, theirs].map(({ first }) => formatMilliseconds(first.milliseconds));
  const memory = [mine, theirs].map(({ first }) => formatMegabytes(first.peakBytes));
  const ratio = mine.first.milliseconds / theirs.first.milliseconds;
  return [label, 'first ADD', ...times, judged(ratio.toFixed(2), ratio, 1), ...memory];
}

async function measureGc(scratch: Scratch): Promise<Outcome> {
  fillStore(scratch.path, NETWORK, 'IPv4', ATTACHMENTS);
  settle(scratch);
  const valid = Array.from({ length: ATTACHMENTS }, (_, index) => ({
    containerID: containerIdAt(index),
    ifname: 'eth0',
  }));
  const config = configOf('IPv4', scratch.path, '1.1.0');
  const stdin = scratch.write('gc.json', { ...config, 'cni.dev/valid-attachments': valid });
  const env = { CNI_COMMAND: 'GC', CNI_PATH: '/opt/cni/bin' };
  const run: Run = { command: [ourExecutable('host-local')], env, stdin };
  const { steps, disturbance } = await measure({ rounds: 15, warmup: WARMUP, steps: [[run]] });
  const samples = steps[0]?.[0];
  if (samples === undefined) throw new Error('measure GC: no samples');
  const median = formatMilliseconds(summarise(samples.milliseconds).median);
  const label = labelOf('IPv4', ATTACHMENTS);
  const rows = [[label, 'GC', median, NOTHING, NOTHING, formatMegabytes(samples.peakBytes), NOTHING]];
  return { rows, disturbance };
}

function configOf(family: Family, dataDir: string, cniVersion: string): object {
  const ipam = { type: 'host-local', dataDir, ranges: [[{ subnet: subnets[family] }]] };
  return { cniVersion, name: NETWORK, type: 'ipvlan', ipam };
}

function environment(verb: string, netns: string): Record<string, string> {
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: 'pod-{round}',
    CNI_NETNS: netns,
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
  };
}

/** A network namespace, gone with its scope. An IPAM plugin only looks at it, so without root a path does. */
function makeSandbox(): Disposable & { readonly path: string } {
  if (process.getuid?.() !== 0) return { path: '/run/netns/bench-none', [Symbol.dispose]: () => {} };
  return makeNetns();
}

/** What was written is on the disk before anything is measured. */
function settle({ path }: Scratch): void {
  spawnSync('sync', ['-f', path]);
}

function labelOf(family: Family, reserved: number): string {
  return `${family} /${subnets[family].split('/')[1]}, ${grouped(reserved)}`;
}

function grouped(count: number): string {
  return count.toLocaleString('en').replaceAll(',', ' ');
}
