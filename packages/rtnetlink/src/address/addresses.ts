import { type Cidr, equalIps, formatCidr } from '@cni/ip';
import type { Conversation } from '../conversation.ts';
import { fromAf } from '../family.ts';
import { Flags, type Parts, type Request } from '../message.ts';
import type { LinkNames } from '../names.ts';
import { type AddressHeader, parseAddressFlags } from '../npm.ts';
import { wasPresent } from '../refusal.ts';
import type { AddressFilter, LinkAddress, NewAddress } from './address.ts';
import { type AddressAttributes, addressShape, RTM_DELADDR, RTM_GETADDR, RTM_NEWADDR } from './codec.ts';
import { addBody, deleteBody, listBody, scopeWord } from './request.ts';

/** Addresses of the links of one namespace. Every verb throws `NetlinkError`. */
export interface Addresses {
  /** `link` is an index. Throws `EEXIST` when the link has it. */
  add(link: number, address: NewAddress): void;
  replace(link: number, address: NewAddress): void;
  /** Throws `EADDRNOTAVAIL` when the link does not have it, `ENODEV` without the link. */
  delete(link: number, address: Cidr): void;
  /** Whether it was there. */
  deleteIfPresent(link: number, address: Cidr): boolean;
  list(filter?: AddressFilter): LinkAddress[];
}

/** The verbs on addresses over a conversation. */
export function addressVerbs(conversation: Conversation, names: LinkNames): Addresses {
  const request = (type: number, flags: number, body: Uint8Array, doing: () => string): Request => ({
    type,
    flags,
    body,
    doing,
    shape: addressShape,
  });

  function put(verb: string, flags: number, link: number, added: NewAddress): void {
    const doing = () => `${verb} address ${formatCidr(added.address)} on ${names.of(link)}`;
    conversation.change(request(RTM_NEWADDR, flags, addBody(link, added), doing));
  }

  function remove(link: number, address: Cidr): void {
    const doing = () => `delete address ${formatCidr(address)} on ${names.of(link)}`;
    conversation.change(request(RTM_DELADDR, 0, deleteBody(link, address), doing));
  }

  return {
    add: (link, added) => put('add', Flags.create | Flags.exclusive, link, added),
    replace: (link, added) => put('replace', Flags.create | Flags.replace, link, added),
    delete: remove,
    deleteIfPresent: (link, address) => wasPresent(() => remove(link, address), 'EADDRNOTAVAIL', 'ENODEV'),
    list(filter = {}) {
      const doing = () => `list addresses${filter.link === undefined ? '' : ` of ${names.of(filter.link)}`}`;
      return conversation
        .dump(request(RTM_GETADDR, 0, listBody(filter), doing), addressShape)
        .map(addressOf)
        .filter((found): found is LinkAddress => found !== undefined && matches(found, filter));
    },
  };
}

/** The kernel filters too, since 5.0. */
function matches(found: LinkAddress, { link, family }: AddressFilter): boolean {
  return (link === undefined || found.link === link) && (family === undefined || found.address.ip.family === family);
}

/** Nothing for what is neither IPv4 nor IPv6. */
function addressOf({ header, attributes }: Parts<AddressHeader, AddressAttributes>): LinkAddress | undefined {
  const { family, prefixlen = 0, index = 0, scope = 0 } = header;
  const { address, local = address, broadcast, label } = attributes;
  if (fromAf(family) === undefined || local === undefined) return undefined;
  // The header has room for eight flags only.
  const flags = attributes.flags === undefined ? (header.flags ?? {}) : parseAddressFlags(attributes.flags);
  return {
    link: index,
    address: { ip: local, prefixLength: prefixlen },
    ...(address !== undefined && !equalIps(address, local) && { peer: address }),
    ...(broadcast !== undefined && { broadcast }),
    ...(label !== undefined && { label }),
    scope: scopeWord(scope),
    permanent: flags.permanent === true,
    tentative: flags.tentative === true,
    dadFailed: flags.dadfailed === true,
    optimistic: flags.optimistic === true,
    noDad: flags.nodad === true,
    deprecated: flags.deprecated === true,
    noPrefixRoute: flags.noprefixroute === true,
  };
}
