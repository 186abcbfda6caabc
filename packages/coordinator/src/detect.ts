/** Whether addresses and gateways are what they should be, asked before anything is made. */
import { announce, findAnswered, findNeighbour, type Link as Wire } from '@cni/arping';
import { formatIp, formatMac, type Ip, parseMac } from '@cni/ip';
import type { Link } from '@cni/rtnetlink';
import { CniError, type Result } from '@cni/skel';
import type { Config } from './config.ts';
import type { Ground } from './ground.ts';
import { isLinkLocal } from './node-addresses.ts';

interface Asked {
  readonly config: Config;
  readonly ground: Ground;
  readonly own: Link;
  /** The link to ask on, and whether it is the pod's. */
  readonly link: Wire;
  readonly inPod: boolean;
  readonly ips: readonly Ip[];
}

/**
 * Asks as far as it is configured: first whether nobody else answers for the pod's addresses, then whether its gateways answer.
 * Gives what tells the network where the addresses are now. Throws {@link CniError} `ADDRESS_DUPLICATE` and `GATEWAY_MISSING`.
 */
export function detect(config: Config, ground: Ground, prevResult: Result): () => void {
  const { detectIPConflict, detectGateway, podMACPrefix } = config;
  if (!detectIPConflict && !detectGateway && podMACPrefix === undefined) return () => {};
  const own = ground.pod.rtnl.links.get({ name: ground.owner.ifName });
  const addresses = ground.pod.rtnl.addresses
    .list({ link: own.index })
    .filter(({ address }) => !isLinkLocal(address.ip));
  const asked = { config, ground, own, ips: addresses.map(({ address }) => address.ip), ...placeFor(own, ground) };
  if (detectIPConflict) {
    const duplicate = addresses.find(({ dadFailed }) => dadFailed);
    if (duplicate !== undefined) throw conflict(own, duplicate.address.ip, 'another host');
    expectUnique(asked);
  }
  if (detectGateway) expectGateways(asked, prevResult);
  return () => tell(asked);
}

/** A slave of ipvlan hears no answer to a question without a sender: the master asks. */
function placeFor(own: Link, { pod, host }: Ground): Pick<Asked, 'link' | 'inPod'> {
  const { info, parent, parentNetnsId } = own;
  const master = info?.kind === 'ipvlan' && parentNetnsId !== undefined && parent !== undefined;
  const asking = master ? host.rtnl.links.get({ index: parent }) : own;
  const netns = master ? host.netns : pod.netns;
  const { name, index, address } = asking;
  return { link: { name, index, mac: parseMac(address), ...(netns && { netns }) }, inPod: !master };
}

function expectUnique({ config, own, link, ips }: Asked): void {
  const [answered] = findAnswered(link, ips, config.detectOptions);
  if (answered !== undefined) throw conflict(own, answered.ip, formatMac(answered.mac));
}

function conflict({ name }: Link, ip: Ip, who: string): CniError {
  return new CniError('ADDRESS_DUPLICATE', `address ${formatIp(ip)} on ${name}: ${who} answers for it too`);
}

/** In the l3 modes a slave has no neighbours, and so no gateway. */
function expectGateways(
  { config, ground, own, link, inPod, ips }: Asked,
  { interfaces = [], ips: told = [] }: Result,
): void {
  if (!own.arp) return;
  const at = interfaces.findIndex(({ name, sandbox }) => name === ground.owner.ifName && (sandbox ?? '') !== '');
  const gateways = told
    .filter((one) => one.interface === undefined || one.interface === at)
    .flatMap(({ gateway }) => gateway ?? []);
  for (const gateway of gateways) {
    const from = inPod ? ips.find(({ family }) => family === gateway.family) : undefined;
    const found = findNeighbour(link, gateway, { ...config.detectOptions, ...(from && { from }) });
    if (found === undefined)
      throw new CniError(
        'GATEWAY_MISSING',
        `gateway ${formatIp(gateway)} of ${own.name}: nobody answers for it on ${link.name}`,
      );
  }
}

function tell({ ground: { pod, owner }, own, ips }: Asked): void {
  if (!own.arp) return;
  const { name, index, address } = pod.rtnl.links.get({ name: owner.ifName });
  announce({ name, index, mac: parseMac(address), ...(pod.netns && { netns: pod.netns }) }, ips);
}
