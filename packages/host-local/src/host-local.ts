/**
 * host-local hands out addresses of ranges that are this node's own, and keeps what it handed out in files: one per
 * address, in the format of the reference plugin.
 *
 * Config: https://www.cni.dev/plugins/current/ipam/host-local/
 */
import { formatIp, parseIp } from '@cni/ip';
import {
  type Attachment,
  attemptAll,
  CniError,
  definePlugin,
  type Plugin,
  type Result,
  type ResultIp,
} from '@cni/skel';
import { readText } from '@cni/sys';
import { type Choice, exhausted, firstFree, isIn, type Need, namesOf } from './allocate.ts';
import { ArgsCni, Config, DelConfig, type IpamConfig, RuntimeConfig, wishesOf } from './config.ts';
import { storeOf, withUsableGrounds } from './ground.ts';
import { needsOf } from './needs.ts';
import { withStoreIfPresent } from './open-store.ts';
import { podOf } from './pod.ts';
import { formatRecord, type Owner } from './record.ts';
import { release, reserve } from './reserve.ts';
import { parseResolvConf } from './resolv-conf.ts';
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
  cniArgs: ['IP', 'K8S_POD_NAMESPACE', 'K8S_POD_NAME'],

  add({ config: { ipam }, network, attachment, runtimeConfig, argsCni, args, undo }) {
    const needs = needsOf(ipam, network, runtimeConfig.ipRanges);
    const wishes = wishesOf(argsCni, runtimeConfig, args.get('IP'));
    const dns = ipam.resolvConf === undefined ? undefined : parseResolvConf(readText(ipam.resolvConf));
    const pod = ipam.sticky === 0 ? undefined : podOf(args, attachment);
    const chosen = reserve({ ipam, network, attachment, needs, wishes, pod });
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
    withUsableGrounds(ipam, network, ({ store, ground }) => {
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

function resultOf(chosen: readonly Choice[], ipam: IpamConfig, dns: Result['dns']): Result {
  const ips = chosen.map(({ ip, range: { subnet, gateway } }): ResultIp => {
    return { address: { ip, prefixLength: subnet.prefixLength }, ...(gateway !== undefined && { gateway }) };
  });
  const routes = [...ipam.routes, ...chosen.flatMap((choice) => choice.routes)];
  return { ips, ...(routes.length > 0 && { routes }), ...(dns !== undefined && { dns }) };
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
