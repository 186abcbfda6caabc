import type { Ip } from '@cni/ip';
import { attribute, attributes } from '../codec/attributes.ts';
import { cstring, s32, u8, u32 } from '../codec/codec.ts';
import { ipBytes } from '../codec/values.ts';
import type { Shape } from '../message.ts';
import { parseRule, type RuleHeader } from '../npm.ts';

/** `RTM_*`, linux/rtnetlink.h */
export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

export interface RuleAttributes {
  readonly destination?: Ip;
  readonly source?: Ip;
  readonly iif?: string;
  readonly priority?: number;
  readonly fwmark?: number;
  readonly suppressPrefixLength?: number;
  readonly table?: number;
  readonly fwmask?: number;
  readonly oif?: string;
  readonly protocol?: number;
}

/** `struct fib_rule_hdr` and `FRA_*`, linux/fib_rules.h */
export const ruleShape: Shape<RuleHeader, RuleAttributes> = {
  subject: 'rule',
  size: 12,
  header: parseRule,
  attributes: attributes<RuleAttributes>(
    'FRA',
    {
      destination: attribute(1, ipBytes),
      source: attribute(2, ipBytes),
      iif: attribute(3, cstring),
      priority: attribute(6, u32),
      fwmark: attribute(10, u32),
      suppressPrefixLength: attribute(14, s32),
      table: attribute(15, u32),
      fwmask: attribute(16, u32),
      oif: attribute(17, cstring),
      protocol: attribute(21, u8),
    },
    { skipRest: true },
  ),
};
