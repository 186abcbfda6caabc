/** The commands about one attachment: add, check and del. */
import { CniError, isSpecVersion, readVerb } from '@cni/skel';
import { findStat } from '@cni/sys';
import { type Attachment, containerIdOf, netnsPath } from './attachment.ts';
import { type CachedAttachment, type CacheKey, cachePath, findCached, notCached } from './cache.ts';
import { addToNetwork, checkInNetwork, deleteFromNetwork } from './chain.ts';
import { UsageError } from './command-line.ts';
import { describeResult } from './describe.ts';
import { findNetwork, noSuchNetwork } from './find-network.ts';
import { type Network, parseNetwork } from './network.ts';
import { getNetwork, type Invocation, openSession, type Session, withAdvice } from './session.ts';

/** `cnictl add NETWORK NETNS` */
export function add(invocation: Invocation): void {
  const [name = '', namespace = ''] = invocation.line.operands;
  const session = openSession(invocation);
  const network = getNetwork(session, name);
  const attachment = attachmentOf(session, 'ADD', namespace, undefined);
  requireNamespace(namespace, attachment);
  const command = deletion(invocation);
  refuseSecond(session, network, attachment, command);
  try {
    const result = addToNetwork(session.runtime, network, attachment);
    session.print(isSpecVersion(network.cniVersion) ? describeResult(result, network.cniVersion) : [], result);
  } catch (error) {
    throw session.calls.length === 0 ? error : withAdvice(error, `to remove what was made: ${command}`);
  }
}

/** A plugin would say the same of a path, but not how to make what is missing. */
function requireNamespace(namespace: string, { netns }: Attachment): void {
  if (namespace.includes('/') || findStat(netns) !== undefined) return;
  const details = `to make it: ip netns add ${namespace}`;
  throw new CniError('INVALID_ENVIRONMENT', `find namespace "${namespace}": there is no ${netns}`, { details });
}

/** The specification forbids a second ADD without a DEL between. */
function refuseSecond({ settings }: Session, network: Network, attachment: Attachment, command: string): void {
  const path = cachePath(settings.cacheDir, { ...attachment, networkName: network.name });
  if (findStat(path) === undefined) return;
  const message = `${attachment.ifName} of ${attachment.containerId} is attached to ${network.name} already: ${path}`;
  throw new CniError('LINK_EXISTS', message, { details: `to detach it: ${command}` });
}

/** The command that takes back what this one does. */
function deletion({ words }: Invocation): string {
  return ['cnictl', 'del', ...words.slice(1)].map(quoteForShell).join(' ');
}

function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `cnictl check NETWORK [NETNS]` */
export function check(invocation: Invocation): void {
  const [name = '', namespace] = invocation.line.operands;
  const session = openSession(invocation);
  const network = getNetwork(session, name);
  const key = keyOf(session, network.name, namespace);
  const cached = findCached(session.settings.cacheDir, key);
  if (cached === undefined && !network.disableCheck) throw notCached(session.settings.cacheDir, key);
  const attachment = attachmentOf(session, 'CHECK', namespace, cached);
  const checked = cached !== undefined && checkInNetwork(session.runtime, network, { ...cached, ...attachment });
  const verdict = checked ? 'as it was made' : 'not checked: the network has disableCheck';
  session.print([['interface', attachment.ifName, `of ${attachment.containerId}`, `on ${network.name}`, verdict]]);
}

/** `cnictl del NETWORK [NETNS]` */
export function del(invocation: Invocation): void {
  const [name = '', namespace] = invocation.line.operands;
  const session = openSession(invocation);
  const found = findNetwork(name, session.settings.confDir);
  const cached = remembered(session, found?.name ?? name, namespace);
  const network = found ?? networkIn(cached) ?? fail(noSuchNetwork(name, session.settings.confDir));
  const attachment = attachmentOf(session, 'DEL', namespace, cached);
  deleteFromNetwork(session.runtime, network, attachment);
  const note = cached === undefined ? 'deleted; it was not remembered as attached' : 'deleted';
  if (attachment.netns === '') invocation.terminal.stderr(UNKNOWN_NAMESPACE);
  session.print([['interface', attachment.ifName, `of ${attachment.containerId}`, `on ${network.name}`, note]]);
}

/** libcni before 1.2 does not remember it, and not every result tells of it. */
const UNKNOWN_NAMESPACE = 'cnictl: NETNS is not given and was not remembered: what is in it stays\n';

function fail(error: Error): never {
  throw error;
}

/** DEL goes on without what it cannot read. */
function remembered(session: Session, network: string, namespace: string | undefined): CachedAttachment | undefined {
  const key = keyOf(session, network, namespace);
  try {
    return findCached(session.settings.cacheDir, key);
  } catch {
    return undefined;
  }
}

/** The configuration is gone, what was added with it is not. */
export function networkIn(cached: CachedAttachment | undefined): Network | undefined {
  if (cached === undefined || cached.config.length === 0) return undefined;
  const network = parseNetwork(cached.config);
  return network.plugins.length === 0 ? undefined : network;
}

/** Of the options, or made of the namespace. Throws {@link UsageError}. */
export function keyOf({ settings }: Session, networkName: string, namespace: string | undefined): CacheKey {
  const { containerId, ifName, workingDirectory } = settings;
  if (containerId !== undefined) return { containerId, ifName, networkName };
  if (namespace === undefined) throw new UsageError('a namespace or --container-id is needed');
  return { containerId: containerIdOf(netnsPath(namespace, workingDirectory)), ifName, networkName };
}

/** What is not said is as it was added. Throws {@link UsageError} for a name that cannot be one. */
function attachmentOf(
  session: Session,
  verb: 'ADD' | 'CHECK' | 'DEL',
  namespace: string | undefined,
  cached: CachedAttachment | undefined,
): Attachment {
  const { settings } = session;
  const { containerId, ifName } = keyOf(session, '', namespace);
  const netns = namespace === undefined ? (cached?.netns ?? '') : netnsPath(namespace, settings.workingDirectory);
  requireNames(verb, containerId, ifName);
  if (netns === '' && verb === 'CHECK') throw new UsageError('NETNS is needed: it was not remembered');
  return {
    containerId,
    ifName,
    netns,
    cniArgs: settings.cniArgs ?? cached?.cniArgs ?? [],
    capabilities: settings.capabilities ?? cached?.capabilities ?? {},
  };
}

function requireNames(verb: string, containerId: string, ifName: string): void {
  try {
    readVerb({ CNI_COMMAND: verb, CNI_CONTAINERID: containerId, CNI_IFNAME: ifName, CNI_NETNS: '/' });
  } catch (error) {
    const message = (error as Error).message.replace('CNI_CONTAINERID', '--container-id');
    throw new UsageError(message.replace('CNI_IFNAME', '--ifname'));
  }
}
