import { hasIpvlan, type Kernel } from '@cni/e2e/src/kernel.ts';
import { type Attached, FAMILIES, REPORT, VERBS } from './attachment.ts';
import { ourExecutable, referenceExecutable } from './candidates.ts';
import { formatMilliseconds, formatRatio, judged, NOTHING } from './format.ts';
import { findKernel, runOnIpvlan } from './guest.ts';
import { spawner } from './spawner.ts';
import { compare, summarise } from './statistics.ts';
import type { Measurement } from './table.ts';

const ONE_PROCESSOR =
  'A guest has one processor, so its kernel deletes a link at once: the 10 to 50 ms of grace period that DEL takes on other kernels, and that ours does not wait for, are in none of its rows.';

/** Whole ADD and DEL of ipvlan with its IPAM. */
export const ipvlan: Measurement = async (progress) => {
  for (const name of ['ipvlan', 'host-local']) void [ourExecutable(name), referenceExecutable(name)];
  const native = hasIpvlan();
  const rows = native ? [] : [['ADD, DEL', 'not measurable on this kernel (no ipvlan)']];
  const kernel = findKernel();
  if (typeof kernel !== 'string')
    rows.push(['in User-Mode Linux', `not measurable on this machine (${kernel.obstacle})`]);
  else rows.push(...(await measureOn(kernel, progress)).flatMap((one) => rowsOf(one, kernel)));
  return [
    {
      title: 'ipvlan with host-local, mode l2',
      notes: [
        'Medians from spawn to exit of the main plugin, ms; each round is ADD, DEL. The ratio is below 1 where ours is faster, its 95 % interval beside it; goal: ≤ 1.',
        'Go’s IPAM: our ipvlan that finds the reference’s host-local on CNI_PATH and has to run it.',
        ...(kernel === 'uml' ? [ONE_PROCESSOR] : []),
      ],
      columns: ['', 'ours', 'Go', 'ours/Go', 'Go’s IPAM/Go'],
      rows,
    },
  ];
};

/** In a guest, absolute times are those of an emulated machine: only the ratio says something. */
function rowsOf({ family, steps }: Attached, kernel: Kernel): string[][] {
  const guest = kernel === 'uml' ? ' (in User-Mode Linux, ratio only)' : '';
  return VERBS.map((verb, index) => {
    const [mine, theirs, mixed] = steps[index] ?? [];
    if (mine === undefined || theirs === undefined || mixed === undefined)
      throw new Error(`measure ${verb}: no samples`);
    const ratio = compare(mine, theirs);
    const time = (samples: readonly number[]): string =>
      guest === '' ? formatMilliseconds(summarise(samples).median) : NOTHING;
    const other = formatRatio(compare(mixed, theirs));
    return [`${verb}, ${family}${guest}`, time(mine), time(theirs), judged(formatRatio(ratio), ratio.median, 1), other];
  });
}

async function measureOn(kernel: Kernel, progress: (line: string) => void): Promise<Attached[]> {
  // The guest compiles nothing.
  spawner();
  progress(
    `ipvlan: ${kernel === 'uml' ? 'booting User-Mode Linux' : 'in namespaces on this kernel'}, ${FAMILIES.join(', ')}`,
  );
  const lines = await runOnIpvlan('ipvlan-job.ts', kernel, REPORT);
  return lines.map((line) => JSON.parse(line) as Attached);
}
