import { type Cidr, formatCidr, formatIp, lastOf } from '@cni/ip';
import type { Link, LinkAddress, NewAddress, Rtnl } from '@cni/rtnetlink';
import { CniError, type Result, type ResultIp } from '@cni/skel';
import { isErrno, monotonic, type Netns, readSysctl, sleep, writeSysctls } from '@cni/sys';
import type { Config } from './config.ts';

/** A slave, and the conversation and namespace to reach it. */
export interface SlaveInPod {
  readonly pod: Rtnl;
  readonly netns: Netns;
  readonly slave: Link;
}

/** Gives the slave its addresses, brings it up, and hears the verdict of duplicate address detection if it is to. */
export function configureAddresses(where: SlaveInPod, dad: Config['dad'], ips: readonly ResultIp[]): void {
  const { pod, netns, slave } = where;
  writeSysctls({ [`net/ipv4/conf/${slave.name}/arp_notify`]: 1 }, netns);
  const addresses = ips.map(({ address }) => address);
  const hasIpv6 = addresses.some(({ ip }) => ip.family === 6);
  if (hasIpv6) allowIpv6(where, dad);
  for (const address of addresses) {
    pod.addresses.add(slave.index, { address, ...optionsOf(address, dad) });
  }
  // Up comes last: that is when the kernel announces the addresses, by gratuitous ARP and unsolicited neighbour advertisement.
  if (hasIpv6 && dad === 'wait') bringUpUnique(where);
  else bringUp(where);
}

/** The broadcast address as everybody sets it; a subnet of two has none (RFC 3021). */
function optionsOf(address: Cidr, dad: Config['dad']): Omit<NewAddress, 'address'> {
  if (address.ip.family === 4) return address.prefixLength < 31 ? { broadcast: lastOf(address) } : {};
  if (dad === 'wait') return {};
  return dad === 'off' ? { noDad: true } : { optimistic: true };
}

function bringUp({ pod, slave }: SlaveInPod): void {
  pod.links.set(slave.index, { up: true });
}

function allowIpv6({ netns, slave: { name } }: SlaveInPod, dad: Config['dad']): void {
  const conf = `net/ipv6/conf/${name}`;
  for (const link of ['lo', name]) {
    const key = `net/ipv6/conf/${link}/disable_ipv6`;
    if (readSysctl(key, netns) !== '0') writeSysctls({ [key]: 0 }, netns);
  }
  writeSysctls({ [`${conf}/ndisc_notify`]: 1, [`${conf}/keep_addr_on_down`]: 1 }, netns);
  if (dad === 'optimistic') allowOptimistic(netns, conf);
}

/** A kernel without optimistic detection leaves the address unused until the verdict. Either way CHECK tells of a duplicate. */
function allowOptimistic(netns: Netns, conf: string): void {
  try {
    writeSysctls({ [`${conf}/optimistic_dad`]: 1 }, netns);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

/** In milliseconds; in place of a random delay of up to a second and one more second of silence (RFC 4862 §5.4, RetransTimer). */
const QUICK_RETRANS_TIME = 100;

/** Hears the verdict of duplicate address detection. Neighbours on one link answer within milliseconds, so that long a silence is a verdict too. */
function bringUpUnique(where: SlaveInPod): void {
  const { netns, slave } = where;
  const quick = {
    [`net/ipv6/conf/${slave.name}/router_solicitation_delay`]: 0,
    [`net/ipv6/neigh/${slave.name}/retrans_time_ms`]: QUICK_RETRANS_TIME,
  };
  const before = Object.fromEntries(Object.keys(quick).map((key) => [key, readSysctl(key, netns)]));
  writeSysctls(quick, netns);
  bringUp(where);
  awaitDad(where);
  writeSysctls(before, netns);
}

/** In milliseconds. */
const DAD_TIMEOUT = 3_000;
const DAD_POLL = 5;

function awaitDad({ pod, slave }: SlaveInPod): void {
  const deadline = monotonic() + DAD_TIMEOUT;
  for (;;) {
    const addresses = pod.addresses.list({ link: slave.index, family: 6 });
    expectUnique(addresses, slave.name);
    const waiting = addresses.find(({ tentative, scope }) => tentative && scope !== 'link');
    if (waiting === undefined) return;
    if (monotonic() > deadline) {
      // Without a carrier nobody can be asked; the address is checked when there is one.
      if (!pod.links.get({ index: slave.index }).running) return;
      throw new CniError(
        'TRY_AGAIN_LATER',
        `address ${formatCidr(waiting.address)}: no verdict of duplicate address detection in ${DAD_TIMEOUT} ms`,
      );
    }
    sleep(DAD_POLL);
  }
}

/** Refuses addresses that somebody else on the link answers for. */
export function expectUnique(addresses: readonly LinkAddress[], linkName: string): void {
  const duplicate = addresses.find(({ dadFailed }) => dadFailed);
  if (duplicate === undefined) return;
  throw new CniError(
    'ADDRESS_DUPLICATE',
    `address ${formatIp(duplicate.address.ip)} on ${linkName}: another host on the link has it (duplicate address detection)`,
  );
}

/**
 * Adds the routes; one without a gateway goes by that of the first address of its family, or is on-link if there is none.
 * A route of another link to the same destination stays, and this one goes before it.
 */
export function addRoutes({ pod, slave }: Omit<SlaveInPod, 'netns'>, { ips = [], routes = [] }: Result): void {
  for (const { dst, gw, ...attributes } of routes) {
    const gateway = gw ?? ips.find((ip) => ip.gateway?.family === dst.ip.family)?.gateway;
    pod.routes.prepend({
      destination: dst,
      link: slave.index,
      ...(gateway !== undefined && { gateway }),
      ...attributes,
    });
  }
}
