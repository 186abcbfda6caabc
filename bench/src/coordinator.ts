import { ourExecutable, referenceExecutable } from './candidates.ts';
import { type Crowded, REPORT, VERBS } from './crowded.ts';
import { formatMilliseconds, formatRatio, judged } from './format.ts';
import { runOnIpvlan } from './guest.ts';
import { describeDisturbance } from './machine.ts';
import { spawner } from './spawner.ts';
import { compare, summarise } from './statistics.ts';
import type { Measurement } from './table.ts';

/** ADD and DEL of coordinator behind macvlan, which every kernel has, on an empty node and on a full one. */
export const coordinator: Measurement = async (progress) => {
  for (const path of [ourExecutable('coordinator'), ...['macvlan', 'host-local'].map(referenceExecutable)]) void path;
  const isRoot = process.getuid?.() === 0;
  if (isRoot) progress('coordinator: in namespaces on this kernel');
  // What is made there is compiled before.
  spawner();
  const told = isRoot ? await runOnIpvlan('coordinator-job.ts', 'native', REPORT) : [];
  const crowds = told.map((line) => JSON.parse(line) as Crowded);
  return [
    {
      title: 'coordinator behind macvlan, dual stack',
      notes: [
        'Medians from spawn to exit, ms; each round is ADD, DEL. Debian has no reference for it. The yardstick is the plugin that stands before it in such a chain, in the same rounds: the reference’s `macvlan` with `host-local`, for one address. Goal: ≤ 1.',
        'It is one process that starts no other: no agent is asked, and no iptables is run.',
        ...describeDisturbance(Math.max(0, ...crowds.map(({ disturbance }) => disturbance))),
      ],
      columns: ['pods present', 'verb', 'ours', 'Go macvlan', 'ours/Go'],
      rows: isRoot ? crowds.flatMap(rowsOf) : [['ADD, DEL', 'not measurable without root']],
    },
  ];
};

function rowsOf({ present, steps }: Crowded): string[][] {
  return VERBS.map((verb, index) => {
    const [mine, theirs] = steps[index] ?? [];
    if (mine === undefined || theirs === undefined) throw new Error(`measure ${verb}: no samples`);
    const times = [mine, theirs].map((samples) => formatMilliseconds(summarise(samples).median));
    const ratio = compare(mine, theirs);
    return [String(present), verb, ...times, judged(formatRatio(ratio), ratio.median, 1)];
  });
}
