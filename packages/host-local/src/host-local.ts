/**
 * host-local hands out addresses of ranges that are this node's own, and keeps what it handed out in files: one per
 * address, in the format of the reference plugin.
 *
 * Config: https://www.cni.dev/plugins/current/ipam/host-local/
 */
import { formatIp, type Ip, parseIp } from '@cni/ip';
import {
  type Attachment,
  attemptAll,
  CniError,
  definePlugin,
  isCniError,
  type Network,
  type Plugin,
  type Result,
  type ResultIp,
} from '@cni/skel';
import { isErrno, readText } from '@cni/sys';
import { type Choice, choose, exhausted, firstFree, type Ground, type Need, namesOf, rangesOf } from './allocate.ts';
import { ArgsCni, Config, DelConfig, type IpamConfig, RuntimeConfig, type StorageConfig, wishesOf } from './config.ts';
import { needsOf } from './needs.ts';
import { amongNeighbours, neighboursOf } from './neighbours.ts';
import { withStore, withStoreIfPresent } from './open-store.ts';
import { rangeFor } from './range-set.ts';
import { formatRecord, type Owner } from './record.ts';
import { parseResolvConf } from './resolv-conf.ts';
import type { Store, StoreOptions } from './store.ts';
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
    const needs = needsOf(ipam, network, runtimeConfig.ipRanges);
    const wishes = wishesOf(argsCni, runtimeConfig, args.get('IP'));
    const dns = ipam.resolvConf === undefined ? undefined : parseResolvConf(readText(ipam.resolvConf));
    const chosen = withNeighbours(ipam, network, (store, ground) => {
      refuseSecond(store, needs, attachment);
      const choices = reclaiming(store, () => choose(needs, wishes, ground));
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
    const needs = needsOf(ipam, network, runtimeConfig.ipRanges);
    const held = withStoreIfPresent(storeOf(ipam, network), (store) => store.ownedBy(attachment)) ?? [];
    for (const need of needs) expectOne(need, held, attachment);
    for (const { address } of prevResult?.ips ?? []) {
      const ours = needs.some((need) => isIn(need, address.ip));
      if (ours && !held.some(({ name }) => name === formatIp(address.ip)))
        throw missing(formatIp(address.ip), attachment);
    }
  },

  gc({ config: { ipam }, network, validAttachments }) {
    const isValid = validityOf(validAttachments);
    const refused = withStoreIfPresent(storeOf(ipam, network), (store) => {
      const all = store.all();
      return store.sweep(
        all.filter(({ record }) => !isValid(record)),
        all,
      );
    });
    attemptAll(...(refused ?? []).map(rethrow));
  },

  status({ config: { ipam }, network }) {
    // Where all ranges come with the runtime's requests, STATUS knows of none.
    const needs = isEmpty(ipam) ? [] : needsOf(ipam, network);
    usable(ipam, network, (store, ground) => {
      store.probe();
      for (const need of needs) {
        const isFull = () => firstFree(need, ground) === undefined;
        if (isFull() && (store.reclaim() === 0 || isFull())) throw exhausted('LIMITED_CONNECTIVITY', need, ground);
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
function validityOf(attachments: readonly Owner[]): (record: string) => boolean {
  const valid = new Set(attachments.flatMap((owner) => [formatRecord(owner), owner.containerId]));
  return (record) => valid.has(record);
}

function storeOf({ dataDir, lockTimeout, reuseDelay }: StorageConfig, network: Network): StoreOptions {
  return { dataDir, lockTimeout, reuseDelay, network: network.name };
}

/** Uses the store, with what it and the other networks of this node tell of addresses. */
function withNeighbours<T>(ipam: IpamConfig, network: Network, use: (store: Store, ground: Ground) => T): T {
  const options = storeOf(ipam, network);
  const { holder } = neighboursOf(options, ipam.isolated);
  return amongNeighbours(options, ipam.isolated, ipam.lockTimeout, () =>
    withStore(options, (store) =>
      use(store, {
        holder,
        isTaken: (ip) => store.isTaken(ip),
        freedAt: (ip) => store.freedAt(ip),
        cursor: (name) => store.cursor(name),
      }),
    ),
  );
}

/** Chooses once more if it was full and something of an earlier boot could be freed. */
function reclaiming<T>(store: Store, choice: () => T): T {
  try {
    return choice();
  } catch (error) {
    if (!isCniError(error, 'POOL_EXHAUSTED') || store.reclaim() === 0) throw error;
    return choice();
  }
}

/** A repeated ADD is refused and leaves what the attachment has alone. */
function refuseSecond(store: Store, needs: readonly Need[], attachment: Attachment): void {
  const held = store.ownedBy(attachment).find(({ name }) => needs.some((need) => isIn(need, parseIp(name))));
  if (held === undefined) return;
  const { containerId, ifName } = attachment;
  const message = `${held.name} has been allocated to ${containerId} ${ifName}, duplicate allocation is not allowed`;
  throw new CniError('DUPLICATE_ALLOCATION', message);
}

function release(ipam: StorageConfig, network: Network, attachment: Attachment): void {
  withStoreIfPresent(storeOf(ipam, network), (store) => {
    const held = store.ownedBy(attachment);
    if (held.length > 0) store.release(attachment.containerId, held);
  });
}

function resultOf(chosen: readonly Choice[], ipam: IpamConfig, dns: Result['dns']): Result {
  const ips = chosen.map(({ ip, range: { subnet, gateway } }): ResultIp => {
    return { address: { ip, prefixLength: subnet.prefixLength }, ...(gateway !== undefined && { gateway }) };
  });
  const routes = [...ipam.routes, ...chosen.flatMap((choice) => choice.routes)];
  return { ips, ...(routes.length > 0 && { routes }), ...(dns !== undefined && { dns }) };
}

function isIn(need: Need, ip: Ip): boolean {
  return rangeFor(rangesOf(need), ip) !== undefined;
}

function isEmpty({ sets, ipv4, ipv6 }: IpamConfig): boolean {
  return sets.length + ipv4.length + ipv6.length === 0;
}

function expectOne(need: Need, held: readonly Held[], attachment: Attachment): void {
  if (!held.some(({ name }) => isIn(need, parseIp(name)))) throw missing(`an address of ${namesOf(need)}`, attachment);
}

function missing(what: string, { containerId, ifName }: Attachment): CniError {
  return new CniError('ALLOCATION_MISSING', `${what} is not reserved for ${containerId} ${ifName}`);
}

/** Uses the store for STATUS: that it cannot be used is the answer. */
function usable(ipam: IpamConfig, network: Network, use: (store: Store, ground: Ground) => void): void {
  try {
    withNeighbours(ipam, network, use);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SysError') throw error;
    const busy = isErrno(error, 'EAGAIN');
    throw busy ? error : new CniError('NOT_AVAILABLE', `use the store: ${error.message}`, { cause: error });
  }
}
