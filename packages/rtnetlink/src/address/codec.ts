import type { Ip } from '@cni/ip';
import { attribute, attributes } from '../codec/attributes.ts';
import { cstring, u32 } from '../codec/codec.ts';
import { ipBytes } from '../codec/values.ts';
import type { Shape } from '../message.ts';
import { type AddressHeader, parseAddress } from '../npm.ts';

/** `RTM_*`, linux/rtnetlink.h */
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

export interface AddressAttributes {
  readonly address?: Ip;
  readonly local?: Ip;
  readonly label?: string;
  readonly broadcast?: Ip;
  readonly flags?: number;
}

/** `struct ifaddrmsg` and `IFA_*`, linux/if_addr.h */
export const addressShape: Shape<AddressHeader, AddressAttributes> = {
  subject: 'address',
  size: 8,
  header: parseAddress,
  attributes: attributes<AddressAttributes>(
    'IFA',
    {
      address: attribute(1, ipBytes),
      local: attribute(2, ipBytes),
      label: attribute(3, cstring),
      broadcast: attribute(4, ipBytes),
      flags: attribute(8, u32),
    },
    { skipRest: true },
  ),
};
