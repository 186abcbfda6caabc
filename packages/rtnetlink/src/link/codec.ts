import { type AttributeSet, attribute, attributes, byKind, type OfKind } from '../codec/attributes.ts';
import { cstring, oneOf, s32, u8, u16, u32 } from '../codec/codec.ts';
import { afterStruct } from '../codec/struct.ts';
import { macBytes } from '../codec/values.ts';
import type { Shape } from '../message.ts';
import { type LinkHeader, parseLink } from '../npm.ts';
import type { Ipvlan, Macvlan } from './link.ts';

/** `RTM_*`, linux/rtnetlink.h */
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_SETLINK = 19;

/** sizeof(struct ifinfomsg) */
export const IFINFOMSG = 16;

/** `IPVLAN_MODE_*` and `IPVLAN_F_*`, linux/if_link.h */
export const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const;
export const ipvlanFlags = { bridge: 0, private: 1, vepa: 2 } as const;
/** `MACVLAN_MODE_*`, linux/if_link.h */
export const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8, source: 16 } as const;
/** `IF_OPER_*`, linux/if.h, in order. */
export const operStates = ['unknown', 'not-present', 'down', 'lower-layer-down', 'testing', 'dormant', 'up'] as const;

/** `IFLA_IPVLAN_*`, linux/if_link.h */
const ipvlan = attributes<Ipvlan>('IFLA_IPVLAN', {
  mode: attribute(1, oneOf(u16, ipvlanModes)),
  flag: attribute(2, oneOf(u16, ipvlanFlags)),
});

/** `IFLA_MACVLAN_*`, linux/if_link.h; the rest of it is for mode source. */
const macvlan = attributes<Macvlan>(
  'IFLA_MACVLAN',
  { mode: attribute(1, oneOf(u32, macvlanModes)) },
  { skipRest: true },
);

/** What both ends of a veth have. */
interface CommonAttributes {
  readonly address?: string;
  readonly name?: string;
  readonly mtu?: number;
  readonly txQueueLength?: number;
  readonly alias?: string;
  readonly group?: number;
  readonly netnsFd?: number;
}
const common: AttributeSet<CommonAttributes> = {
  address: attribute(1, macBytes),
  name: attribute(3, cstring),
  mtu: attribute(4, u32),
  txQueueLength: attribute(13, u32),
  alias: attribute(20, cstring),
  group: attribute(27, u32),
  netnsFd: attribute(28, u32),
};

/** `VETH_INFO_*`, linux/veth.h: a link message within a link message. */
const veth = attributes<{ readonly peer: CommonAttributes }>('VETH_INFO', {
  peer: attribute(1, afterStruct(IFINFOMSG, attributes<CommonAttributes>('IFLA', common))),
});

/** `IFLA_INFO_*`, linux/if_link.h */
const info = byKind({ kind: 1, data: 2 }, { ipvlan, macvlan, veth });

export interface LinkAttributes extends CommonAttributes {
  readonly parent?: number;
  readonly master?: number;
  readonly operState?: number;
  readonly info?: OfKind;
  readonly extMask?: number;
  readonly parentNetnsId?: number;
}

/** `IFLA_*`, linux/if_link.h: what is used of the sixty and more. */
export const linkShape: Shape<LinkHeader, LinkAttributes> = {
  subject: 'link',
  size: IFINFOMSG,
  header: parseLink,
  attributes: attributes<LinkAttributes>(
    'IFLA',
    {
      ...common,
      parent: attribute(5, u32),
      master: attribute(10, u32),
      operState: attribute(16, u8),
      info: attribute(18, info),
      extMask: attribute(29, u32),
      parentNetnsId: attribute(37, s32),
    },
    { skipRest: true },
  ),
};
