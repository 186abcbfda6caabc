import type { Cidr, Family } from '@cni/ip';

/** What a rule matches and does. All that is given has to match. */
export interface NewRule {
  readonly family: Family;
  /** The lower comes first. The kernel chooses one below the first rule when it is not given. */
  readonly priority?: number;
  readonly source?: Cidr;
  readonly destination?: Cidr;
  readonly fwmark?: number;
  /** Which bits of the mark are compared; all of them unless given. */
  readonly fwmask?: number;
  /** Name of the link a packet came in on. */
  readonly iif?: string;
  /** Name of the link a socket is bound to. */
  readonly oif?: string;
  /** Where the route is looked up; the main table unless given. */
  readonly table?: number;
  /** Routes with a prefix this long or shorter are passed over. */
  readonly suppressPrefixLength?: number;
  /** All but what the rest of the rule matches. */
  readonly invert?: boolean;
  /** Who makes the rule, 0 to 255: `RTPROT_*` of linux/rtnetlink.h, or a number of one's own. Kernels before 4.17 forget it. */
  readonly protocol?: number;
}

/** A rule as the kernel describes it. Its table is 0 where it does not look up a route. */
export interface Rule extends NewRule {
  readonly priority: number;
  readonly table: number;
  /** 0 for one whose maker did not say. */
  readonly protocol: number;
}
