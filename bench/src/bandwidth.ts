import { ourExecutable, referenceExecutable } from './candidates.ts';
import { formatMegabytes, formatMilliseconds, formatRatio, judged } from './format.ts';
import { describeDisturbance } from './machine.ts';
import { ip, makeNetns, type Netns } from './netns.ts';
import type { Run, Samples } from './plan.ts';
import { makeScratch, type Scratch } from './scratch.ts';
import { measure } from './spawner.ts';
import { compare, summarise } from './statistics.ts';
import type { Measurement, Table } from './table.ts';

const ROUNDS = 100;
const WARMUP = 5;

/** What containerd sends for a pod with both annotations of 100M, and for one with none. */
const LIMITS = { IngressRate: 1e8, IngressBurst: 2 ** 32 - 1, EgressRate: 1e8, EgressBurst: 2 ** 32 - 1 };
const NO_LIMITS = { IngressRate: 0, IngressBurst: 0, EgressRate: 0, EgressBurst: 0 };

/** A pod at the end of a veth; each candidate has one of its own. */
interface VethPod {
  readonly executable: string;
  readonly hostEnd: string;
  readonly netns: Netns;
}

/** Whole ADD and DEL of bandwidth for a pod at a veth, where the reference can do it too. */
export const bandwidth: Measurement = async (progress) => {
  const executables = [ourExecutable('bandwidth'), referenceExecutable('bandwidth')];
  if (process.getuid?.() !== 0) return [tableOf([['ADD, DEL', 'not measurable without root']], [])];
  progress(`bandwidth: ADD and DEL, ${ROUNDS} rounds`);
  using scratch = makeScratch();
  using namespaces = new DisposableStack();
  const node = namespaces.use(makeNetns());
  const pods = executables.map((executable, index): VethPod => {
    const netns = namespaces.use(makeNetns());
    const hostEnd = `veth${index}`;
    ip(`-n ${node.name} link add ${hostEnd} up type veth peer name eth0 netns ${netns.name}`);
    ip(`-n ${netns.name} link set eth0 up`);
    return { executable, hostEnd, netns };
  });
  const { steps, disturbance } = await measure({ rounds: ROUNDS, warmup: WARMUP, steps: stepsOf(pods, scratch) }, node);
  const rows = LABELS.map((label, index) => rowOf(label, steps[index] ?? []));
  return [tableOf(rows, describeDisturbance(disturbance))];
};

const LABELS = ['ADD, both directions', 'DEL', 'DEL again', 'ADD, no limits: prevResult passes through'];

/** In the order of the labels, and last what the reference leaves at the veth: the next ADD would fail on it. */
function stepsOf(pods: readonly VethPod[], scratch: Scratch): Run[][] {
  const each = (verb: string, limits: object): Run[] => pods.map((pod) => runOf(pod, verb, limits, scratch));
  const leftovers = pods
    .slice(1)
    .flatMap(({ hostEnd }): Run[] => [
      { command: ['/usr/sbin/tc', 'qdisc', 'del', 'dev', hostEnd, 'root'] },
      { command: ['/usr/sbin/tc', 'qdisc', 'del', 'dev', hostEnd, 'ingress'] },
    ]);
  return [each('ADD', LIMITS), each('DEL', LIMITS), each('DEL', LIMITS), each('ADD', NO_LIMITS), leftovers];
}

function runOf({ executable, hostEnd, netns }: VethPod, verb: string, bandwidth: object, scratch: Scratch): Run {
  const config = {
    cniVersion: '1.0.0',
    name: 'bench',
    type: 'bandwidth',
    runtimeConfig: { bandwidth },
    prevResult: {
      cniVersion: '1.0.0',
      interfaces: [{ name: hostEnd }, { name: 'eth0', sandbox: netns.path }],
      ips: [{ address: '10.1.0.2/24', gateway: '10.1.0.1', interface: 1 }],
    },
  };
  return {
    command: [executable],
    stdin: scratch.write(`${hostEnd}-${bandwidth === LIMITS ? 'limits' : 'none'}.json`, config),
    env: {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: `${hostEnd}-{round}`,
      CNI_NETNS: netns.path,
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/opt/cni/bin',
    },
  };
}

function rowOf(label: string, [mine, theirs]: readonly Samples[]): string[] {
  if (mine === undefined || theirs === undefined) throw new Error(`measure ${label}: no samples`);
  const ratio = compare(mine.milliseconds, theirs.milliseconds);
  return [
    label,
    ...[mine, theirs].map(({ milliseconds }) => formatMilliseconds(summarise(milliseconds).median)),
    judged(formatRatio(ratio), ratio.median, 1),
    ...[mine, theirs].map(({ peakBytes }) => formatMegabytes(peakBytes)),
  ];
}

function tableOf(rows: string[][], notes: string[]): Table {
  return {
    title: 'bandwidth on a veth',
    notes: [
      'Medians from spawn to exit, ms; each round is ADD, DEL, DEL, ADD. The ratio is below 1 where ours is faster, its 95 % interval beside it; goal: ≤ 1.',
      'The reference’s DEL leaves qdiscs and a filter at the veth, ours nothing.',
      ...notes,
    ],
    columns: ['', 'ours', 'Go', 'ours/Go', 'RSS MB', 'Go'],
    rows,
  };
}
