import { equalCidrs, hostCidr } from '@cni/ip';
import { deleteQuietly } from '@cni/rtnetlink';
import { attemptAll, type Result, type ValidAttachment } from '@cni/skel';
import type { Netns } from '@cni/sys';
import { takeAll } from './apply.ts';
import { PROTOCOL } from './entries/route.ts';
import { deleteVeth } from './entries/veth.ts';
import { openSide, type Side } from './ground.ts';
import { hostLinkName, type Owner } from './owner.ts';
import { findRecord, forgetRecord, listRecords, type Record } from './record.ts';
import { sandboxOf } from './sandbox.ts';

export interface Removal {
  readonly owner: Owner;
  readonly netns: Netns | undefined;
  readonly prevResult: Result | undefined;
}

/** Removes all that was made for an attachment and can still be found. */
export function removeAll({ owner, netns, prevResult }: Removal): void {
  const host = openSide();
  const record = recordOf(owner);
  const found = netns ?? (record && sandboxOf(record, host));
  attemptAll(
    () => takeAll(record?.entries ?? [], { host, owner, ...(found && { pod: openSide(found) }) }),
    () => deleteVeth(host, hostLinkName(owner.containerId), owner),
    () => {
      if (record === undefined) removeReported(host, prevResult);
    },
  );
  if (netns === undefined) found?.close();
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

/** Without a record: routes to the addresses of the result, which say themselves that they are ours. */
function removeReported({ rtnl }: Side, { ips = [] }: Result = {}): void {
  for (const { address } of ips) {
    const destination = hostCidr(address.ip);
    for (const { link, table } of rtnl.routes
      .list({ table: 'all', family: address.ip.family, protocol: PROTOCOL })
      .filter((route) => equalCidrs(route.destination, destination)))
      rtnl.routes.deleteIfPresent({ destination, table, protocol: PROTOCOL, ...(link !== undefined && { link }) });
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
