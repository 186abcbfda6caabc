import type { Cidr, Family, Ip } from '@cni/ip';

/** `RT_SCOPE_*`, linux/rtnetlink.h; a number for one of the administrator's own. */
export type Scope = 'universe' | 'site' | 'link' | 'host' | 'nowhere' | number;

/** An address on a link. */
export interface LinkAddress {
  /** Index of the link. */
  readonly link: number;
  readonly address: Cidr;
  /** The other end of a point-to-point address. */
  readonly peer?: Ip;
  readonly broadcast?: Ip;
  readonly label?: string;
  readonly scope: Scope;
  /** Without a lifetime. */
  readonly permanent: boolean;
  /** Duplicate address detection still runs. */
  readonly tentative: boolean;
  /** Duplicate address detection found another owner. */
  readonly dadFailed: boolean;
  /** Used although duplicate address detection still runs. */
  readonly optimistic: boolean;
  /** Without duplicate address detection. */
  readonly noDad: boolean;
  readonly deprecated: boolean;
  /** Came without a route to its subnet. */
  readonly noPrefixRoute: boolean;
}

/** An address to be added to a link. */
export interface NewAddress {
  readonly address: Cidr;
  readonly peer?: Ip;
  readonly broadcast?: Ip;
  readonly label?: string;
  readonly scope?: Scope;
  readonly noDad?: boolean;
  readonly optimistic?: boolean;
  readonly noPrefixRoute?: boolean;
}

/** Which addresses are listed. */
export interface AddressFilter {
  /** Index of a link; one that is not there is refused with `ENODEV`. */
  readonly link?: number;
  readonly family?: Family;
}
