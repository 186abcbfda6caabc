/** The interfaces of a pod, as far as routes have to be parted for them. */
import { formatCidr, formatIp } from '@cni/ip';
import type { Link } from '@cni/rtnetlink';
import type { Entry } from './entries/entry.ts';
import { destinationsBy, PROTOCOL, routesBy } from './entries/route.ts';
import type { Side } from './ground.ts';
import type { Nic } from './inputs.ts';
import { VETH } from './mode.ts';
import { isLinkLocal } from './node-addresses.ts';
import type { Record } from './record.ts';
import { FIRST_TABLE } from './tuning.ts';
import { isDefault } from './words.ts';

/** Of a link, those that others can reach: from the kernel, since a router may have given one more than `prevResult` tells. */
export function addressesOf({ rtnl }: Side, { index }: Link): string[] {
  return rtnl.addresses
    .list({ link: index })
    .filter(({ address, scope }) => scope === 'universe' && !isLinkLocal(address.ip))
    .map(({ address }) => formatIp(address.ip));
}

/** That of the attachment first; then the pod's way to its node, those with default routes, and those with a table. */
export function nicsOf(pod: Side, own: Link, wayName: string, records: readonly Record[]): Nic[] {
  const tables = tablesIn(pod);
  const links = pod.rtnl.links
    .list()
    .filter(({ index, loopback, name }) => index !== own.index && !loopback && name !== VETH);
  const nics = [own, ...links].map((link): Nic => {
    const addresses = addressesOf(pod, link);
    const table = addresses.flatMap((ip) => tables.get(ip) ?? [])[0];
    const kept = records.some(({ ifName, entries }) => ifName !== own.name && looksAfter(entries, link.name));
    return {
      name: link.name,
      addresses,
      destinations: [...new Set([...destinationsBy(pod, link.index), ...defaultsAside(pod, link, table)])],
      ...(table !== undefined && { table }),
      ...(kept && { kept }),
    };
  });
  const matters = ({ name, table, destinations }: Nic) =>
    name === own.name || name === wayName || table !== undefined || destinations.some(isDefault);
  return nics.filter(matters);
}

/** Where an interface has a table, its default routes may be there alone. */
function defaultsAside(pod: Side, { index }: Link, table: number | undefined): string[] {
  const routes = table === undefined ? [] : routesBy(pod, index, table);
  return routes.map(({ destination }) => formatCidr(destination)).filter(isDefault);
}

function looksAfter(entries: readonly Entry[], name: string): boolean {
  return entries.some((entry) => entry.kind === 'copy' && entry.link === name);
}

/** The tables of interfaces, by the addresses that lead to them. */
function tablesIn({ rtnl }: Side): Map<string, number> {
  const tables = new Map<string, number>();
  for (const { protocol, source, table } of rtnl.rules.list())
    if (protocol === PROTOCOL && source !== undefined && table >= FIRST_TABLE) tables.set(formatIp(source.ip), table);
  return tables;
}

/** Numbers that are in use, by whomever: of rules, and of routes that no rule leads to. */
export function takenTables({ rtnl }: Side): number[] {
  const tables = [...rtnl.rules.list(), ...rtnl.routes.list({ table: 'all' })].map(({ table }) => table);
  return [...new Set(tables)].filter((table) => table >= FIRST_TABLE).toSorted((a, b) => a - b);
}
