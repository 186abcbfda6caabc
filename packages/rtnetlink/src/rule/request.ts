import { type Cidr, type Family, ipToBytes, networkOf } from '@cni/ip';
import { toAf } from '../family.ts';
import { bytesOf, formatRule, formatRuleAttrs, given, putU32, type RuleAttrs, type RuleFlags } from '../npm.ts';
import { MAIN_TABLE } from '../route/route.ts';
import type { NewRule } from './rule.ts';

/** `FR_ACT_TO_TBL`, linux/fib_rules.h */
const FR_ACT_TO_TBL = 1;

function network(cidr: Cidr): Uint8Array {
  return ipToBytes(networkOf(cidr));
}

function ruleBody(rule: NewRule, table: number, action: number): Uint8Array {
  const { family, priority, source, destination, fwmark, fwmask, iif, oif, suppressPrefixLength, invert, protocol } =
    rule;
  const flags: RuleFlags = invert ? { invert: true } : {};
  return bytesOf(
    formatRule({
      family: toAf(family),
      dstLen: destination?.prefixLength ?? 0,
      srcLen: source?.prefixLength ?? 0,
      table: table < 256 ? table : 0,
      action,
      flags,
    }),
    formatRuleAttrs(
      given<RuleAttrs>({
        priority,
        src: source && network(source),
        dst: destination && network(destination),
        fwmark,
        fwmask,
        iifname: iif,
        oifname: oif,
        table: table < 256 ? undefined : table,
        suppressPrefixlen: suppressPrefixLength === undefined ? undefined : putU32(suppressPrefixLength),
        protocol,
      }),
    ),
  );
}

/** `RTM_NEWRULE`. */
export function addBody(rule: NewRule): Uint8Array {
  return ruleBody(rule, rule.table ?? MAIN_TABLE, FR_ACT_TO_TBL);
}

/** `RTM_DELRULE`; without a table it is one whatever the table. */
export function deleteBody(rule: NewRule): Uint8Array {
  return ruleBody(rule, rule.table ?? 0, 0);
}

/** `RTM_GETRULE`. */
export function listBody(family: Family): Uint8Array {
  return bytesOf(formatRule({ family: toAf(family) }));
}
