/**
 * What an operator has changed of a running pod: one small file for each attachment. It is of that pod alone, so it names the
 * namespace: a file that was left behind is nothing to another pod of the same name. On a tmpfs, as no pod outlives a reboot.
 */
import { parseJson, parseWith, type ValidAttachment } from '@cni/skel';
import {
  findStat,
  findText,
  isErrno,
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
import type { Asked } from './config.ts';
import type { Owner } from './ifb.ts';
import { bits } from './quantity.ts';

const DIRECTORY = '/run/cni/bandwidth';

/** None of the three can have a colon in it. */
function pathOf({ network, containerId, ifName }: Owner): string {
  return `${DIRECTORY}/${network}:${containerId}:${ifName}`;
}

const Limit = z.optional(z.pipe(z.number().check(z.minimum(0)), z.transform(bits)));

const Recorded = z.object({
  netns: z.string(),
  ingressRate: Limit,
  ingressBurst: Limit,
  egressRate: Limit,
  egressBurst: Limit,
});

/** What is recorded of an attachment in a namespace; a file that cannot be read, or is another pod's, is none. */
export function readOverride(owner: Owner, { id }: Netns): Asked | undefined {
  try {
    const content = findText(pathOf(owner));
    if (content === undefined) return undefined;
    const { netns, ...asked } = parseWith(Recorded, parseJson(utf8(content), pathOf(owner)));
    return netns === id ? asked : undefined;
  } catch {
    return undefined;
  }
}

/** Records it in place of what was recorded; nothing: removes that. Throws `SysError`. */
export function writeOverride(owner: Owner, { id }: Netns, override: Asked | undefined): void {
  if (override === undefined) removeOverride(owner);
  // One name aside is enough: whoever writes holds the lock.
  else replaceFile(pathOf(owner), `${JSON.stringify({ netns: id, ...override })}\n`, `${DIRECTORY}/.new`);
}

/** Forgets what is recorded. Throws `SysError`; it is no error when there is nothing. */
export function removeOverride(owner: Owner): void {
  try {
    removeIfPresent(pathOf(owner));
  } catch (error) {
    if (!isErrno(error, 'ENAMETOOLONG')) throw error;
  }
}

/** Forgets what is recorded of attachments of the network that are not valid any more. Throws `SysError`. */
export function sweepOverrides(network: string, valid: readonly ValidAttachment[]): void {
  if (findStat(DIRECTORY) === undefined) return;
  const kept = new Set(valid.map((one) => pathOf({ ...one, network })));
  const paths = listDirectory(DIRECTORY)
    .filter((name) => name.startsWith(`${network}:`))
    .map((name) => `${DIRECTORY}/${name}`);
  for (const path of paths.filter((one) => !kept.has(one))) removeIfPresent(path);
}

const LOCK_TIMEOUT = 30_000;

/** Held while a limit is changed: of two at once neither must forget what the other recorded. Throws `SysError`. */
export function lockOverrides(): Lock {
  makeDirectories(DIRECTORY);
  return lockFile(`${DIRECTORY}/.lock`, LOCK_TIMEOUT);
}
