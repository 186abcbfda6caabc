/** The commands about the addresses that host-local keeps for a network. */
import { parseIp } from '@cni/ip';
import { type Holding, type Holdings, isHeldBy, type Owner, openHoldings } from '@cni/plugin-host-local';
import { CniError, isIdentifier, isObject } from '@cni/skel';
import { now } from '@cni/sys';
import { type CachedAttachment, listCached } from './cache.ts';
import { closest } from './closest.ts';
import { UsageError } from './command-line.ts';
import type { Network } from './network.ts';
import { getNetwork, type Invocation, openSession, type Session } from './session.ts';
import { mayBeAlive } from './survey.ts';

/** What a word after `ipam` does, with what follows the network; false when something is not as it should be. */
type Action = (ipam: NetworkIpam, what: string | undefined) => boolean;

interface NetworkIpam {
  readonly session: Session;
  readonly network: Network;
  /** One for each directory that plugins of the network keep addresses in. */
  readonly stores: readonly Holdings[];
}

const ACTIONS: Readonly<Record<string, Action>> = { ls: list, free, check };

/** `cnictl ipam ls|free|check NETWORK` */
export function ipam(invocation: Invocation): boolean {
  const [word = '', name = '', what] = invocation.line.operands;
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (action === undefined) throw new UsageError(`expected ls, free or check (got "${word}")${meant(word)}`);
  if ((what === undefined) === (word === 'free'))
    throw new UsageError(`expected ipam ${word} NETWORK${word === 'free' ? ' ADDRESS|ID/IFNAME' : ''}`);
  const session = openSession(invocation);
  const network = getNetwork(session, name);
  return action({ session, network, stores: storesOf(network) }, what);
}

function meant(word: string): string {
  const known = closest(word, Object.keys(ACTIONS));
  return known === undefined ? '' : `; did you mean ${known}?`;
}

function storesOf({ name, plugins }: Network): Holdings[] {
  const configs = plugins.map(({ config }) => config).filter((config) => ipamType(config['ipam']) === 'host-local');
  if (configs.length === 0)
    throw new CniError('INVALID_CONFIG', `no plugin of ${name} has its addresses of host-local`);
  const stores = configs.map((config) => openHoldings(config, name));
  return [...new Map(stores.map((store) => [store.dataDir, store])).values()];
}

function ipamType(keys: unknown): unknown {
  return isObject(keys) ? keys['type'] : undefined;
}

function list({ session, network, stores }: NetworkIpam): boolean {
  const holdings = stores.flatMap((store) => store.list().holdings);
  const rows = holdings.map((holding) => ['address', ...describe(holding)]);
  const count = ['network', network.name, `${holdings.length} ${holdings.length === 1 ? 'address' : 'addresses'} held`];
  session.print([...rows, count], holdings.map(documentOf));
  return true;
}

/** Address, attachment, since when. */
function describe(holding: Holding): string[] {
  const { address, since, earlierBoot } = holding;
  const age = `${describeAge(now() - since)}${earlierBoot ? ', before the last boot' : ''}`;
  return [address, nameOf(holding), `since ${moment(since)}`, age];
}

function nameOf({ containerId, ifName }: Owner): string {
  return ifName === undefined ? containerId : `${containerId}/${ifName}`;
}

function moment(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '');
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** A whole number of the largest unit that fits, `3 hours`. */
export function describeAge(milliseconds: number): string {
  const [name, length] = UNITS.find(([, size]) => milliseconds >= size) ?? ['second', 1000];
  const count = Math.max(Math.floor(milliseconds / length), 0);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

function documentOf({ address, containerId, ifName, since, earlierBoot }: Holding): object {
  const who = { containerID: containerId, ...(ifName !== undefined && { ifname: ifName }) };
  const ageSeconds = Math.max(Math.floor((now() - since) / 1000), 0);
  return { address, ...who, since: moment(since), ageSeconds, earlierBoot };
}

function free({ session, network, stores }: NetworkIpam, what = ''): boolean {
  const target = parseTarget(what);
  const freed = stores.flatMap((store) => store.free(target));
  if (freed.length === 0)
    throw new CniError('UNKNOWN_CONTAINER', `ipam free: ${what} holds or is no address of ${network.name}`);
  const attached = listCached(session.settings.cacheDir, network.name);
  const alive = attached.filter((one) => mayBeAlive(one) && freed.some((holding) => isHeldBy(holding, one)));
  const notes = alive.map((one) => [
    'note',
    nameOf(one),
    `is still attached, in ${one.netns || 'an unknown namespace'}`,
  ]);
  session.print([...freed.map((holding) => ['freed', ...describe(holding)]), ...notes], {
    freed: freed.map(documentOf),
  });
  return true;
}

/** An address, or an attachment; a container's id alone is that of a record without an interface. Throws {@link UsageError}. */
function parseTarget(what: string): ReturnType<typeof parseIp> | Owner {
  try {
    return parseIp(what);
  } catch {
    const [containerId = '', ifName, ...rest] = what.split('/');
    if (isIdentifier(containerId) && ifName !== '' && rest.length === 0) return { containerId, ifName };
    throw new UsageError(`expected ADDRESS or ID/IFNAME (got "${what}")`);
  }
}

function check({ session, network, stores }: NetworkIpam): boolean {
  const attached = listCached(session.settings.cacheDir, network.name);
  const inventories = stores.map((store) => store.list());
  const leaks = inventories.flatMap(({ holdings }) =>
    holdings.flatMap((holding) => {
      const problem = leakOf(holding, attached);
      return problem === undefined ? [] : [{ holding, problem }];
    }),
  );
  const oddities = inventories.flatMap(({ oddities }) => oddities);
  const rows = [
    ...leaks.map(({ holding, problem }) => ['leak', holding.address, nameOf(holding), problem]),
    ...oddities.map(({ path, problem }) => ['odd', path, problem]),
  ];
  const held = inventories.reduce((sum, { holdings }) => sum + holdings.length, 0);
  const verdict = ['network', network.name, `${held} held, ${leaks.length} leaked, ${oddities.length} odd`];
  session.print([...rows, ...doubtOf(session, attached, leaks.length), verdict], {
    held,
    attached: attached.length,
    leaks: leaks.map(({ holding, problem }) => ({ ...documentOf(holding), problem })),
    oddities,
  });
  return rows.length === 0;
}

/** Where nothing is remembered at all, it is more likely that one looks in the wrong place than that everything leaked. */
function doubtOf({ settings }: Session, attached: readonly CachedAttachment[], leaks: number): string[][] {
  if (leaks === 0 || attached.length > 0) return [];
  return [['note', `no attachment of the network is in ${settings.cacheDir}: is that the runtime's --cache-dir?`]];
}

/** Why nobody can be using an address, if that is so. */
function leakOf(holding: Holding, attached: readonly CachedAttachment[]): string | undefined {
  if (holding.earlierBoot) return 'reserved before the last boot';
  const owners = attached.filter((one) => isHeldBy(holding, one));
  if (owners.length === 0) return 'its attachment is not in the cache';
  if (owners.some(mayBeAlive)) return undefined;
  return `its namespace is gone: ${owners.map(({ netns }) => netns).join(', ')}`;
}
