import { findAnswered, type Link, type Neighbour } from '@cni/arping';
import { equalIps, formatMac, type Ip, parseIp } from '@cni/ip';
import { type Attachment, CniError, isCniError, type Network } from '@cni/skel';
import { type Choice, choose, isIn, type Need, type Wish } from './allocate.ts';
import type { IpamConfig, StorageConfig } from './config.ts';
import { storeOf, withGrounds } from './ground.ts';
import { withStoreIfPresent } from './open-store.ts';
import { pathsOf } from './paths.ts';
import { masterOf } from './probe-link.ts';
import { nameOf } from './record.ts';
import { rest } from './resting.ts';
import type { Store } from './store.ts';

/** What an attachment is to get, and who it is. */
export interface Order {
  readonly ipam: IpamConfig;
  readonly network: Network;
  readonly attachment: Attachment;
  readonly needs: readonly Need[];
  readonly wishes: readonly Wish[];
  /** Whom addresses are kept for. */
  readonly pod: string | undefined;
}

/** Reserves an address for each need: all of them, or none if it throws {@link CniError} or `SysError`. */
export function reserve(order: Order): Choice[] {
  return order.ipam.probe ? reserveUnanswered(order, order.ipam) : reserveFree(order);
}

function reserveFree({ ipam, network, attachment, needs, wishes, pod }: Order): Choice[] {
  return withGrounds(ipam, network, pod, ({ store, ground, sticky }) => {
    refuseSecond(store, needs, attachment);
    const before = pod === undefined ? [] : sticky.addressesOf(pod).map(parseIp);
    const choices = reclaiming(store, () => choose(needs, { wishes, before }, ground));
    store.reserve(attachment, choices);
    sticky.hold(
      pod,
      choices.map(({ ip }) => nameOf(ip)),
    );
    return choices;
  });
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

/** So many addresses in a row that others answer for are not this node's. */
const MOST_ANSWERED = 32;

/** Reserves addresses and then asks the network for them, so that no lock is held meanwhile; again with others if somebody answers. */
function reserveUnanswered(order: Order, { probeMaster }: IpamConfig): Choice[] {
  const master = masterOf(probeMaster);
  for (let tries = 0; ; tries++) {
    const choices = reserveFree(order);
    const answered = answeredOf(order, master, choices);
    if (answered.length === 0) return choices;
    const ips = answered.map(({ ip }) => ip);
    release(order.ipam, order.network, order.attachment, ips);
    const isWish = order.wishes.some(({ ip }) => ips.some((one) => equalIps(one, ip)));
    if (isWish || tries === MOST_ANSWERED) throw answeredFor(answered, probeMaster);
  }
}

function answeredFor(answered: readonly Neighbour[], link: string): CniError {
  const told = answered.map(
    ({ ip, mac }) => `${nameOf(ip)}: another host answers for it on ${link}: ${formatMac(mac)}`,
  );
  return new CniError('ADDRESS_DUPLICATE', told.join('; '));
}

function answeredOf(order: Order, master: Link, choices: readonly Choice[]): Neighbour[] {
  try {
    return findAnswered(
      master,
      choices.map(({ ip }) => ip),
    );
  } catch (error) {
    release(order.ipam, order.network, order.attachment);
    throw error;
  }
}

/** Frees what an attachment has, if anything; `answered` of it is not handed out for a while. Throws `SysError`. */
export function release(
  storage: StorageConfig,
  network: Network,
  attachment: Attachment,
  answered: readonly Ip[] = [],
): void {
  withStoreIfPresent(storeOf(storage, network), (store) => {
    if (answered.length > 0) rest(pathsOf({ ...storage, network: network.name }).answered, answered.map(nameOf));
    const held = store.ownedBy(attachment);
    if (held.length > 0) store.release(attachment.containerId, held);
  });
}
