import { deleteQuietly, type Link, type Rtnl } from '@cni/rtnetlink';
import { type Attachment, CniError, fnv1a, type Result, type Undo } from '@cni/skel';
import { isErrno, type Netns } from '@cni/sys';
import type { Config } from './config.ts';

/** IFALIASZ less its NUL. */
const ALIAS_MAX = 255;

/**
 * Proof of ownership, kept in the kernel with the link itself (`ip link` shows it): DEL removes what carries it, and nothing
 * it cannot prove to be ours.
 */
function aliasOf({ containerId, ifName }: Attachment, network: string): string {
  return `cni ${containerId} ${ifName} ${network}`.slice(0, ALIAS_MAX);
}

/**
 * The same proof as a number, the FNV-1a hash of the alias. A link cannot be born with an alias, but with a group it can: so
 * the slave is ours from its first moment, and stays so if we are killed in the next. Group 0 is everybody's.
 */
function groupOf(attachment: Attachment, network: string): number {
  return fnv1a(aliasOf(attachment, network)) || 1;
}

/** The group in hexadecimal, for names of eight characters. */
export function markOf(attachment: Attachment, network: string): string {
  return groupOf(attachment, network).toString(16).padStart(8, '0');
}

function temporaryName(attachment: Attachment, network: string): string {
  return `cni${markOf(attachment, network)}`;
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

/** Refuses a name that is taken in the pod, by whomever. */
export function expectFreeName(pod: Rtnl, { ifName, sandbox }: Attachment): void {
  if (pod.links.find({ name: ifName })) throw new CniError('LINK_EXISTS', `${ifName} is taken already in ${sandbox}`);
}

/** Makes the slave in the pod's namespace, down, under its name, marked as ours. */
export function addSlave(options: SlaveOptions): Link {
  const { pod, netns, attachment, network, undo } = options;
  const { ifName } = attachment;
  expectFreeName(pod, attachment);
  // Deferred first and found by its mark: the kernel may have made it although we never heard.
  undo.defer(`delete link ${ifName}`, () => deleteOwnSlave(pod, netns, attachment, network));
  const { index } = pod.links.get({ name: addUnderFreeName(options) });
  pod.links.set(index, {
    alias: aliasOf(attachment, network),
    group: 0,
    name: ifName,
  });
  return pod.links.get({ index });
}

/** Older kernels (6.1) look for the new name in the namespace of the request too, and refuse one that is taken there. */
function addUnderFreeName({ home, netns, master, config, attachment, network }: SlaveOptions): string {
  const group = groupOf(attachment, network);
  const add = (name: string): string => {
    home.links.add({
      name,
      group,
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
    if (isErrno(error, 'EEXIST')) return add(temporaryName(attachment, network));
    if (isErrno(error, 'EOPNOTSUPP'))
      throw new CniError('INTERNAL', 'the kernel has no ipvlan: CONFIG_IPVLAN', { cause: error });
    if (!isErrno(error, 'EBUSY')) throw error;
    const message = `master ${master.name} has macvlan slaves, or is the port of a bridge or bond: it cannot have ipvlan slaves too`;
    throw new CniError('LINK_MISMATCH', message, { cause: error });
  }
}

/** Deletes the attachment's slave, if it is there and proven ours. */
export function deleteOwnSlave(
  pod: Rtnl,
  netns: Netns,
  attachment: Attachment,
  network: string,
  prevResult?: Result,
): void {
  const slave = findOwnSlave(pod, attachment, network, prevResult);
  if (slave !== undefined) deleteLink(pod, netns, slave.index);
}

/** By its mark, or as the very link that ADD reported. */
function findOwnSlave(pod: Rtnl, attachment: Attachment, network: string, prevResult?: Result): Link | undefined {
  const group = groupOf(attachment, network);
  const reported = prevResult?.interfaces?.find(
    ({ name, sandbox }) => name === attachment.ifName && sandbox === attachment.sandbox,
  );
  return [attachment.ifName, temporaryName(attachment, network)]
    .flatMap((name) => pod.links.find({ name }) ?? [])
    .filter((link) => link.info?.kind === 'ipvlan')
    .find(
      (link) =>
        link.alias === aliasOf(attachment, network) ||
        link.group === group ||
        (link.name === reported?.name && link.address === (reported.mac ?? link.address)),
    );
}

/** The addresses go first: until the teardown ends ipvlan holds them for the master, and the next pod could not have them. */
function deleteLink(pod: Rtnl, netns: Netns, index: number): void {
  for (const { address } of pod.addresses.list({ link: index })) pod.addresses.deleteIfPresent(index, address);
  deleteQuietly({ rtnl: pod, netns }, [index]);
}
