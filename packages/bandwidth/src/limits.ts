/** The limits of pods that run, for who looks after a node: what they are, what comes of them, and how they are changed. */
import { openRtnl, type Qdisc } from '@cni/rtnetlink';
import {
  type Attachment,
  attachKeys,
  CniError,
  decodeResult,
  isSpecVersion,
  type JsonObject,
  parseWith,
  type Result,
  type Undo,
  withUndo,
} from '@cni/skel';
import type { Netns } from '@cni/sys';
import { apply, type Sides } from './apply.ts';
import { bandwidth } from './bandwidth.ts';
import { type BucketReport, faultsOf, reportBuckets } from './buckets.ts';
import {
  ArgsCni,
  type Asked,
  aboveMax,
  Config,
  type Direction,
  limitOf,
  type Origin,
  originOf,
  RuntimeConfig,
  type Sources,
} from './config.ts';
import { aloneIn, type Facts, factsOf, findFacts, mayGetLinks, othersIn, type Where, within } from './facts.ts';
import { DIRECTIONS, type Owner, ownerOf } from './ifb.ts';
import { plan, type Shaping, type Wanted, wantedOf } from './plan.ts';
import { type Bits, bits } from './quantity.ts';
import { lockRecords, type Recorded, readRecord, writeRecord } from './record.ts';

/** One attachment, as CHECK of the plugin is told of it. */
export interface LimitsInput {
  /** The request: configuration, `runtimeConfig` and `prevResult`. */
  readonly request: JsonObject;
  readonly attachment: Attachment;
  /** Of the pod. Open for as long as the limits are in use. */
  readonly netns: Netns;
  /** For who looks at many pods. */
  readonly node?: Node;
}

/** The node, asked once for all pods. */
export interface Node {
  /** All qdiscs, as they were when it was first called. */
  qdiscs(): readonly Qdisc[];
}

/** Looks at the node when somebody wants to know. */
export function lookAtNode(): Node {
  let found: readonly Qdisc[] | undefined;
  return {
    qdiscs() {
      if (found !== undefined) return found;
      const rtnl = openRtnl();
      found = rtnl.qdiscs.list();
      rtnl.close();
      return found;
    },
  };
}

/** The limit of one direction. */
export interface LimitReport {
  readonly direction: Direction;
  /** Bits per second. */
  readonly rate: Bits;
  /** Bits. */
  readonly burst: Bits;
  readonly origin: Origin;
}

/** The limits of one pod. Every method throws `CniError`, `NetlinkError` or `SysError`. */
export interface Limits {
  /** What is to be held, in each direction that has a limit; `configured`: if nobody had changed it. */
  list(which?: 'configured'): LimitReport[];
  /** What is there, and what has gone through it. */
  buckets(): BucketReport[];
  /** In what the kernel differs from that; what CHECK would say. */
  faults(): string[];
  /**
   * Changes what is given and records it: rates in bits per second, bursts in bits; zero is none. What is there is changed in
   * place. Returns what was asked for and is not given. Throws `CniError` for a rate above `maxRate` before anything is done.
   */
  set(change: Asked): readonly string[];
  /** Makes what was configured, and forgets what is recorded. Returns as `set`. */
  reset(): readonly string[];
  close(): void;
}

interface Pod {
  readonly sources: Sources;
  readonly owner: Owner;
  readonly netns: Netns;
  readonly sides: Sides;
  readonly where: Where;
}

/** Opens the limits of a pod. Throws `CniError` for a configuration the plugin would refuse. */
export function openLimits({ request, attachment, netns, node }: LimitsInput): Limits {
  const sources = sourcesOf(request);
  const prevResult = resultOf(request);
  const [inPod, host] = [openRtnl(netns), openRtnl()];
  const pod: Pod = {
    sources,
    owner: ownerOf(attachment, String(request['name'])),
    netns,
    sides: { pod: { rtnl: inPod, netns }, host: { rtnl: host } },
    where: { pod: inPod, host, attachment, prevResult },
  };
  return {
    list(which) {
      const record = readRecord(pod.owner, netns);
      return list(pod, which === 'configured' ? { ...record, override: undefined } : record);
    },
    buckets: () => reportBuckets(inForce(pod).shaping, pod, node?.qdiscs()),
    faults() {
      const { shaping, facts } = inForce(pod);
      return facts === undefined ? [] : faultsOf(shaping, { ...pod, facts });
    },
    set: (change) => revise(pod, (before) => revised(pod, { ...before, ...change }, change)),
    reset: () => revise(pod, () => undefined),
    close() {
      inPod.close();
      host.close();
    },
  };
}

function sourcesOf(request: JsonObject): Sources {
  const { runtimeConfig, argsCni } = attachKeys({ bytes: new Uint8Array(0), document: request });
  const { respell } = bandwidth;
  return {
    config: parseWith<Config>(Config, request),
    runtimeConfig: parseWith(RuntimeConfig, respell.runtimeConfig(runtimeConfig), 'runtimeConfig'),
    argsCni: parseWith(ArgsCni, respell.argsCni(argsCni), 'args.cni'),
  };
}

function resultOf({ cniVersion, prevResult }: JsonObject): Result {
  const version = typeof cniVersion === 'string' && isSpecVersion(cniVersion) ? cniVersion : '0.1.0';
  return prevResult === undefined ? {} : decodeResult(prevResult, version, 'prevResult');
}

function list(pod: Pod, record: Recorded): LimitReport[] {
  const sources = { ...pod.sources, override: record.override };
  const wanted = wantedOf(sources);
  if (wanted === undefined) return [];
  const { shaping } = inForce(pod, record);
  return DIRECTIONS.flatMap((direction) => {
    const bucket = shaping.find((shaper) => shaper.direction === direction)?.bucket;
    const [limit, origin] = [wanted.limits[direction], originOf(direction, sources)];
    if (bucket === undefined || limit === undefined || origin === undefined) return [];
    return [{ direction, rate: limit.rate, burst: bits(bucket.burst * 8), origin }];
  });
}

/** What is wanted, and the links it is held on. */
function inForce(
  pod: Pod,
  record: Recorded = readRecord(pod.owner, pod.netns),
): { readonly shaping: Shaping; readonly facts: Facts | undefined } {
  const wanted = wantedOf({ ...pod.sources, override: record.override });
  if (wanted === undefined) {
    const all = findFacts(pod.where);
    return { shaping: [], facts: all && within(all, record.links ?? othersIn(all)) };
  }
  const facts = factsInForce(pod, wanted, record);
  return { shaping: plan(wanted, facts), facts };
}

/** A plugin that came after this one may have given the pod a link that ADD did not know of: where nothing is recorded, what is there tells. */
function factsInForce(pod: Pod, wanted: Wanted, { links }: Recorded): Facts {
  const facts = factsOf(pod.where);
  if (links !== undefined) return within(facts, links);
  const alone = aloneIn(facts);
  if (alone === undefined) return facts;
  const isThere = (shaping: Shaping) => reportBuckets(shaping, pod).every(({ there }) => there !== undefined);
  return !isThere(plan(wanted, facts)) && isThere(plan(wanted, alone)) ? alone : facts;
}

/** What is to be recorded. Throws `CniError` for what is not allowed. */
function revised({ sources }: Pod, override: Asked, change: Asked): Asked {
  for (const direction of DIRECTIONS) {
    const [rate, burst, max] = [
      change[`${direction}Rate`],
      change[`${direction}Burst`],
      sources.config.maxRate[direction],
    ];
    if (rate !== undefined && max !== undefined && (rate === 0 || rate > max))
      throw new CniError('INVALID_CONFIG', aboveMax(direction, rate, max));
    if (burst && limitOf(direction, { ...sources, override }) === undefined)
      throw new CniError('INVALID_CONFIG', `${direction}: a burst without a rate`);
  }
  return override;
}

/** Record first, then the kernel: whoever is killed in between leaves what CHECK notices. */
function revise(pod: Pod, revision: (before: Asked | undefined) => Asked | undefined): readonly string[] {
  const { owner, netns, sources } = pod;
  const lock = lockRecords();
  try {
    const before = readRecord(owner, netns);
    const facts = inForce(pod, before).facts ?? factsOf(pod.where);
    const override = revision(before.override);
    const held = mayGetLinks(facts) ? wantedOf({ ...sources, override }) : undefined;
    return withUndo((undo) => {
      undo.defer('restore the record', () => writeRecord(owner, netns, before));
      writeRecord(owner, netns, { override, held, links: held ? othersIn(facts) : before.links });
      undo.defer('restore the limits', () => void withUndo((inner) => enforce(pod, before.override, facts, inner)));
      return enforce(pod, override, facts, undo);
    });
  } finally {
    lock.release();
  }
}

/** Makes what the sources say and removes what they do not. */
function enforce(pod: Pod, override: Asked | undefined, facts: Facts, undo: Undo): readonly string[] {
  const wanted = wantedOf({ ...pod.sources, override });
  const shaping = wanted === undefined ? [] : plan(wanted, facts);
  apply(shaping, { sides: pod.sides, owner: pod.owner, facts, undo });
  return [...new Set(shaping.flatMap(({ bucket }) => bucket.notes))];
}
