import type { Netns } from '@cni/sys';

/** A link by name (or alternative name), or by index. */
export type LinkKey = { readonly name: string } | { readonly index: number };

export type IpvlanMode = 'l2' | 'l3' | 'l3s';
export type IpvlanFlag = 'bridge' | 'private' | 'vepa';
/** Mode and flag belong to the parent: every slave of one parent has the same. */
export interface Ipvlan {
  readonly mode: IpvlanMode;
  readonly flag: IpvlanFlag;
}

export type MacvlanMode = 'private' | 'vepa' | 'bridge' | 'passthru' | 'source';
export interface Macvlan {
  readonly mode: MacvlanMode;
}

/** What a link is. A kind this package does not know, or whose data it cannot read, keeps its bytes in `raw`. */
export type LinkInfo =
  | { readonly kind: 'ipvlan'; readonly data: Ipvlan }
  | { readonly kind: 'macvlan'; readonly data: Macvlan }
  | { readonly kind: string; readonly data?: undefined; readonly raw?: Uint8Array };

/** `IF_OPER_*`, linux/if.h */
export type OperState = 'unknown' | 'not-present' | 'down' | 'lower-layer-down' | 'testing' | 'dormant' | 'up';

/** A link as the kernel describes it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Set up by the administrator. */
  readonly up: boolean;
  /** Up, and able to carry packets. */
  readonly running: boolean;
  readonly loopback: boolean;
  /** Whether neighbours are resolved on it; not so for ipvlan in l3 and l3s. */
  readonly arp: boolean;
  readonly operState: OperState;
  /** Bytes. */
  readonly mtu: number;
  /** Lower-case hexadecimal with colons; empty for a link without an address. */
  readonly address: string;
  /** Index of the link this one sits on, or of a veth's peer; of `parentNetnsId`'s namespace when that is given. */
  readonly parent?: number;
  /** Names the parent's namespace, when it is another one. */
  readonly parentNetnsId?: number;
  /** Index of the bridge, bond or vrf it is part of. */
  readonly master?: number;
  readonly alias?: string;
  readonly txQueueLength: number;
  /** 0 unless set. */
  readonly group: number;
  /** Absent for hardware and the loopback. */
  readonly info?: LinkInfo;
}

/** The other end of a new veth. It cannot be created up. */
export interface NewPeer {
  readonly name: string;
  readonly address?: string;
  readonly mtu?: number;
  /** Born there; by default in the namespace of the conversation. */
  readonly netns?: Netns;
  readonly txQueueLength?: number;
  readonly group?: number;
}

/** The kind of a new link, and what is particular to it. */
export type NewLinkInfo =
  | { readonly kind: 'ipvlan'; readonly data: { readonly mode: IpvlanMode; readonly flag?: IpvlanFlag } }
  | { readonly kind: 'macvlan'; readonly data: Macvlan }
  | { readonly kind: 'veth'; readonly data: { readonly peer: NewPeer } }
  | { readonly kind: 'ifb' | 'dummy' | 'bridge' };

/** A link to be added. What is absent is the kernel's choice. An alias can only be set later: the kernel passes over it here. */
export interface NewLink {
  /** At most 15 bytes. */
  readonly name: string;
  readonly info: NewLinkInfo;
  /** Index of the link it sits on, in the namespace of the conversation. */
  readonly parent?: number;
  /** Born there; by default in the namespace of the conversation. */
  readonly netns?: Netns;
  /** Bytes. */
  readonly mtu?: number;
  /** A MAC address. */
  readonly address?: string;
  readonly up?: boolean;
  readonly txQueueLength?: number;
  readonly group?: number;
}

/** What can be set on a link; what is absent stays as it is. */
export interface LinkChange {
  readonly name?: string;
  readonly up?: boolean;
  readonly mtu?: number;
  readonly address?: string;
  readonly alias?: string;
  /** Moves the link; this waits for a grace period of the kernel, so create it where it belongs instead. */
  readonly netns?: Netns;
  /** Index of a bridge, bond or vrf; 0 takes it out of the one it is in. */
  readonly master?: number;
  readonly txQueueLength?: number;
  readonly group?: number;
}
