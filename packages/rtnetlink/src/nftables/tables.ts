import { isErrno } from '@cni/sys';
import type { Conversation } from '../conversation.ts';
import type { Parts } from '../message.ts';
import { unlessErrno, wasPresent } from '../refusal.ts';
import {
  type ChainAttributes,
  chainShape,
  families,
  hooks,
  type NfHeader,
  type RuleAttributes,
  ruleShape,
  tableShape,
} from './codec.ts';
import {
  addRequests,
  assertSound,
  chainsRequest,
  deleteRequests,
  getRequest,
  replaceRequests,
  rulesRequest,
} from './request.ts';
import { ruleOf } from './rule.ts';
import type { Chain, ChainHook, ChainRule, FoundTable, Table, TableKey } from './table.ts';

/**
 * Tables of nf_tables in one namespace. Every verb throws `NetlinkError`. After a table was deleted, or replaced, `close` waits for a
 * grace period of the kernel, some 12 ms.
 */
export interface Tables {
  /** Throws `EEXIST` when there is one of that name. Throws `Error` for a mark outside of its mask. */
  add(table: Table): void;
  /** Makes the table, in place of one of that name with all that is in it; the packets in between see one or the other. Throws `Error` for a mark outside of its mask. */
  replace(table: Table): void;
  /** Throws `ENOENT` when it is not there. */
  delete(key: TableKey): void;
  /** Whether it was there. */
  deleteIfPresent(key: TableKey): boolean;
  /** Nothing when it is not there, nor can be: in a kernel without nf_tables. */
  find(key: TableKey): FoundTable | undefined;
}

/** The verbs on tables over a conversation. */
export function tableVerbs(conversation: Conversation): Tables {
  const remove = (key: TableKey) => conversation.changeAll(deleteRequests(key));

  return {
    add(table) {
      assertSound(table);
      conversation.changeAll(addRequests(table));
    },
    replace(table) {
      assertSound(table);
      conversation.changeAll(replaceRequests(table));
    },
    delete: remove,
    // EOPNOTSUPP: a kernel without nf_tables, or without this family.
    deleteIfPresent: (key) => wasPresent(() => remove(key), 'ENOENT', 'EOPNOTSUPP'),
    find(key) {
      // EINVAL is what nfnetlink says about a request for what the kernel does not have.
      const found = unlessErrno(() => conversation.get(getRequest(key), tableShape), 'ENOENT', 'EINVAL');
      if (found === undefined) return undefined;
      const chains = conversation.dump(chainsRequest(key), chainShape);
      const rules = conversation.dump(rulesRequest(key), ruleShape);
      const isIn = ({ header, attributes }: Parts<NfHeader, { readonly table?: string }>) =>
        header.family === families[key.family] && attributes.table === key.name;
      const flags = found.attributes.flags ?? 0;
      return tableOf(key, flags, chains.filter(isIn), rules.filter(isIn));
    },
  };
}

/** `NFT_TABLE_F_*`: a dormant table does nothing, another one goes with its owner. */
function tableOf(
  { family, name }: TableKey,
  flags: number,
  chains: readonly Parts<NfHeader, ChainAttributes>[],
  rules: readonly Parts<NfHeader, RuleAttributes>[],
): FoundTable {
  const foreign: string[] = flags === 0 ? [] : [`flags ${flags}`];
  const known = chains.flatMap(({ attributes }) => {
    const inside = rules.filter((rule) => rule.attributes.chain === attributes.name);
    const chain = chainOf(attributes, rulesOf(attributes.name ?? '', inside, foreign));
    if (chain === undefined) foreign.push(`chain ${attributes.name}`);
    return chain ?? [];
  });
  return { family, name, chains: known, foreign };
}

function rulesOf(chain: string, rules: readonly Parts<NfHeader, RuleAttributes>[], foreign: string[]): ChainRule[] {
  return rules.flatMap(({ attributes }, index) => {
    const rule = ruleOf(attributes.expressions ?? []);
    if (rule === undefined) foreign.push(`rule ${index + 1} of chain ${chain}`);
    return rule ?? [];
  });
}

/** Nothing for a chain that is at no hook, or at another one, or of another type. */
function chainOf(
  { name = '', type, at, policy = 'accept' }: ChainAttributes,
  rules: readonly ChainRule[],
): Chain | undefined {
  const hook = (Object.keys(hooks) as ChainHook[]).find((word) => hooks[word] === at?.hook);
  if (hook === undefined || (type !== 'filter' && type !== 'route')) return undefined;
  return { name, type, hook, priority: at?.priority ?? 0, policy, rules };
}

/** Whether a table is as it was made, and nothing else is in it. */
export function equalTables(found: FoundTable, made: Table): boolean {
  if (found.foreign.length > 0) return false;
  const [actual, wanted] = [replaceRequests(found), replaceRequests(made)];
  return (
    actual.length === wanted.length &&
    actual.every(({ body }, at) => {
      const other = wanted[at]?.body;
      return body.length === other?.length && body.every((byte, index) => byte === other[index]);
    })
  );
}

/**
 * Whether an error of `openNftables` or of `replace` says that this kernel has no nf_tables, not for this family, or lacks the
 * part of it that looks at connections (nft_ct).
 */
export function lacksNftables(error: unknown): boolean {
  return isErrno(error, 'EPROTONOSUPPORT', 'EOPNOTSUPP', 'ENOENT');
}
