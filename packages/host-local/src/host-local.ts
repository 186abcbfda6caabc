/**
 * host-local hands out addresses of ranges that are this node's own, and keeps what it handed out in files: one per
 * address, in the format of the reference plugin.
 *
 * Config: https://www.cni.dev/plugins/current/ipam/host-local/
 */
import { equalIps, formatIp } from '@cni/ip';
import {
  type Attachment,
  attemptAll,
  CniError,
  definePlugin,
  type Network,
  type Plugin,
  type Result,
  type ResultIp,
} from '@cni/skel';
import { isErrno, readText } from '@cni/sys';
import { type Choice, choose, cursorOf, firstFree } from './allocate.ts';
import { ArgsCni, Config, DelConfig, type IpamConfig, RuntimeConfig, rangeSets, wishesOf } from './config.ts';
import { formatSet, type RangeSet, rangeFor } from './range-set.ts';
import { formatRecord, type Owner } from './record.ts';
import { parseResolvConf } from './resolv-conf.ts';
import { type Store, type StoreOptions, withStore, withStoreIfPresent } from './store.ts';
import type { Held } from './survey.ts';

/** The host-local IPAM plugin. */
export const hostLocal: Plugin = definePlugin({
  name: 'host-local',
  about: 'hands out addresses of configured ranges, and remembers them on this node',
  role: 'ipam',
  config: Config,
  delConfig: DelConfig,
  runtimeConfig: RuntimeConfig,
  argsCni: ArgsCni,
  cniArgs: ['IP'],

  add({ config: { ipam }, network, attachment, runtimeConfig, argsCni, args, undo }) {
    const sets = rangeSets(ipam, network, runtimeConfig.ipRanges);
    const wishes = wishesOf(argsCni, runtimeConfig, args.get('IP'));
    const dns = ipam.resolvConf === undefined ? undefined : parseResolvConf(readText(ipam.resolvConf));
    const chosen = withStore(storeOf(ipam, network), (store) => {
      refuseSecond(store, sets, attachment);
      const choices = choose(sets, wishes, store);
      store.reserve(attachment, choices);
      return choices;
    });
    undo.defer('release the addresses', () => release(ipam, network, attachment));
    return resultOf(chosen, ipam, dns);
  },

  del({ config: { ipam }, network, attachment }) {
    release(ipam, network, attachment);
  },

  check({ config: { ipam }, network, attachment, runtimeConfig, prevResult }) {
    const sets = rangeSets(ipam, network, runtimeConfig.ipRanges);
    const held = withStoreIfPresent(storeOf(ipam, network), (store) => store.ownedBy(attachment)) ?? [];
    for (const set of sets) expectOne(set, held, attachment);
    for (const { address } of prevResult?.ips ?? []) {
      const ours = sets.some((set) => rangeFor(set, address.ip) !== undefined);
      if (ours && !isAmong(held, address.ip)) throw missing(formatIp(address.ip), attachment);
    }
  },

  gc({ config: { ipam }, network, validAttachments }) {
    const isValid = validityOf(validAttachments);
    const refused = withStoreIfPresent(storeOf(ipam, network), (store) =>
      store.sweep(store.all().filter(({ owner }) => !isValid(owner))),
    );
    attemptAll(...(refused ?? []).map(rethrow));
  },

  status({ config: { ipam }, network }) {
    // Where all ranges come with the runtime's requests, STATUS knows of none.
    const sets = ipam.sets.length === 0 ? [] : rangeSets(ipam, network);
    usable(ipam, network, (store) => {
      store.probe();
      for (const [position, set] of sets.entries()) {
        if (firstFree(set, cursorOf(position), store) === undefined)
          throw new CniError('LIMITED_CONNECTIVITY', `no address is left in ${formatSet(set)}`);
      }
    });
  },
});

function rethrow(error: unknown): () => never {
  return () => {
    throw error;
  };
}

/** A record of the container alone is valid with any of its attachments. */
function validityOf(attachments: readonly Owner[]): (owner: Owner) => boolean {
  const valid = new Set(attachments.flatMap((owner) => [formatRecord(owner), owner.containerId]));
  return (owner) => valid.has(formatRecord(owner));
}

function storeOf(
  { dataDir, lockTimeout }: Pick<IpamConfig, 'dataDir' | 'lockTimeout'>,
  network: Network,
): StoreOptions {
  return { dataDir, lockTimeout, network: network.name };
}

/** A repeated ADD is refused and leaves what the attachment has alone. */
function refuseSecond(store: Store, sets: readonly RangeSet[], attachment: Attachment): void {
  const held = store.ownedBy(attachment).find(({ ip }) => sets.some((set) => rangeFor(set, ip) !== undefined));
  if (held === undefined) return;
  const { containerId, ifName } = attachment;
  const message = `${formatIp(held.ip)} has been allocated to ${containerId} ${ifName}, duplicate allocation is not allowed`;
  throw new CniError('DUPLICATE_ALLOCATION', message);
}

function release(ipam: Pick<IpamConfig, 'dataDir' | 'lockTimeout'>, network: Network, attachment: Attachment): void {
  withStoreIfPresent(storeOf(ipam, network), (store) => {
    const held = store.ownedBy(attachment);
    const [first] = held;
    if (first !== undefined) store.release(first.owner, held);
  });
}

function resultOf(chosen: readonly Choice[], { routes }: IpamConfig, dns: Result['dns']): Result {
  const ips = chosen.map(({ ip, range }): ResultIp => {
    return { address: { ip, prefixLength: range.subnet.prefixLength }, gateway: range.gateway };
  });
  return { ips, ...(routes.length > 0 && { routes: [...routes] }), ...(dns !== undefined && { dns }) };
}

function expectOne(set: RangeSet, held: readonly Held[], attachment: Attachment): void {
  if (!held.some(({ ip }) => rangeFor(set, ip) !== undefined))
    throw missing(`an address of ${formatSet(set)}`, attachment);
}

function isAmong(held: readonly Held[], address: Held['ip']): boolean {
  return held.some(({ ip }) => equalIps(ip, address));
}

function missing(what: string, { containerId, ifName }: Attachment): CniError {
  return new CniError('ALLOCATION_MISSING', `${what} is not reserved for ${containerId} ${ifName}`);
}

/** Uses the store for STATUS: that it cannot be used is the answer. */
function usable(ipam: IpamConfig, network: Network, use: (store: Store) => void): void {
  try {
    withStore(storeOf(ipam, network), use);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SysError') throw error;
    const busy = isErrno(error, 'EAGAIN');
    throw busy ? error : new CniError('NOT_AVAILABLE', `use the store: ${error.message}`, { cause: error });
  }
}
