import { formatMac, ipToBytes, parseIp } from '@cni/ip';
import { findPeer, type Link } from '@cni/rtnetlink';
import { CniError } from '@cni/skel';
import { isErrno, readSysctl } from '@cni/sys';
import type { Config } from './config.ts';
import type { LinkSetting } from './entries/entry.ts';
import type { Ground, Side } from './ground.ts';
import type { Inputs, Nic, NodeWay, Setting } from './inputs.ts';
import { decide, type Mode, VETH } from './mode.ts';
import { addressesOf, nicsOf, takenTables } from './nics.ts';
import { findNodeAddresses } from './node-addresses.ts';
import { hostLinkName, linkLocalOf, macOf, type Owner } from './owner.ts';
import type { Record } from './record.ts';

export interface Question {
  readonly config: Config;
  /** The interface that is to have the default route. */
  readonly wish: string | undefined;
  readonly sandbox: string;
  readonly ground: Ground;
  /** Of this container. */
  readonly records: readonly Record[];
}

/** Looks at pod and node. Changes nothing. Throws {@link CniError}, `NetlinkError` and `SysError`. */
export function inputsOf(question: Question): Inputs {
  const { config, ground, records } = question;
  const { owner } = ground;
  const own = ownLink(question);
  const hasVeth = records.some(({ inputs }) => inputs.makesVeth) || ground.pod.find(VETH) !== undefined;
  const first = config.podDefaultCniNic;
  const mode = decide({
    mode: config.mode as Exclude<Config['mode'], 'disable'>,
    ifName: owner.ifName,
    first,
    hasVeth,
  });
  const makesVeth = mode === 'underlay' && owner.ifName === first;
  const way = makesVeth ? newWay(owner) : existingWay(question, mode);
  const parts = config.tunePodRoutes && !makesVeth;
  const nics = nicsFor(question, own, parts, way);
  const { hostIPs, hostInterfaces } = config;
  const nodeSource = { hostIPs, hostInterfaces };
  const before = records.find(({ ifName }) => ifName === owner.ifName);
  return {
    mode,
    makesVeth,
    nics,
    way,
    vethMtu: config.vethMTU ?? own.mtu,
    ...vethAddress(config, owner),
    ...nodeSource,
    nodeAddresses: findNodeAddresses(ground.host, own, nics[0]?.addresses ?? [], nodeSource),
    hijack: [...new Set([...config.overlayPodCIDR, ...config.serviceCIDR, ...config.hijackCIDR])],
    policyRoutes: config.policyRoutes,
    hostRuleTable: config.hostRuleTable,
    settings: settingsOf(question, makesVeth, before),
    own: ownSetting(config, own, nics[0]?.addresses ?? [], before),
    ...(config.replyViaVeth && { replyBit: config.replyMark }),
    tunePodRoutes: config.tunePodRoutes,
    wishes: wishesOf(question),
    takenTables: parts ? takenTables(ground.pod) : [],
  };
}

function ownLink({ sandbox, ground: { pod, owner } }: Question): Link {
  const own = pod.find(owner.ifName);
  if (own === undefined) throw new CniError('LINK_MISSING', `${owner.ifName} is not there in ${sandbox}`);
  return own;
}

function newWay({ containerId }: Owner): NodeWay {
  return {
    link: VETH,
    mac: macOf(containerId, 'pod'),
    hostLink: hostLinkName(containerId),
    hostMac: macOf(containerId, 'host'),
  };
}

/** `veth0`, or in overlay mode the first interface. */
function existingWay({ config, ground: { pod, host } }: Question, mode: Mode): NodeWay {
  const name = mode === 'underlay' ? VETH : config.podDefaultCniNic;
  const link = pod.find(name);
  if (link === undefined)
    throw new CniError('LINK_MISSING', `podDefaultCniNic "${name}": the pod has no such interface, and no ${VETH}`);
  const peer = findPeer(link, host.rtnl);
  if (peer !== undefined) return { link: name, mac: link.address, hostLink: peer.name, hostMac: peer.address };
  const kind = link.info?.kind ?? 'no virtual link';
  const reason = kind === 'veth' ? 'a veth that does not lead to this node' : `${kind}, not a veth`;
  const remedy = mode === 'overlay' ? `: coordinator has to be in its network too, before this one` : '';
  throw new CniError('LINK_MISMATCH', `mode ${mode}: ${name} of the pod is ${reason}${remedy}`);
}

/** The only interface of a pod has nothing to be parted from. */
function nicsFor({ ground: { pod }, sandbox, records }: Question, own: Link, parts: boolean, way: NodeWay): Nic[] {
  const addresses = addressesOf(pod, own);
  if (addresses.length === 0)
    throw new CniError('ADDRESS_MISSING', `${own.name} in ${sandbox} has no address that others can reach`);
  return parts ? nicsOf(pod, own, way.link, records) : [{ name: own.name, addresses, destinations: [] }];
}

/** This attachment's own before those of others, which may have been for this. */
function wishesOf({ wish, ground: { owner }, records }: Question): string[] {
  const others = records.filter(({ ifName }) => ifName !== owner.ifName);
  return [wish, ...others.map((record) => record.wish)].filter((one) => one !== undefined);
}

/** Where rp_filter is not off, the kernel drops what comes by a link without an address, unless it is from a link's own subnet. */
function vethAddress({ vethLinkAddress, podRPFilter }: Config, { containerId }: Owner): Pick<Inputs, 'vethAddress'> {
  const wanted = vethLinkAddress ?? (podRPFilter === 0 ? undefined : 'auto');
  return wanted === undefined ? {} : { vethAddress: wanted === 'auto' ? linkLocalOf(containerId) : wanted };
}

/** Sysctls that are set in the pod, with what they were before the first ADD. */
function settingsOf({ config, ground }: Question, makesVeth: boolean, before: Record | undefined): Setting[] {
  const { podRPFilter } = config;
  const wanted = {
    ...(podRPFilter !== undefined && { all: podRPFilter, [ground.owner.ifName]: podRPFilter }),
    // The higher one of a link's and of `all` counts. Strict, veth0 would drop what the node passes on from elsewhere: loose.
    ...(makesVeth && { [VETH]: podRPFilter === 0 ? 0 : 2 }),
  };
  return Object.entries(wanted).map(([link, value]) => {
    const key = `net/ipv4/conf/${link}/rp_filter`;
    const known = before?.inputs.settings.find((one) => one.key === key)?.before;
    const now = known ?? sysctlNow(key, ground.pod);
    return { key, value: String(value), ...(now !== undefined && { before: now }) };
  });
}

/** Nothing for a link that is yet to be made. */
function sysctlNow(key: string, { netns }: Side): string | undefined {
  try {
    return readSysctl(key, netns);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** A new MAC address is the prefix and four bytes of the interface's address. */
function ownSetting(config: Config, own: Link, addresses: readonly string[], before: Record | undefined): LinkSetting {
  const { podMACPrefix, txQueueLen } = config;
  const known = before?.inputs.own;
  if (podMACPrefix !== undefined && own.info?.kind === 'ipvlan')
    throw new CniError(
      'UNSUPPORTED_FIELD',
      `podMACPrefix "${podMACPrefix}": ${own.name} is an ipvlan slave, which has the MAC address of its master`,
    );
  return {
    ...(podMACPrefix !== undefined && {
      mac: macWith(podMACPrefix, addresses),
      macBefore: known?.macBefore ?? own.address,
    }),
    ...(txQueueLen > 0 && {
      txQueueLength: txQueueLen,
      txQueueLengthBefore: known?.txQueueLengthBefore ?? own.txQueueLength,
    }),
  };
}

function macWith(prefix: string, [first = '0.0.0.0']: readonly string[]): string {
  const bytes = ipToBytes(parseIp(first)).slice(-4);
  return `${prefix}:${formatMac(bytes)}`;
}
