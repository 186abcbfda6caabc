import { type Cidr, ipToBytes } from '@cni/ip';
import { toAf } from '../family.ts';
import { type AddressAttrs, type AddressFlags, bytesOf, formatAddress, formatAddressAttrs, given } from '../npm.ts';
import type { AddressFilter, NewAddress, Scope } from './address.ts';

/** `RT_SCOPE_*`: npm `netlink` has them for routes only. */
const scopes: Record<string, number> = { universe: 0, site: 200, link: 253, host: 254, nowhere: 255 };

/** The number of a scope. */
export function scopeNumber(scope: Scope): number {
  return typeof scope === 'number' ? scope : (scopes[scope] ?? 0);
}

/** The scope of a number. */
export function scopeWord(number: number): Scope {
  const [word] = Object.entries(scopes).find(([, value]) => value === number) ?? [];
  return (word as Scope | undefined) ?? number;
}

/** `RTM_NEWADDR`. */
export function addBody(link: number, added: NewAddress): Uint8Array {
  const { address, peer, broadcast, label, scope = 'universe', noDad, optimistic, noPrefixRoute } = added;
  const local = ipToBytes(address.ip);
  const flags: AddressFlags = {
    ...(noDad && { nodad: true }),
    ...(optimistic && { optimistic: true }),
    ...(noPrefixRoute && { noprefixroute: true }),
  };
  return bytesOf(
    formatAddress({
      family: toAf(address.ip.family),
      prefixlen: address.prefixLength,
      scope: scopeNumber(scope),
      index: link,
      // The header has eight bits for flags; when there are more, all of them go into an attribute.
      flags: noPrefixRoute ? {} : flags,
    }),
    formatAddressAttrs(
      given<AddressAttrs>({
        local,
        broadcast: broadcast && ipToBytes(broadcast),
        flags: noPrefixRoute ? flags : undefined,
        label,
        address: peer === undefined ? local : ipToBytes(peer),
      }),
    ),
  );
}

/** `RTM_DELADDR`. */
export function deleteBody(link: number, { ip, prefixLength }: Cidr): Uint8Array {
  const local = ipToBytes(ip);
  return bytesOf(
    formatAddress({ family: toAf(ip.family), prefixlen: prefixLength, index: link }),
    formatAddressAttrs(given<AddressAttrs>({ local, address: local })),
  );
}

/** `RTM_GETADDR`. */
export function listBody({ link = 0, family }: AddressFilter): Uint8Array {
  return bytesOf(formatAddress({ family: family === undefined ? 0 : toAf(family), index: link }));
}
