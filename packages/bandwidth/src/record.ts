/**
 * What the kernel cannot tell of an attachment, in one small file: what an operator has changed while its pod runs, and what is
 * held, so that it can be held on links too that the pod gets later. It is of that pod alone, so it names the namespace: a file that
 * was left behind is nothing to another pod of the same name. On a tmpfs, as no pod outlives a reboot.
 */
import { formatCidr } from '@cni/ip';
import { fnv1a, parseJson, parseWith, type ValidAttachment } from '@cni/skel';
import {
  findStat,
  findText,
  type Lock,
  listDirectory,
  lockFile,
  makeDirectories,
  type Netns,
  removeIfPresent,
  replaceFile,
  utf8,
} from '@cni/sys';
import * as z from 'zod/mini';
import { type Asked, Config } from './config.ts';
import type { Owner } from './ifb.ts';
import { type Wanted, wantedOf } from './plan.ts';
import { bits } from './quantity.ts';

const DIRECTORY = '/run/cni/bandwidth';

/** None of the three can have a colon in it. */
function pathOf({ network, containerId, ifName }: Owner): string {
  return `${DIRECTORY}/${shortened(network)}:${shortened(containerId)}:${ifName}`;
}

const LONGEST = 100;

/** Identifiers may be longer than names of files, and none has a `#`. */
function shortened(name: string): string {
  if (name.length <= LONGEST) return name;
  return `${name.slice(0, LONGEST - 9)}#${fnv1a(name).toString(16).padStart(8, '0')}`;
}

/** A runtime asks one thing of an attachment at a time, and who changes its limits holds the lock. */
function asideOf(path: string): string {
  return `${path}~`;
}

/** What is known of an attachment. */
export interface Recorded {
  /** What an operator has changed. */
  readonly override?: Asked | undefined;
  /** What is held, whoever has asked for it. */
  readonly held?: Wanted | undefined;
  /** The names of the pod's links that it is held on, beside the attachment's own. */
  readonly links?: readonly string[] | undefined;
}

const Limit = z.optional(z.pipe(z.number().check(z.minimum(0)), z.transform(bits)));

const Stored = z.object({
  netns: z.string(),
  override: z.optional(z.object({ ingressRate: Limit, ingressBurst: Limit, egressRate: Limit, egressBurst: Limit })),
  held: z.optional(Config),
  links: z.optional(z.array(z.string())),
});

/** What is recorded of an attachment in a namespace; a file that cannot be read, or is another pod's, says nothing. */
export function readRecord(owner: Owner, { id }: Netns): Recorded {
  try {
    const content = findText(pathOf(owner));
    if (content === undefined) return {};
    const { netns, override, held, links } = parseWith(Stored, parseJson(utf8(content), pathOf(owner)));
    if (netns !== id) return {};
    return { override, held: held && wantedOf({ config: held, runtimeConfig: {}, argsCni: {} }), links };
  } catch {
    return {};
  }
}

/** Records it in place of what was recorded; nothing: removes that. Throws `SysError`. */
export function writeRecord(owner: Owner, { id }: Netns, { override, held, links }: Recorded): void {
  if (override === undefined && held === undefined) {
    removeRecord(owner);
    return;
  }
  makeDirectories(DIRECTORY);
  const path = pathOf(owner);
  const stored = { netns: id, override, held: held && configOf(held), links };
  replaceFile(path, `${JSON.stringify(stored)}\n`, asideOf(path));
}

/** The configuration of a pod of which nobody else has an opinion. */
function configOf({ limits: { ingress, egress }, ...wanted }: Wanted): object {
  return {
    ingressRate: ingress?.rate,
    ingressBurst: ingress?.burst,
    egressRate: egress?.rate,
    egressBurst: egress?.burst,
    latency: `${wanted.latency}us`,
    unshapedSubnets: wanted.unshapedSubnets?.map(formatCidr),
    shapedSubnets: wanted.shapedSubnets?.map(formatCidr),
    sameNode: wanted.sameNode,
    where: wanted.where,
  };
}

/** Forgets what is recorded. Throws `SysError`; it is no error when there is nothing. */
export function removeRecord(owner: Owner): void {
  const path = pathOf(owner);
  for (const one of [path, asideOf(path)]) removeIfPresent(one);
}

/** Forgets what is recorded of attachments of the network that are not valid any more. Throws `SysError`. */
export function sweepRecords(network: string, valid: readonly ValidAttachment[]): void {
  if (findStat(DIRECTORY) === undefined) return;
  const kept = new Set(valid.map((one) => pathOf({ ...one, network })).flatMap((path) => [path, asideOf(path)]));
  const paths = listDirectory(DIRECTORY)
    .filter((name) => name.startsWith(`${shortened(network)}:`))
    .map((name) => `${DIRECTORY}/${name}`);
  for (const path of paths.filter((one) => !kept.has(one))) removeIfPresent(path);
}

const LOCK_TIMEOUT = 30_000;

/** Held while a limit is changed: of two at once neither must forget what the other recorded. Throws `SysError`. */
export function lockRecords(): Lock {
  makeDirectories(DIRECTORY);
  return lockFile(`${DIRECTORY}/.lock`, LOCK_TIMEOUT);
}
