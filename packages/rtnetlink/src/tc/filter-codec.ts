import { attribute, attributes } from '../codec/attributes.ts';
import { be16, be32, type Codec, codec, pad, s16, s32, u8, u16, u32, WireError } from '../codec/codec.ts';
import { type WithKind, withKind } from '../codec/kind.ts';
import { struct } from '../codec/struct.ts';
import type { Shape } from '../message.ts';
import { mirred, skbedit } from './action-codec.ts';
import { type Statistics, statistics, type TcHeader, tcShape } from './codec.ts';
import type { U32Key } from './u32.ts';

/** `TC_U32_TERMINAL`: the search ends here; linux/pkt_cls.h */
const TC_U32_TERMINAL = 1;

interface Selector {
  readonly flags: number;
  readonly offsetShift: number;
  readonly keyCount: number;
  readonly offsetMask: number;
  readonly fixedOffset: number;
  readonly offsetPosition: number;
  readonly hashOffset: number;
  readonly hashMask: number;
}

/** `struct tc_u32_sel` without its keys, linux/pkt_cls.h */
const selector = struct<Selector>('tc_u32_sel', 16, {
  flags: u8,
  offsetShift: u8,
  keyCount: u8,
  pad1: pad(1),
  offsetMask: be16,
  fixedOffset: u16,
  offsetPosition: s16,
  hashOffset: s16,
  hashMask: be32,
});

interface KeyFields extends U32Key {
  readonly offsetMask: number;
}

/** `struct tc_u32_key`, linux/pkt_cls.h */
const key = struct<KeyFields>('tc_u32_key', 16, { mask: be32, value: be32, offset: s32, offsetMask: s32 });

const PLAIN: Selector = {
  flags: TC_U32_TERMINAL,
  offsetShift: 0,
  keyCount: 0,
  offsetMask: 0,
  fixedOffset: 0,
  offsetPosition: 0,
  hashOffset: 0,
  hashMask: 0,
};

/** A selector and its keys; one with offsets of its own is not for us. */
const keys: Codec<readonly U32Key[]> = codec({
  write(list, out) {
    selector.write({ ...PLAIN, keyCount: list.length }, out);
    for (const one of list) key.write({ ...one, offsetMask: 0 }, out);
  },
  decode(encoded, start, end) {
    const { flags, offsetMask, offsetPosition, keyCount } = selector.decode(encoded, start, end);
    if (flags !== TC_U32_TERMINAL || offsetMask !== 0 || offsetPosition !== 0)
      throw new WireError(`a selector with flags ${flags}`);
    if (end - start < selector.size + keyCount * key.size)
      throw new WireError(`${keyCount} keys in ${end - start} bytes`);
    return Array.from({ length: keyCount }, (_, index) => {
      const at = start + selector.size + index * key.size;
      const { mask, value, offset } = key.decode(encoded, at, at + key.size);
      return { mask, value, offset };
    });
  },
});

interface ActionAttributes {
  readonly statistics?: Statistics;
}

/** `TCA_ACT_*`, linux/pkt_cls.h */
const action = withKind<ActionAttributes>(
  'TCA_ACT',
  { mirred, skbedit },
  { statistics: attribute(4, statistics) },
  { nested: true },
);

interface Actions {
  readonly first?: ActionAttributes & WithKind;
  readonly second?: ActionAttributes & WithKind;
}

/** A list of actions, numbered in order. */
const actions = attributes<Actions>(
  'actions',
  { first: attribute(1, action), second: attribute(2, action) },
  { skipRest: true },
);

/** What is used of a u32 filter's options. */
export interface U32 {
  readonly flow?: number;
  readonly link?: number;
  readonly divisor?: number;
  readonly keys?: readonly U32Key[];
  readonly actions?: Actions;
}

/** `TCA_U32_*`, linux/pkt_cls.h. A hash table is listed as a filter too: it has a divisor. */
const u32Options = attributes<U32>(
  'TCA_U32',
  {
    flow: attribute(1, u32),
    link: attribute(3, u32),
    divisor: attribute(4, u32),
    keys: attribute(5, keys),
    actions: attribute(7, actions),
  },
  { skipRest: true },
);

/** `TCA_*`, linux/rtnetlink.h */
export const filterAttributes: Codec<WithKind> = withKind('TCA', { u32: u32Options }, {});

export const filterShape: Shape<TcHeader, WithKind> = tcShape('filter', filterAttributes);
