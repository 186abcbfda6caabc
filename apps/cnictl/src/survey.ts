/** The commands about a network as a whole: gc, status and version. */
import { findPlugin } from '@cni/skel';
import { isErrno, openNetns } from '@cni/sys';
import { askVersions } from './ask-versions.ts';
import { type CachedAttachment, listCached } from './cache.ts';
import { askStatus, collectGarbage, type ValidAttachment } from './chain.ts';
import { type CommandLine, UsageError } from './command-line.ts';
import { getNetwork, type Invocation, openSession } from './session.ts';

/** `cnictl gc NETWORK` */
export function gc(invocation: Invocation): void {
  const [name = ''] = invocation.line.operands;
  const named = namedAttachments(invocation.line);
  const session = openSession(invocation);
  const network = getNetwork(session, name);
  const valid = named ?? listCached(session.settings.cacheDir, network.name).filter(mayBeAlive).map(shortly);
  const collected = collectGarbage(session.runtime, network, valid);
  if (collected === undefined) {
    session.print([['network', network.name, 'left alone: it has disableGC']], { deleted: [], kept: valid });
    return;
  }
  const { deleted, kept } = collected;
  const rows = (label: string, attachments: readonly CachedAttachment[]) =>
    attachments.map(({ containerId, ifName, netns }) => [label, `${containerId}/${ifName}`, netns]);
  session.print([...rows('deleted', deleted), ...rows('kept', kept)], {
    deleted: deleted.map(shortly),
    kept: kept.map(shortly),
  });
}

/** What the command line says is in use; `undefined` when it says nothing. Throws {@link UsageError}. */
function namedAttachments({ given }: CommandLine): ValidAttachment[] | undefined {
  const named = given.get('valid');
  if (!given.has('all')) return named?.map(parseAttachment);
  if (named !== undefined) throw new UsageError('--all and --valid exclude each other');
  return [];
}

function parseAttachment(text: string): ValidAttachment {
  const [containerID = '', ifname = '', ...rest] = text.split('/');
  if (containerID === '' || ifname === '' || rest.length > 0)
    throw new UsageError(`--valid: expected ID/IFNAME (got "${text}")`);
  return { containerID, ifname };
}

function shortly({ containerId, ifName }: CachedAttachment): ValidAttachment {
  return { containerID: containerId, ifname: ifName };
}

/** Whether its namespace is there. One that was never told of, or may not be looked at, may be. */
export function mayBeAlive({ netns }: CachedAttachment): boolean {
  if (netns === '') return true;
  try {
    openNetns(netns).close();
    return true;
  } catch (error) {
    return !isErrno(error, 'ENOENT', 'ENOTDIR', 'EINVAL');
  }
}

/** `cnictl status NETWORK` */
export function status(invocation: Invocation): void {
  const [name = ''] = invocation.line.operands;
  const session = openSession(invocation);
  const network = getNetwork(session, name);
  const asked = askStatus(session.runtime, network);
  if (!asked)
    session.print([['network', network.name, `not asked: STATUS is in CNI 1.1.0, not in ${network.cniVersion}`]]);
  else session.print(session.calls.map(({ type }) => ['plugin', type, 'ready']));
}

/** `cnictl version NETWORK`; false when a plugin does not speak the network's version. */
export function version(invocation: Invocation): boolean {
  const [name = ''] = invocation.line.operands;
  const session = openSession(invocation);
  const network = getNetwork(session, name);
  const answers = askVersions(session.runtime, network);
  const rows = answers.map(({ type, versions }) => {
    return ['plugin', type, findPlugin(type, session.settings.cniPath), versions.join(' ')];
  });
  const document = answers.map(({ type, versions }) => ({ type, supportedVersions: versions }));
  session.print([['network', network.name, network.cniVersion], ...rows], document);
  const ignorant = answers.filter(({ versions }) => !versions.includes(network.cniVersion)).map(({ type }) => type);
  if (ignorant.length > 0)
    invocation.terminal.stderr(`cnictl: ${ignorant.join(', ')} cannot speak CNI ${network.cniVersion}\n`);
  return ignorant.length === 0;
}
