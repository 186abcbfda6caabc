import { type Case, GUEST, measureShares, NATIVE, REPORT, type Shares } from './accuracy-cases.ts';
import { ourExecutable, referenceExecutable } from './candidates.ts';
import { NOTHING } from './format.ts';
import { findKernel, runOnIpvlan } from './guest.ts';
import { checkpoint } from './interruption.ts';
import type { Measurement } from './table.ts';

const GOALS = { off: 0.03, above: 1.05 } as const;

/** What pods get of their rates. */
export const accuracy: Measurement = async (progress) => {
  const [mine, theirs] = [ourExecutable('bandwidth'), referenceExecutable('bandwidth')];
  const native =
    process.getuid?.() === 0
      ? await measureNative(mine, theirs, progress)
      : [['native', 'not measurable without root']];
  return [
    {
      title: 'bandwidth: what a pod gets of its rate',
      notes: [
        'Frames that arrived over the rate, by TCP for three seconds: the whole run, the first second, the second with the most. Goals: 0.97 to 1.03 over the run, no second above 1.05.',
        'A frame of 1514 bytes carries 1448 bytes of TCP payload: what programs see is 95.6 % of it.',
        'The burst is the one that containerd sends, 4294967295 bits. The reference takes it at its word.',
        'Sender and receiver are two hops apart; what arrived is counted by the receiver’s IP layer. ipvlan is measured in a guest of one processor where this kernel has none.',
      ],
      columns: ['pod', 'direction', 'Mbit/s', 'streams', 'run', 'first', 'most', 'Go run', 'first', 'most'],
      rows: [...native, ...(await measureGuest(progress))],
    },
  ];
};

async function measureNative(mine: string, theirs: string, progress: (line: string) => void): Promise<string[][]> {
  progress(`accuracy: ${NATIVE.length} pods on this kernel`);
  const rows: string[][] = [];
  for (const [index, one] of NATIVE.entries()) {
    await checkpoint();
    progress(`accuracy: pod ${index + 1} of ${NATIVE.length}`);
    const ours = await measureShares(mine, one);
    rows.push(rowOf(one, ours, one.kind === 'veth' ? await measureShares(theirs, one) : undefined));
  }
  return rows;
}

async function measureGuest(progress: (line: string) => void): Promise<string[][]> {
  const kernel = findKernel();
  if (typeof kernel !== 'string') return [['ipvlan', `not measurable on this machine (${kernel.obstacle})`]];
  progress(`accuracy: ${GUEST.length} ipvlan pods, ${kernel === 'uml' ? 'in User-Mode Linux' : 'on this kernel'}`);
  const lines = await runOnIpvlan('accuracy-job.ts', kernel, REPORT, (count) =>
    progress(`accuracy: pod ${count} of ${GUEST.length}`),
  );
  return lines.map((line) => {
    const one = JSON.parse(line) as Case & Shares;
    return rowOf(one, one, undefined);
  });
}

function rowOf({ kind, direction, rate, streams }: Case, ours: Shares, theirs: Shares | undefined): string[] {
  const isRight = Math.abs(ours.whole - 1) <= GOALS.off && ours.highest <= GOALS.above;
  const shown = ({ whole, first, highest }: Shares) => [whole, first, highest].map((share) => share.toFixed(3));
  const [whole = '', first = '', highest = ''] = shown(ours);
  return [
    kind,
    direction,
    String(rate),
    String(streams),
    whole,
    first,
    `${highest} ${isRight ? '✓' : '✗'}`,
    ...(theirs === undefined ? [NOTHING, NOTHING, NOTHING] : shown(theirs)),
  ];
}
