import { type Cidr, equalCidrs, hostCidr } from '@cni/ip';
import { deleteQuietly } from '@cni/rtnetlink';
import { attemptAll, type Result, type ValidAttachment } from '@cni/skel';
import type { Netns } from '@cni/sys';
import { takeAll } from './apply.ts';
import { PROTOCOL } from './entries/route.ts';
import { deleteVeth } from './entries/veth.ts';
import { openSide, type Side } from './ground.ts';
import { hostLinkName, type Owner } from './owner.ts';
import { findRecord, forgetRecord, forgetUnfinished, listRecords, type Record } from './record.ts';
import { sandboxOf } from './sandbox.ts';

export interface Removal {
  readonly owner: Owner;
  readonly netns: Netns | undefined;
  readonly prevResult: Result | undefined;
}

/** Removes all that was made for an attachment and can still be found. */
export function removeAll({ owner, netns, prevResult }: Removal): void {
  const host = openSide();
  let found = netns;
  let pod: Side | undefined;
  try {
    const record = recordOf(owner);
    found ??= record && sandboxOf(record, host);
    pod = found && openSide(found);
    attemptAll(
      () => takeAll(record?.entries ?? [], { host, owner, ...(pod && { pod }) }),
      () => deleteVeth(host, hostLinkName(owner.containerId), owner),
      () => {
        if (record !== undefined) return;
        removeReported(host, prevResult);
        if (pod !== undefined) removeReported(pod, prevResult);
      },
    );
  } finally {
    // By now the process that waits for the link to leave shares the sockets, so that it waits for what their end takes too.
    pod?.close();
    host.close();
    if (netns === undefined) found?.close();
  }
  forgetRecord(owner);
}

/** A record that cannot be read is none: what can be proven ours without it goes all the same. */
function recordOf(owner: Owner): Record | undefined {
  try {
    return findRecord(owner);
  } catch {
    return undefined;
  }
}

/** Without a record: what says itself that it is ours, and is for an address of the result. */
function removeReported({ rtnl }: Side, { ips = [] }: Result = {}): void {
  for (const { address } of ips) {
    const { family } = address.ip;
    const own = hostCidr(address.ip);
    const isOwn = (subnet: Cidr | undefined) => subnet !== undefined && equalCidrs(subnet, own);
    const rules = rtnl.rules.list({ family }).filter(({ protocol, source }) => protocol === PROTOCOL && isOwn(source));
    const tables = rules.map(({ table }) => table);
    for (const { destination, link, table } of rtnl.routes
      .list({ table: 'all', family, protocol: PROTOCOL })
      .filter((route) => isOwn(route.destination) || tables.includes(route.table)))
      rtnl.routes.deleteIfPresent({ destination, table, protocol: PROTOCOL, ...(link !== undefined && { link }) });
    for (const rule of rules) rtnl.rules.deleteIfPresent(rule);
  }
}

/** Removes what is left of a network's attachments that are not valid any more. */
export function collect(network: string, valid: readonly ValidAttachment[]): void {
  const isValid = ({ containerId, ifName }: Owner) =>
    valid.some((one) => one.containerId === containerId && one.ifName === ifName);
  const stale = listRecords().filter((record) => record.network === network && !isValid(record));
  const host = openSide();
  attemptAll(
    ...stale.map((record) => () => removeAll({ owner: record, netns: undefined, prevResult: undefined })),
    () => removeVeths(host, network, valid),
    forgetUnfinished,
  );
}

/** The pairs of the network that there is no record of. */
function removeVeths(host: Side, network: string, valid: readonly ValidAttachment[]): void {
  const links = host.rtnl.links.list({ kind: 'veth' }).filter(({ name, alias }) => {
    const [, containerId = '', ifName = '', of] = /^cni coordinator (\S+) (\S+) (\S+)$/.exec(alias ?? '') ?? [];
    return (
      of === network &&
      name === hostLinkName(containerId) &&
      !valid.some((one) => one.containerId === containerId && one.ifName === ifName)
    );
  });
  deleteQuietly(
    host,
    links.map(({ index }) => index),
  );
}
