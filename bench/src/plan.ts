/** One program to be run in each round. */
export interface Run {
  /** The file and its arguments; `{round}` becomes the number of the round, in `env` too. */
  readonly command: readonly [string, ...string[]];
  /** The whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A file; nothing when absent. */
  readonly stdin?: string;
  /** How it has to end; 0 when absent. */
  readonly status?: number;
}

/** What is run in each round: step after step, the runs of a step in another order each time. */
export interface Plan {
  readonly rounds: number;
  /** Rounds before those that count. */
  readonly warmup: number;
  readonly steps: readonly (readonly Run[])[];
}

/** The measured rounds of one {@link Run}. */
export interface Samples {
  readonly milliseconds: readonly number[];
  /** The largest resident set of them, in bytes. */
  readonly peakBytes: number;
  /** The very first run, which was warm-up if there was any. */
  readonly first: { readonly milliseconds: number; readonly peakBytes: number };
}

/** What the spawner reports of a plan. */
export interface Report {
  /** Processor time of it and its children, in milliseconds. */
  readonly cpuMilliseconds: number;
  /** As the plan's steps. */
  readonly steps: readonly (readonly Samples[])[];
}

/** A plan in the spawner's words. */
export function formatPlan({ rounds, warmup, steps }: Plan): string {
  const lines = [
    `rounds ${rounds}`,
    `warmup ${warmup}`,
    ...steps.flatMap((runs) => ['step', ...runs.flatMap(wordsOf)]),
  ];
  const broken = lines.find((line) => line.includes('\n'));
  if (broken !== undefined) throw new Error(`plan: more than one line in ${JSON.stringify(broken)}`);
  return `${lines.join('\n')}\n`;
}

function wordsOf({ command: [file, ...args], env = {}, stdin, status = 0 }: Run): string[] {
  return [
    'run',
    `exec ${file}`,
    ...args.map((arg) => `arg ${arg}`),
    ...Object.entries(env).map(([name, value]) => `env ${name}=${value}`),
    ...(stdin === undefined ? [] : [`stdin ${stdin}`]),
    `status ${status}`,
  ];
}

interface RawReport {
  readonly cpuNanoseconds: number;
  readonly runs: readonly {
    readonly firstNanoseconds: number;
    readonly firstKilobytes: number;
    readonly peakKilobytes: number;
    readonly nanoseconds: readonly number[];
  }[];
}

/** Reads what the spawner printed about `plan`. */
export function parseReport(text: string, { steps }: Plan): Report {
  const { cpuNanoseconds, runs } = JSON.parse(text) as RawReport;
  const samples = runs.map(({ firstNanoseconds, firstKilobytes, peakKilobytes, nanoseconds }) => ({
    milliseconds: nanoseconds.map((one) => one / 1e6),
    peakBytes: peakKilobytes * 1024,
    first: { milliseconds: firstNanoseconds / 1e6, peakBytes: firstKilobytes * 1024 },
  }));
  const ends = steps.map((_, index) => steps.slice(0, index + 1).flat().length);
  return {
    cpuMilliseconds: cpuNanoseconds / 1e6,
    steps: steps.map((step, index) => samples.slice((ends[index] ?? 0) - step.length, ends[index])),
  };
}
