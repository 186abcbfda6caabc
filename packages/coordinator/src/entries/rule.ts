import { equalCidrs, parseCidr } from '@cni/ip';
import type { NewRule, Rule } from '@cni/rtnetlink';
import { isErrno } from '@cni/sys';
import { hasOtherRecords } from '../record.ts';
import type { RuleEntry } from './entry.ts';
import { type Kind, placeOf } from './kind.ts';
import { PROTOCOL } from './route.ts';

export const rule: Kind<RuleEntry> = {
  words: ({ family, priority, from, table }) =>
    `IPv${family} rule ${priority}${from === undefined ? '' : ` from ${from}`} to table ${table}`,
  put(entry, ground) {
    try {
      ground[entry.side].rtnl.rules.add(ruleOf(entry));
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
  },
  /** The node's serves all its pods: it goes with the last one, and with the last route. */
  take(entry, ground) {
    const { side, table, family } = entry;
    const { rules, routes } = ground[side].rtnl;
    if (side === 'host' && (hasOtherRecords(ground.owner) || routes.list({ table, family }).length > 0)) return;
    rules.deleteIfPresent(ruleOf(entry));
  },
  faultOf(entry, look) {
    if (look.rules(entry.side).some((found) => isSame(found, entry))) return undefined;
    return `${rule.words(entry)} ${placeOf(entry)} is gone`;
  },
};

function ruleOf({ family, priority, table, from, mark }: RuleEntry): NewRule {
  return {
    family,
    priority,
    table,
    protocol: PROTOCOL,
    ...(from !== undefined && { source: parseCidr(from) }),
    ...(mark !== undefined && { fwmark: mark, fwmask: mark }),
  };
}

function isSame({ family, priority, table, source, fwmark }: Rule, entry: RuleEntry): boolean {
  const from = entry.from === undefined ? undefined : parseCidr(entry.from);
  return (
    family === entry.family &&
    priority === entry.priority &&
    table === entry.table &&
    fwmark === entry.mark &&
    (from === undefined || source === undefined ? from === source : equalCidrs(source, from))
  );
}
