import type { Cidr } from '@cni/ip';
import type { Statistics } from './codec.ts';
import type { FilterHook, Handle } from './handle.ts';

/** Which packets: all, or those of a family from and to subnets. */
export interface Match {
  readonly source?: Cidr;
  readonly destination?: Cidr;
}

/**
 * What is done with a packet that matches: it goes to another link as if that had sent it; or the bits `mask` of its mark
 * become those of `mark`, and the next filter is asked (the kernel needs act_skbedit); or it passes unchanged.
 */
export type FilterAction = { readonly redirect: number } | { readonly mark: number; readonly mask: number } | 'pass';

/** Where filters are. */
export interface FilterPlace {
  /** Index of the link. */
  readonly link: number;
  readonly hook: FilterHook;
}

/** A u32 filter to be made. */
export interface NewFilter extends FilterPlace {
  /** Filters are asked by ascending priority, 1 to 65535. */
  readonly priority: number;
  readonly match: Match;
  readonly action: FilterAction;
  /** Any 32 bits of meaning to whoever made it: `flowid` of iproute2. */
  readonly flow: Handle;
}

/** A filter as the kernel describes it. */
export interface Filter extends FilterPlace {
  readonly kind: string;
  readonly priority: number;
  /** `ETH_P_*`. */
  readonly protocol: number;
  readonly handle: number;
  readonly flow?: Handle;
  /** Nothing for a filter whose match is not of this form. */
  readonly match?: Match;
  /** Nothing for an action that is none of these. A redirection to a link that is gone is one to 0, and drops all packets. */
  readonly action?: FilterAction;
  readonly statistics?: Statistics;
}

/** A filter to be deleted. */
export type FilterKey = FilterPlace & Pick<Filter, 'kind' | 'priority' | 'protocol' | 'handle'>;
