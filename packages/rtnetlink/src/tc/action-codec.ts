import { attribute, attributes } from '../codec/attributes.ts';
import { type Codec, codec, s32, u32, WireError } from '../codec/codec.ts';
import { struct } from '../codec/struct.ts';

/** `TC_ACT_*`, linux/pkt_cls.h: the packet is somebody else's now; the next filter is asked. */
const TC_ACT_STOLEN = 4;
const TC_ACT_UNSPEC = -1;
/** `TCA_EGRESS_REDIR`, linux/tc_act/tc_mirred.h */
const TCA_EGRESS_REDIR = 1;

/** `tc_gen` of linux/pkt_cls.h: what every action begins with. */
interface Generic {
  readonly index: number;
  readonly capabilities: number;
  readonly action: number;
  readonly references: number;
  readonly bindings: number;
}
const generic = { index: u32, capabilities: u32, action: s32, references: s32, bindings: s32 } as const;
/** An action of its own, not shared with other filters. */
const OWN = { index: 0, capabilities: 0, references: 0, bindings: 0 };

interface MirredFields extends Generic {
  readonly what: number;
  readonly link: number;
}

/** `struct tc_mirred`, linux/tc_act/tc_mirred.h */
const mirredFields = struct<MirredFields>('tc_mirred', 28, { ...generic, what: s32, link: u32 });

/** Redirection to a link. */
export interface Mirred {
  readonly redirect: number;
}

/** `TCA_MIRRED_*`, linux/tc_act/tc_mirred.h */
const mirredAttributes = attributes<{ readonly parameters?: MirredFields }>(
  'TCA_MIRRED',
  { parameters: attribute(2, mirredFields) },
  { skipRest: true },
);
export const mirred: Codec<Mirred> = codec({
  write: ({ redirect }, out) =>
    mirredAttributes.write(
      { parameters: { ...OWN, action: TC_ACT_STOLEN, what: TCA_EGRESS_REDIR, link: redirect } },
      out,
    ),
  decode(encoded, start, end) {
    const { parameters } = mirredAttributes.decode(encoded, start, end);
    if (parameters?.what !== TCA_EGRESS_REDIR) throw new WireError('no redirection');
    return { redirect: parameters.link };
  },
});

/** Bits of the packet's mark; then the next filter is asked. */
export interface Skbedit {
  readonly mark: number;
  readonly mask: number;
}

interface SkbeditAttributes {
  readonly parameters?: Generic;
  readonly mark?: number;
  readonly mask?: number;
}

/** `struct tc_skbedit` and `TCA_SKBEDIT_*`, linux/tc_act/tc_skbedit.h; the kernel leaves out a mask of all bits. */
const skbeditAttributes = attributes<SkbeditAttributes>(
  'TCA_SKBEDIT',
  {
    parameters: attribute(2, struct<Generic>('tc_skbedit', 20, generic)),
    mark: attribute(5, u32),
    mask: attribute(8, u32),
  },
  { skipRest: true },
);
export const skbedit: Codec<Skbedit> = codec({
  write: ({ mark, mask }, out) =>
    skbeditAttributes.write({ parameters: { ...OWN, action: TC_ACT_UNSPEC }, mark, mask }, out),
  decode(encoded, start, end) {
    const { parameters, mark, mask = 0xffffffff } = skbeditAttributes.decode(encoded, start, end);
    if (parameters?.action !== TC_ACT_UNSPEC || mark === undefined)
      throw new WireError('no mark before the next filter');
    return { mark, mask };
  },
});
