import { type Link, openRtnl, type Rtnl } from '@cni/rtnetlink';
import { type Attachment, CniError, type Result, type Undo } from '@cni/skel';
import { detach, isErrno, monotonic, type Netns, randomHex, sleep } from '@cni/sys';
import type { Config } from './config.ts';

/** IFALIASZ less its NUL. */
const ALIAS_MAX = 255;

/**
 * Proof of ownership, kept in the kernel with the link itself (`ip link` shows it): DEL removes what carries it, and nothing
 * it cannot prove to be ours.
 */
export function aliasOf({ containerId, ifName }: Attachment, network: string): string {
  return `cni ${containerId} ${ifName} ${network}`.slice(0, ALIAS_MAX);
}

export interface SlaveOptions {
  readonly pod: Rtnl;
  readonly netns: Netns;
  readonly home: Rtnl;
  readonly master: Link;
  readonly config: Config;
  readonly attachment: Attachment;
  readonly network: string;
  readonly undo: Undo;
}

/** Makes the slave in the pod's namespace, down, under its name, marked as ours. */
export function addSlave(options: SlaveOptions): Link {
  const { pod, netns, attachment, network, undo } = options;
  const { ifName, sandbox } = attachment;
  if (pod.links.find({ name: ifName })) throw new CniError('LINK_EXISTS', `${ifName} is taken already in ${sandbox}`);
  const name = addUnderFreeName(options);
  const { index } = pod.links.get({ name });
  undo.defer(`delete link ${ifName}`, () => deleteLink(pod, netns, index));
  pod.links.set(index, { alias: aliasOf(attachment, network), ...(name !== ifName && { name: ifName }) });
  return pod.links.get({ index });
}

/** Kernels before 6.2 look for the new name in the namespace of the request too, and refuse one that is taken there. */
function addUnderFreeName({ home, netns, master, config, attachment }: SlaveOptions): string {
  const add = (name: string): string => {
    home.links.add({
      name,
      parent: master.index,
      ...(!config.linkInContainer && { netns }),
      ...(config.mtu !== undefined && { mtu: config.mtu }),
      info: { kind: 'ipvlan', data: { mode: config.mode, flag: config.flag } },
    });
    return name;
  };
  try {
    return add(attachment.ifName);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return add(`cni${randomHex(6)}`);
    if (isErrno(error, 'EBUSY')) {
      throw new CniError(
        'LINK_MISMATCH',
        `master ${master.name} has macvlan slaves, or is the port of a bridge or bond: it cannot have ipvlan slaves too`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** The attachment's slave, if it is there and proven ours: by its alias, or as the very link that ADD reported. */
export function findOwnSlave(
  pod: Rtnl,
  attachment: Attachment,
  network: string,
  prevResult?: Result,
): Link | undefined {
  const link = pod.links.find({ name: attachment.ifName });
  if (link?.info?.kind !== 'ipvlan') return undefined;
  const reported = prevResult?.interfaces?.some(
    ({ name, sandbox, mac }) =>
      name === link.name && sandbox === attachment.sandbox && (mac ?? link.address) === link.address,
  );
  return reported || link.alias === aliasOf(attachment, network) ? link : undefined;
}

/** How long a device may take to leave, in milliseconds; it takes about one. */
const DEPARTURE_TIMEOUT = 5_000;

/**
 * Deletes a link and returns when it is gone. The kernel answers a DELLINK 10 to 50 ms later than that, after a grace
 * period that nobody here needs to wait for, so a process of its own waits for the answer. The addresses go first: until
 * the teardown ends ipvlan holds them for the master, and the next pod could not have them.
 */
export function deleteLink(pod: Rtnl, netns: Netns, index: number): void {
  for (const { address } of pod.addresses.list({ link: index })) pod.addresses.deleteIfPresent(index, address);
  // Two processes cannot share one conversation.
  detach(() => openRtnl(netns).links.deleteIfPresent(index));
  const start = monotonic();
  while (pod.links.find({ index }) !== undefined) {
    const waited = monotonic() - start;
    if (waited > DEPARTURE_TIMEOUT) pod.links.deleteIfPresent(index);
    if (waited > 3) sleep(1);
  }
}
