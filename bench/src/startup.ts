import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from '@cni/aot';
import { findReference, ourExecutable, ourNames, sizeOf } from './candidates.ts';
import { formatMegabytes, formatMilliseconds, formatRatio, judged, NOTHING } from './format.ts';
import { describeDisturbance } from './machine.ts';
import type { Run, Samples } from './plan.ts';
import { makeScratch, type Scratch } from './scratch.ts';
import { measure } from './spawner.ts';
import { compare, summarise } from './statistics.ts';
import type { Measurement, Table } from './table.ts';

const ROUNDS = 300;
const WARMUP = 10;
const GOALS = { slowerThanTrue: 0.3, ratio: 1, memory: 6e6, size: 4e6 } as const;

/** One row before it is measured: what is run of ours, and of the reference if it has that. */
interface Case {
  readonly label: string;
  readonly ours: Run;
  readonly reference?: Run;
  /** Only where a row shows them. */
  readonly sized?: boolean;
}

/** How long programs take to start and answer without doing anything. */
export const startup: Measurement = async (progress) => {
  using scratch = makeScratch();
  const noop = join(scratch.path, 'noop');
  progress('start-up: building a plugin that does nothing');
  await build({ entry: join(import.meta.dirname, 'noop.ts'), outfile: noop });
  const cases = casesOf(scratch);
  const others = ourNames().filter((name) => !isPlugin(ourExecutable(name)));
  const runs = cases.flatMap(({ ours, reference }) => (reference === undefined ? [ours] : [ours, reference]));
  progress(`start-up: ${runs.length + 2} programs, ${ROUNDS} rounds`);
  const { steps, disturbance } = await measure({
    rounds: ROUNDS,
    warmup: WARMUP,
    steps: [[{ command: ['/bin/true'] }, { command: [noop] }, ...runs]],
  });
  const [[trueSamples, noopSamples, ...samples] = []] = steps;
  if (trueSamples === undefined || noopSamples === undefined) throw new Error('measure: no samples');
  const notes = describeDisturbance(disturbance);
  return [nothingTable(trueSamples, noopSamples, noop, notes), answersTable(cases, samples, others, notes)];
};

function nothingTable(trueSamples: Samples, noopSamples: Samples, noop: string, notes: readonly string[]): Table {
  const [none, ours] = [summarise(trueSamples.milliseconds), summarise(noopSamples.milliseconds)];
  const row = (name: string, { min, median, p90 }: typeof none, last: readonly string[]): string[] => [
    name,
    ...[min, median, p90].map(formatMilliseconds),
    ...last,
  ];
  const difference = ours.median - none.median;
  const shown = `${difference < 0 ? '−' : '+'}${formatMilliseconds(Math.abs(difference))}`;
  return {
    title: 'Start-up: a program that does nothing',
    notes: [
      `From spawn to exit, ms. Goals: no-op plugin ≤ /bin/true + ${GOALS.slowerThanTrue} ms, RSS ≤ 6 MB, file ≤ 4 MB.`,
      ...notes,
    ],
    columns: ['program', 'min', 'median', 'p90', 'to /bin/true', 'RSS MB', 'file MB'],
    rows: [
      row('/bin/true', none, ['', formatMegabytes(trueSamples.peakBytes), formatMegabytes(sizeOf('/bin/true'))]),
      row('no-op plugin', ours, [
        judged(shown, difference, GOALS.slowerThanTrue),
        judged(formatMegabytes(noopSamples.peakBytes), noopSamples.peakBytes, GOALS.memory),
        judged(formatMegabytes(sizeOf(noop)), sizeOf(noop), GOALS.size),
      ]),
    ],
  };
}

function answersTable(
  cases: readonly Case[],
  samples: readonly Samples[],
  others: readonly string[],
  notes: readonly string[],
): Table {
  const left = [...samples];
  const rows = cases.map((one) => answerRow(one, left.shift(), one.reference && left.shift()));
  const unmeasured = others.map((name) => {
    const size = sizeOf(ourExecutable(name));
    const sizeCell = judged(formatMegabytes(size), size, GOALS.size);
    return [`${name} (no plugin)`, ...Array<string>(5).fill(NOTHING), sizeCell, NOTHING];
  });
  return {
    title: 'Start-up: answers beside the reference',
    notes: [
      'Medians from spawn to exit, ms; the ratio is below 1 where ours is faster, its 95 % interval beside it. Goals: ratio ≤ 1, RSS ≤ 6 MB, file ≤ 4 MB.',
      ...notes,
    ],
    columns: ['answer', 'ours', 'Go', 'ours/Go', 'RSS MB', 'Go', 'file MB', 'Go'],
    rows: [...rows, ...unmeasured],
  };
}

function answerRow({ label, ours, reference, sized }: Case, mine?: Samples, theirs?: Samples): string[] {
  if (mine === undefined) throw new Error(`measure ${label}: no samples`);
  const ratio = theirs && compare(mine.milliseconds, theirs.milliseconds);
  const size = sizeOf(ours.command[0]);
  return [
    label,
    formatMilliseconds(summarise(mine.milliseconds).median),
    theirs ? formatMilliseconds(summarise(theirs.milliseconds).median) : NOTHING,
    ratio ? judged(formatRatio(ratio), ratio.median, GOALS.ratio) : NOTHING,
    judged(formatMegabytes(mine.peakBytes), mine.peakBytes, GOALS.memory),
    theirs ? formatMegabytes(theirs.peakBytes) : NOTHING,
    sized ? judged(formatMegabytes(size), size, GOALS.size) : '',
    sized && reference ? formatMegabytes(sizeOf(reference.command[0])) : '',
  ];
}

/** An executable that answers VERSION. */
function isPlugin(path: string): boolean {
  const { status, stdout } = spawnSync(path, { env: { CNI_COMMAND: 'VERSION' }, input: '{}', encoding: 'utf8' });
  return status === 0 && stdout.includes('supportedVersions');
}

function casesOf(scratch: Scratch): Case[] {
  const plugins = ourNames().filter((name) => isPlugin(ourExecutable(name)));
  const version = scratch.write('version.json', { cniVersion: '1.0.0' });
  const asked = { env: { CNI_COMMAND: 'VERSION' }, stdin: version };
  return [
    ...plugins.map((name) => ({ ...bothOf(name, 'VERSION', asked), sized: true })),
    ...plugins.flatMap((name) =>
      refusals(scratch, name).map(([label, run]) => bothOf(name, label, { ...run, status: 1 })),
    ),
  ];
}

function bothOf(name: string, label: string, run: Omit<Run, 'command'>): Case {
  const theirs = findReference(name);
  return {
    label: `${name}: ${label}`,
    ours: { ...run, command: [ourExecutable(name)] },
    ...(theirs !== undefined && { reference: { ...run, command: [theirs] } }),
  };
}

/** What a plugin answers with an error object before it does anything. */
function refusals(scratch: Scratch, type: string): [string, Omit<Run, 'command'>][] {
  const config = { cniVersion: '1.0.0', name: 'bench', type, ipam: { type: 'host-local' } };
  const env = {
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: 'bench',
    CNI_NETNS: '/run/netns/bench-none',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
  };
  const { CNI_IFNAME: _, ...incomplete } = env;
  const wrong = { ...config, mode: 'l9', ingressRate: -1, ipam: { type: 'host-local', subnet: '10.1.0.0/99' } };
  return [
    ['no JSON on stdin', { env, stdin: scratch.write('broken.json', '{"cniVersion": ') }],
    ['a variable is missing', { env: incomplete, stdin: scratch.write(`${type}.json`, config) }],
    ['unknown version', { env, stdin: scratch.write(`${type}-future.json`, { ...config, cniVersion: '9.9.9' }) }],
    ['a wrong value', { env, stdin: scratch.write(`${type}-wrong.json`, wrong) }],
  ];
}
