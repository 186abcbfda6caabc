import { attribute, attributes, list } from '../codec/attributes.ts';
import { be32, binary, type Codec, mapped, oneOf } from '../codec/codec.ts';
import { type WithKind, withKind } from '../codec/kind.ts';

/** `NFT_REG_1`: the one register that is used. */
export const REGISTER = 1;

/** `NFT_META_*` and `NFT_CT_*`, linux/netfilter/nf_tables.h: what is used of them. */
const metaKeys = { mark: 3, iifname: 6, oifname: 7 } as const;
const ctKeys = { state: 0, direction: 1, mark: 3 } as const;
export type MetaKey = keyof typeof metaKeys;
export type CtKey = keyof typeof ctKeys;

/** Reads a key into a register, or sets it from there. */
export interface Access<Key> {
  readonly key: Key;
  readonly into?: number;
  readonly from?: number;
}

/** `NFTA_META_*` */
const meta = attributes<Access<MetaKey>>('NFTA_META', {
  into: attribute(1, be32),
  key: attribute(2, oneOf(be32, metaKeys)),
  from: attribute(3, be32),
});

/** `NFTA_CT_*`; a direction is only for addresses and ports. */
const ct = attributes<Access<CtKey>>('NFTA_CT', {
  into: attribute(1, be32),
  key: attribute(2, oneOf(be32, ctKeys)),
  from: attribute(4, be32),
});

/** `NFTA_DATA_VALUE` */
const data: Codec<Uint8Array> = mapped(
  attributes<{ readonly value?: Uint8Array }>('NFTA_DATA', { value: attribute(1, binary) }),
  (value: Uint8Array) => ({ value }),
  ({ value = new Uint8Array(0) }) => value,
);

export interface Bitwise {
  readonly from: number;
  readonly into: number;
  /** `NFT_BITWISE_BOOL`, which older kernels (before 5.6) do not know by name. */
  readonly operation?: 'bool';
  readonly length: number;
  readonly mask: Uint8Array;
  readonly xor: Uint8Array;
}

/** `NFTA_BITWISE_*`: `(from & mask) ^ xor` */
const bitwise = attributes<Bitwise>('NFTA_BITWISE', {
  from: attribute(1, be32),
  into: attribute(2, be32),
  operation: attribute(6, oneOf(be32, { bool: 0 })),
  length: attribute(3, be32),
  mask: attribute(4, data, { nested: true }),
  xor: attribute(5, data, { nested: true }),
});

export interface Cmp {
  readonly from: number;
  readonly operation: 'eq' | 'neq';
  readonly data: Uint8Array;
}

/** `NFTA_CMP_*` */
const cmp = attributes<Cmp>('NFTA_CMP', {
  from: attribute(1, be32),
  operation: attribute(2, oneOf(be32, { eq: 0, neq: 1 })),
  data: attribute(3, data, { nested: true }),
});

/** An expression of a rule; of kinds that are not known, or not of these shapes, the options stay raw. */
export type Expression =
  | { readonly kind: 'meta'; readonly options: Access<MetaKey> }
  | { readonly kind: 'ct'; readonly options: Access<CtKey> }
  | { readonly kind: 'bitwise'; readonly options: Bitwise }
  | { readonly kind: 'cmp'; readonly options: Cmp };

/** `NFTA_LIST_ELEM` */
const NFTA_LIST_ELEM = 1;

/** `NFTA_RULE_EXPRESSIONS`: one after the other, each with its name and what it is made of. */
export const expressions: Codec<readonly WithKind[]> = list(
  attribute(NFTA_LIST_ELEM, withKind('NFTA_EXPR', { meta, ct, bitwise, cmp }, {}, { nested: true }), { nested: true }),
);
