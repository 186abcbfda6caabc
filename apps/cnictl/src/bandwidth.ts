/** The commands about the limits that the plugin bandwidth holds running pods to. */
import {
  type Asked,
  type BucketPlace,
  formatAmount,
  formatBits,
  type LimitReport,
  type Limits,
  parseBurst,
  parseRate,
  type Watched,
  watch,
} from '@cni/plugin-bandwidth';
import { keyOf } from './attach.ts';
import { inRun, netnsPath } from './attachment.ts';
import { type CachedAttachment, type CacheKey, findCached, listCached, notCached } from './cache.ts';
import { closest } from './closest.ts';
import { type CommandLine, UsageError } from './command-line.ts';
import { findNetwork, noSuchNetwork } from './find-network.ts';
import { printMetrics } from './metrics.ts';
import { withLimits } from './pod-limits.ts';
import { type Invocation, openSession, type Session } from './session.ts';

type Row = readonly string[];

/** What a word after `bandwidth` does with one pod. */
type Action = (pod: Pod) => void;

interface Pod {
  readonly session: Session;
  readonly cached: CachedAttachment;
  readonly limits: Limits;
  /** What is to be set. */
  readonly wanted: Asked;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  show,
  set: (pod) => change(pod, () => pod.limits.set(pod.wanted)),
  reset: (pod) => change(pod, () => pod.limits.reset()),
};

/** `cnictl bandwidth show|set|reset NETWORK [NETNS|CONTAINER]`, `cnictl bandwidth metrics` */
export function bandwidth(invocation: Invocation): boolean {
  const [word = '', name, pod] = invocation.line.operands;
  const wanted = wantedOf(invocation.line, word);
  if (word === 'metrics') {
    if (name !== undefined) throw new UsageError('expected bandwidth metrics, for all networks');
    printMetrics(openSession(invocation), invocation.terminal);
    return true;
  }
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (action === undefined) throw new UsageError(`expected show, set, reset or metrics (got "${word}")${meant(word)}`);
  if (name === undefined) throw new UsageError(`expected bandwidth ${word} NETWORK NETNS|CONTAINER`);
  const session = openSession(invocation);
  const { cached, network } = find(session, name, pod);
  withLimits(cached, network, (limits) => action({ session, cached, limits, wanted }));
  return true;
}

function meant(word: string): string {
  const known = closest(word, [...Object.keys(ACTIONS), 'metrics']);
  return known === undefined ? '' : `; did you mean ${known}?`;
}

const CHANGES = [
  ['ingress', 'ingressRate', parseRate],
  ['egress', 'egressRate', parseRate],
  ['ingress-burst', 'ingressBurst', parseBurst],
  ['egress-burst', 'egressBurst', parseBurst],
] as const;

/** What the options say. Throws {@link UsageError}. */
function wantedOf({ given }: CommandLine, word: string): Asked {
  const changes = CHANGES.flatMap(([option, key, parse]) => {
    const text = given.get(option)?.at(-1);
    return text === undefined ? [] : [[key, parsedBy(parse, option, text)] as const];
  });
  if (word === 'set' && changes.length === 0)
    throw new UsageError('set needs --ingress RATE, --egress RATE, --ingress-burst BITS or --egress-burst BITS');
  if (word !== 'set' && changes.length > 0) throw new UsageError('rates and bursts are for set');
  return Object.fromEntries(changes);
}

function parsedBy<T>(parse: (text: string) => T, option: string, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    throw new UsageError(`--${option}: ${(error as Error).message}`);
  }
}

/** The attachment, which has to be remembered: the plugin's result and the pod's own limits are nowhere else. */
function find(session: Session, name: string, pod: string | undefined) {
  const { confDir, cacheDir, workingDirectory } = session.settings;
  const network = findNetwork(name, confDir);
  const key = keyOf(session, network?.name ?? name, pod);
  const remembered = findCached(cacheDir, key) ?? (pod && findByPod(session, key, pod));
  if (!remembered) throw network === undefined ? noSuchNetwork(name, confDir) : notCached(cacheDir, key);
  const netns = remembered.netns || (pod === undefined ? '' : netnsPath(pod, workingDirectory));
  if (netns === '') throw new UsageError('NETNS is needed: it was not remembered');
  return { network, cached: { ...remembered, netns } };
}

/**
 * What a runtime has attached, by its namespace or by its container: as much of the id as tells it from others. Throws
 * {@link UsageError} when that could be several.
 */
function findByPod(
  { settings }: Session,
  { networkName, ifName }: CacheKey,
  pod: string,
): CachedAttachment | undefined {
  if (settings.containerId !== undefined) return undefined;
  const path = inRun(netnsPath(pod, settings.workingDirectory));
  const all = listCached(settings.cacheDir, networkName).filter((one) => one.ifName === ifName);
  const exact = all.find(({ containerId, netns }) => containerId === pod || inRun(netns) === path);
  const [found, another] = exact ? [exact] : all.filter(({ containerId }) => containerId.startsWith(pod));
  if (another !== undefined) throw new UsageError(`${pod} could be ${found?.containerId} or ${another.containerId}`);
  return found;
}

/** How long the buckets are watched. */
const INTERVAL = 1000;

function show({ session, cached, limits }: Pod): void {
  const buckets = watch(limits.buckets, INTERVAL);
  const faults = limits.faults();
  const listed = limits.list();
  const rows = [
    ...limitRows(listed, limits.list('configured')),
    ...buckets.map(bucketRow),
    ...faults.map((fault) => ['fault', fault]),
  ];
  if (listed.length === 0) rows.push(['limit', 'none']);
  session.print(rows, {
    ...nameOf(cached),
    limits: limitDocuments(limits),
    buckets: buckets.map(bucketDocument),
    faults,
  });
}

/** Does it, and tells what became of the limits. */
function change({ session, cached, limits }: Pod, make: () => readonly string[]): void {
  const before = limits.list();
  const notes = make();
  const after = limits.list();
  const rows = (['ingress', 'egress'] as const).map((direction) => {
    const [old, now] = [before, after].map((list) => list.find((limit) => limit.direction === direction));
    const was = rateOf(old) === rateOf(now) ? '' : `was ${rateOf(old)}`;
    return ['limit', direction, rateOf(now), burstOf(now), now?.origin ?? '', was];
  });
  const document = { ...nameOf(cached), limits: limitDocuments(limits), notes };
  session.print([...rows, ...notes.map((note) => ['note', note])], document);
}

function nameOf({ networkName, containerId, ifName }: CachedAttachment): object {
  return { network: networkName, containerID: containerId, ifname: ifName };
}

function rateOf(limit: LimitReport | undefined): string {
  return limit === undefined ? 'none' : `${formatBits(limit.rate)}/s`;
}

function burstOf(limit: LimitReport | undefined): string {
  return limit === undefined ? '' : `burst ${formatBits(limit.burst)}`;
}

/** Also of directions that only an override keeps from having a limit, or has given one. */
function limitRows(limits: readonly LimitReport[], configured: readonly LimitReport[]): Row[] {
  return (['ingress', 'egress'] as const).flatMap((direction) => {
    const [now, then] = [limits, configured].map((list) => list.find((limit) => limit.direction === direction));
    if (now === undefined && then === undefined) return [];
    const changed = rateOf(now) !== rateOf(then) || now?.burst !== then?.burst;
    const instead = changed ? `instead of ${rateOf(then)}${then === undefined ? '' : `, ${then.origin}`}` : '';
    return [['limit', direction, rateOf(now), burstOf(now), now?.origin ?? 'override', instead]];
  });
}

function limitDocuments(limits: Limits): object {
  const configured = limits.list('configured').map(({ direction, ...rest }) => [direction, rest] as const);
  const current = limits.list().map(({ direction, ...rest }) => [direction, rest] as const);
  return { current: Object.fromEntries(current), configured: Object.fromEntries(configured) };
}

const PLACES: Readonly<Record<BucketPlace, string>> = {
  'pod-link': 'in the pod',
  'pod-ifb': 'in the pod',
  'node-link': 'on the node',
  'node-ifb': 'on the node',
};

function bucketRow({ direction, place, link, there, throughput }: Watched): Row {
  const at = ['bucket', direction, `${link} ${PLACES[place]}`];
  if (there === undefined) return [...at, 'not there'];
  const { bytes, packets, drops, overlimits, backlog } = there.statistics;
  return [
    ...at,
    `${formatAmount(throughput ?? 0, 'bit', 4)}/s of ${formatBits(there.rate * 8)}/s over ${INTERVAL / 1000} s`,
    formatAmount(Number(bytes), 'B', 4),
    `${packets} packets`,
    `${drops} drops`,
    `${overlimits} overlimits`,
    `backlog ${formatAmount(backlog, 'B', 4)}`,
  ];
}

function bucketDocument({ there, throughput, ...bucket }: Watched): object {
  if (there === undefined) return bucket;
  const { rate, burst, statistics } = there;
  return {
    ...bucket,
    rate: rate * 8,
    burst: burst * 8,
    ...(throughput !== undefined && { throughput: Math.round(throughput) }),
    ...statistics,
    bytes: Number(statistics.bytes),
  };
}
