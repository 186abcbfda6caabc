/**
 * Buckets of all pods of the node, as Prometheus reads them.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4
 */
import { type BucketReport, type Limits, lookAtNode, type Node } from '@cni/plugin-bandwidth';
import { isCniError, toFailure } from '@cni/skel';
import { type CachedAttachment, listCached } from './cache.ts';
import { findNetwork } from './find-network.ts';
import type { Network } from './network.ts';
import { isShaped, withLimits } from './pod-limits.ts';
import type { Session, Terminal } from './session.ts';
import { mayBeAlive } from './survey.ts';

type Existing = NonNullable<BucketReport['there']>;

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly value: (there: Existing) => number | bigint;
}

const METRICS: readonly Metric[] = [
  {
    name: 'rate_bytes_per_second',
    type: 'gauge',
    help: 'The rate that the bucket lets through.',
    value: ({ rate }) => rate,
  },
  { name: 'burst_bytes', type: 'gauge', help: 'What may pass at once after a pause.', value: ({ burst }) => burst },
  {
    name: 'bytes_total',
    type: 'counter',
    help: 'Bytes that went through.',
    value: ({ statistics }) => statistics.bytes,
  },
  {
    name: 'packets_total',
    type: 'counter',
    help: 'Packets that went through.',
    value: ({ statistics }) => statistics.packets,
  },
  {
    name: 'drops_total',
    type: 'counter',
    help: 'Packets dropped since they would have waited too long.',
    value: ({ statistics }) => statistics.drops,
  },
  {
    name: 'overlimits_total',
    type: 'counter',
    help: 'How often a packet had to wait.',
    value: ({ statistics }) => statistics.overlimits,
  },
  { name: 'backlog_bytes', type: 'gauge', help: 'Bytes that wait.', value: ({ statistics }) => statistics.backlog },
];

const UNREADABLE = {
  name: 'unreadable_attachments',
  type: 'gauge',
  help: 'Attachments that could not be looked at just now; why is on stderr.',
} as const;

/** One bucket with the labels that tell it from all others. */
interface Sample {
  readonly labels: string;
  readonly there: Existing;
}

/** `cnictl bandwidth metrics`. A pod that cannot be looked at does not keep the others from being told of: it is counted. */
export function printMetrics({ settings: { cacheDir, confDir } }: Session, { stdout, stderr }: Terminal): void {
  const networkOf = remembering((name) => findReadable(name, confDir));
  const node = lookAtNode();
  const failed: string[] = [];
  const samples = listCached(cacheDir).flatMap((cached) => {
    try {
      return samplesOf(cached, networkOf(cached.networkName), node);
    } catch (error) {
      // Between two looks a pod may go.
      if (mayBeAlive(cached) && !isCniError(error, 'LINK_MISSING'))
        failed.push(`${cached.containerId}/${cached.ifName} on ${cached.networkName}: ${toFailure(error).msg}`);
      return [];
    }
  });
  stderr(failed.map((line) => `cnictl: ${line}\n`).join(''));
  stdout(METRICS.map((metric) => familyOf(metric, samples)).join('') + family(UNREADABLE, [` ${failed.length}`]));
}

/** A broken file is no reason to tell nothing: the network is then as it was when the pod was added. */
function findReadable(name: string, confDir: string): Network | undefined {
  try {
    return findNetwork(name, confDir);
  } catch {
    return undefined;
  }
}

function remembering<T>(find: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    if (!known.has(name)) known.set(name, find(name));
    return known.get(name) as T;
  };
}

function samplesOf(cached: CachedAttachment, network: Network | undefined, node: Node): Sample[] {
  if (cached.netns === '' || !isShaped(cached, network)) return [];
  const { networkName, containerId, ifName } = cached;
  const read = (limits: Limits) =>
    limits.buckets().flatMap(({ there, direction, place }) => {
      const labels = formatLabels({ network: networkName, container: containerId, ifname: ifName, direction, place });
      return there === undefined ? [] : [{ labels, there }];
    });
  return withLimits(cached, network, read, node);
}

/** `{a="1",b="2"}`. */
export function formatLabels(labels: Readonly<Record<string, string>>): string {
  const escaped = (value: string) => value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`;
}

function familyOf(metric: Metric, samples: readonly Sample[]): string {
  return family(
    metric,
    samples.map(({ labels, there }) => `${labels} ${metric.value(there)}`),
  );
}

/** All samples of one name, which have to stand together. */
function family({ name, type, help }: Omit<Metric, 'value'>, samples: readonly string[]): string {
  const full = `cni_bandwidth_${name}`;
  const lines = [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...samples.map((sample) => `${full}${sample}`)];
  return lines.map((line) => `${line}\n`).join('');
}
