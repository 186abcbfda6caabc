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
  type Limit,
  limitOf,
  type Origin,
  originOf,
  RATE_MAX,
  RuntimeConfig,
  type Sources,
} from './config.ts';
import { aloneIn, type Facts, factsOf, mayGetLinks, type Where } from './facts.ts';
import { DIRECTIONS, type Owner, ownerOf } from './ifb.ts';
import { plan, type Shaping, type Wanted, wantedOf } from './plan.ts';
import { type Bits, bits } from './quantity.ts';
import { lockRecords, readRecord, writeRecord } from './record.ts';
import { removeShapers } from './remove.ts';

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
    list: (which) => list(pod, which === 'configured' ? undefined : readRecord(pod.owner, netns).override),
    buckets: () => reportBuckets(shapingOf(pod), pod, node?.qdiscs()),
    faults: () => faultsOf(shapingOf(pod), pod),
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

function list(pod: Pod, override: Asked | undefined): LimitReport[] {
  const sources = { ...pod.sources, override };
  const wanted = wantedOf(sources);
  if (wanted === undefined) return [];
  const shaping = plan(wanted, factsInForce(pod, wanted));
  return DIRECTIONS.flatMap((direction) => {
    const bucket = shaping.find((shaper) => shaper.direction === direction)?.bucket;
    const [limit, origin] = [wanted.limits[direction], originOf(direction, sources)];
    if (bucket === undefined || limit === undefined || origin === undefined) return [];
    return [{ direction, rate: limit.rate, burst: bits(bucket.burst * 8), origin }];
  });
}

function shapingOf(pod: Pod): Shaping {
  const wanted = wantedOf({ ...pod.sources, override: readRecord(pod.owner, pod.netns).override });
  return wanted === undefined ? [] : plan(wanted, factsInForce(pod, wanted));
}

/** A plugin that came after this one may have given the pod a link that ADD did not know of: what is there tells. */
function factsInForce(pod: Pod, wanted: Wanted | undefined): Facts {
  const facts = factsOf(pod.where);
  const alone = aloneIn(facts);
  if (wanted === undefined || alone === undefined) return facts;
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
    const facts = factsInForce(pod, wantedOf({ ...sources, override: before.override }));
    const override = revision(before.override);
    const wanted = wantedOf({ ...sources, override });
    return withUndo((undo) => {
      undo.defer('restore the record', () => writeRecord(owner, netns, before));
      writeRecord(owner, netns, { override, held: mayGetLinks(facts) ? wanted : undefined });
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
  removeShapers(unwanted(pod, wanted, facts), pod.sides, pod.owner);
  apply(shaping, { sides: pod.sides, owner: pod.owner, undo });
  return [...new Set(shaping.flatMap(({ bucket }) => bucket.notes))];
}

const ANY: Limit = { rate: bits(RATE_MAX), notes: [] };

/** Where there would be buckets in the directions that have no limit. */
function unwanted({ sources }: Pod, wanted: Wanted | undefined, facts: Facts): Shaping {
  const free = DIRECTIONS.filter((direction) => wanted?.limits[direction] === undefined);
  return plan({ ...sources.config, limits: Object.fromEntries(free.map((direction) => [direction, ANY])) }, facts);
}
