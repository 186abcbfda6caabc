import { expect, test } from 'vitest';
import { formatPlan, type Plan, parseReport } from './plan.ts';

const add = {
  command: ['/bin/one', '-v'],
  env: { CNI_COMMAND: 'ADD', CNI_ARGS: 'A=b c' },
  stdin: '/tmp/conf',
} as const;
const refusal = { command: ['/bin/two'], status: 1 } as const;
const plan: Plan = { rounds: 2, warmup: 1, steps: [[add, refusal], [refusal]] };

test('a plan is lines', () => {
  expect(formatPlan(plan).split('\n')).toEqual([
    'rounds 2',
    'warmup 1',
    'step',
    'run',
    'exec /bin/one',
    'arg -v',
    'env CNI_COMMAND=ADD',
    'env CNI_ARGS=A=b c',
    'stdin /tmp/conf',
    'status 0',
    'run',
    'exec /bin/two',
    'status 1',
    'step',
    'run',
    'exec /bin/two',
    'status 1',
    '',
  ]);
});

test('a word with a line break is refused', () => {
  const broken: Plan = { ...plan, steps: [[{ command: ['/bin/one'], env: { A: 'b\nstatus 3' } }]] };
  expect(() => formatPlan(broken)).toThrow('more than one line');
});

test('a report is told step by step', () => {
  const run = (milliseconds: number) => ({
    firstNanoseconds: milliseconds * 2e6,
    firstKilobytes: 2000,
    peakKilobytes: 1000,
    nanoseconds: [milliseconds * 1e6, milliseconds * 1e6],
  });
  const samples = (milliseconds: number) => ({
    milliseconds: [milliseconds, milliseconds],
    peakBytes: 1_024_000,
    first: { milliseconds: milliseconds * 2, peakBytes: 2_048_000 },
  });
  const text = JSON.stringify({ cpuNanoseconds: 5e6, runs: [run(1), run(2), run(3)] });
  expect(parseReport(text, plan)).toEqual({
    cpuMilliseconds: 5,
    steps: [[samples(1), samples(2)], [samples(3)]],
  });
});
