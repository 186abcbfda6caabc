import { type Cidr, type Family, formatCidr, type Ip } from '@cni/ip';
import type { Conversation } from '../conversation.ts';
import { fromAf } from '../family.ts';
import { Flags, type Parts, type Request } from '../message.ts';
import type { RuleHeader } from '../npm.ts';
import { wasPresent } from '../refusal.ts';
import { RTM_DELRULE, RTM_GETRULE, RTM_NEWRULE, type RuleAttributes, ruleShape } from './codec.ts';
import { addBody, deleteBody, listBody } from './request.ts';
import type { NewRule, Rule } from './rule.ts';

/** Policy rules of one namespace. Every verb throws `NetlinkError`. */
export interface Rules {
  /** Throws `EEXIST` when there is the same one. */
  add(rule: NewRule): void;
  /** Deletes the first that is like this in all that is given. Throws `ENOENT` when there is none. */
  delete(rule: NewRule): void;
  /** Whether there was one like it. */
  deleteIfPresent(rule: NewRule): boolean;
  list(filter?: { readonly family?: Family }): Rule[];
}

/** The verbs on rules over a conversation. */
export function ruleVerbs(conversation: Conversation): Rules {
  const request = (type: number, flags: number, body: Uint8Array, doing: () => string): Request => ({
    type,
    flags,
    body,
    doing,
    shape: ruleShape,
  });

  function remove(rule: NewRule): void {
    conversation.change(request(RTM_DELRULE, 0, deleteBody(rule), () => `delete ${inWords(rule)}`));
  }

  function listFamily(family: Family): Rule[] {
    return conversation
      .dump(
        request(RTM_GETRULE, 0, listBody(family), () => `list IPv${family} rules`),
        ruleShape,
      )
      .filter(({ header }) => fromAf(header.family) === family)
      .map((parts) => ruleOf(parts, family));
  }

  return {
    add(rule) {
      const flags = Flags.create | Flags.exclusive;
      conversation.change(request(RTM_NEWRULE, flags, addBody(rule), () => `add ${inWords(rule)}`));
    },
    delete: remove,
    deleteIfPresent: (rule) => wasPresent(() => remove(rule), 'ENOENT'),
    list: ({ family } = {}) => (family === undefined ? [4 as const, 6 as const] : [family]).flatMap(listFamily),
  };
}

function inWords({ family, priority, source, destination, fwmark, iif, oif, table, protocol }: NewRule): string {
  const parts: [string, string | number | undefined][] = [
    [' ', priority],
    [' from ', source && formatCidr(source)],
    [' to ', destination && formatCidr(destination)],
    [' fwmark ', fwmark],
    [' iif ', iif],
    [' oif ', oif],
    [' lookup ', table],
    [' protocol ', protocol],
  ];
  const given = parts.filter(([, value]) => value !== undefined);
  return `IPv${family} rule${given.map(([word, value]) => `${word}${value}`).join('')}`;
}

function cidrOf(ip: Ip | undefined, prefixLength = 0): Cidr | undefined {
  return ip && { ip, prefixLength };
}

function ruleOf({ header, attributes }: Parts<RuleHeader, RuleAttributes>, family: Family): Rule {
  const { fwmark, fwmask, iif, oif, suppressPrefixLength, priority = 0, protocol = 0 } = attributes;
  const source = cidrOf(attributes.source, header.srcLen);
  const destination = cidrOf(attributes.destination, header.dstLen);
  return {
    family,
    priority,
    ...(source !== undefined && { source }),
    ...(destination !== undefined && { destination }),
    ...(fwmark !== undefined && { fwmark }),
    ...(fwmask !== undefined && { fwmask }),
    ...(iif !== undefined && { iif }),
    ...(oif !== undefined && { oif }),
    table: attributes.table ?? header.table ?? 0,
    // -1 is how the kernel says that nothing is suppressed.
    ...(suppressPrefixLength !== undefined && suppressPrefixLength >= 0 && { suppressPrefixLength }),
    ...(header.flags?.invert && { invert: true }),
    protocol,
  };
}
