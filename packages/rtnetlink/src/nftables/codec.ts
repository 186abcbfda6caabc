import { attribute, attributes } from '../codec/attributes.ts';
import { be16, be32, type Codec, cstring, decodeAll, oneOf, sbe32, u8, written } from '../codec/codec.ts';
import type { WithKind } from '../codec/kind.ts';
import { struct } from '../codec/struct.ts';
import type { Shape } from '../message.ts';
import { expressions } from './expression.ts';
import type { Chain, ChainHook, TableFamily } from './table.ts';

/** `NFNL_SUBSYS_NFTABLES`, linux/netfilter/nfnetlink.h: the upper byte of its messages' types. */
export const NFNL_SUBSYS_NFTABLES = 10;
/** `NFNL_MSG_BATCH_*`, linux/netfilter/nfnetlink.h */
export const NFNL_MSG_BATCH_BEGIN = 16;
export const NFNL_MSG_BATCH_END = 17;

const nftType = (type: number): number => NFNL_SUBSYS_NFTABLES * 0x100 + type;
/** `NFT_MSG_*`, linux/netfilter/nf_tables.h */
export const NFT_MSG_NEWTABLE: number = nftType(0);
export const NFT_MSG_GETTABLE: number = nftType(1);
export const NFT_MSG_DELTABLE: number = nftType(2);
export const NFT_MSG_NEWCHAIN: number = nftType(3);
export const NFT_MSG_GETCHAIN: number = nftType(4);
export const NFT_MSG_NEWRULE: number = nftType(6);
export const NFT_MSG_GETRULE: number = nftType(7);

/** `NFPROTO_*`, linux/netfilter.h */
export const families: Readonly<Record<TableFamily, number>> = { inet: 1, ip: 2, ip6: 10 };
/** `NF_INET_*`, linux/netfilter.h */
export const hooks: Readonly<Record<ChainHook, number>> = {
  prerouting: 0,
  input: 1,
  forward: 2,
  output: 3,
  postrouting: 4,
};

export interface NfHeader {
  readonly family: number;
  readonly version: number;
  readonly resource: number;
}

/** `struct nfgenmsg`, linux/netfilter/nfnetlink.h */
const nfgenmsg = struct<NfHeader>('nfgenmsg', 4, { family: u8, version: u8, resource: be16 });

function nfShape<T>(subject: string, codec: Codec<T>): Shape<NfHeader, T> {
  return { subject, size: nfgenmsg.size, header: (body) => decodeAll(nfgenmsg, body), attributes: codec };
}

/** A payload. */
export function nfBody<T>(header: Partial<NfHeader>, { attributes }: Shape<NfHeader, T>, value: T): Uint8Array {
  return written((out) => {
    nfgenmsg.write({ family: 0, version: 0, resource: 0, ...header }, out);
    attributes.write(value, out);
  });
}

export interface TableAttributes {
  readonly name?: string;
  readonly flags?: number;
}

/** `NFTA_TABLE_*` */
export const tableShape: Shape<NfHeader, TableAttributes> = nfShape(
  'table',
  attributes<TableAttributes>(
    'NFTA_TABLE',
    { name: attribute(1, cstring), flags: attribute(2, be32) },
    { skipRest: true },
  ),
);

interface HookAttributes {
  readonly hook?: number;
  readonly priority?: number;
}

export interface ChainAttributes {
  readonly table?: string;
  readonly name?: string;
  readonly type?: string;
  readonly policy?: NonNullable<Chain['policy']>;
  readonly at?: HookAttributes;
}

/** `NFTA_HOOK_*` */
const hookAttributes = attributes<HookAttributes>(
  'NFTA_HOOK',
  { hook: attribute(1, be32), priority: attribute(2, sbe32) },
  { skipRest: true },
);

/** `NFTA_CHAIN_*` */
export const chainShape: Shape<NfHeader, ChainAttributes> = nfShape(
  'chain',
  attributes<ChainAttributes>(
    'NFTA_CHAIN',
    {
      table: attribute(1, cstring),
      name: attribute(3, cstring),
      at: attribute(4, hookAttributes, { nested: true }),
      policy: attribute(5, oneOf(be32, { drop: 0, accept: 1 })),
      type: attribute(7, cstring),
    },
    { skipRest: true },
  ),
);

export interface RuleAttributes {
  readonly table?: string;
  readonly chain?: string;
  readonly expressions?: readonly WithKind[];
}

/** `NFTA_RULE_*` */
export const ruleShape: Shape<NfHeader, RuleAttributes> = nfShape(
  'rule',
  attributes<RuleAttributes>(
    'NFTA_RULE',
    {
      table: attribute(1, cstring),
      chain: attribute(2, cstring),
      expressions: attribute(4, expressions, { nested: true }),
    },
    { skipRest: true },
  ),
);
