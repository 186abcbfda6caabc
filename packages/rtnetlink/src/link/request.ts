import { parseMac } from '@cni/ip';
import { type Netns, utf8 } from '@cni/sys';
import { cstring } from '../codec/codec.ts';
import {
  attributeOf,
  bytesOf,
  type DeviceFlags,
  formatIpvlan,
  formatLink,
  formatLinkAttrs,
  formatMacvlan,
  formatVethInfo,
  given,
  infoBytes,
  type LinkAttrs,
  type LinkHeader,
  putU16,
  putU32,
  type StreamData,
  type VethInfo,
} from '../npm.ts';
import { ipvlanFlags, ipvlanModes, macvlanModes } from './codec.ts';
import type { LinkChange, LinkKey, NewLink, NewLinkInfo, NewPeer } from './link.ts';

/** `RTEXT_FILTER_SKIP_STATS`, linux/rtnetlink.h: statistics are a third of an answer, and nobody here reads them. */
const RTEXT_FILTER_SKIP_STATS = 8;

type LooseAttrs = Parameters<typeof given<LinkAttrs>>[0];

/** Attributes in the order of iproute2. */
function linkBody(header: LinkHeader, ...attributes: StreamData[]): Uint8Array {
  return bytesOf(formatLink(header), ...attributes);
}

function some(attrs: LooseAttrs): StreamData {
  return formatLinkAttrs(given<LinkAttrs>(attrs));
}

/** `IFLA_IFNAME`, linux/if_link.h */
const IFLA_IFNAME = 3;

/** For a text npm's formatter takes as long as for all else that is in a request. */
function named(name: string | undefined): StreamData {
  return attributeOf(IFLA_IFNAME, name === undefined ? undefined : cstring.encode(name));
}

/** `RTM_GETLINK` for one link. */
export function getBody(key: LinkKey): Uint8Array {
  const extMask = putU32(RTEXT_FILTER_SKIP_STATS);
  return 'name' in key
    ? linkBody({}, named(key.name), some({ extMask }))
    : linkBody({ index: key.index }, some({ extMask }));
}

/** `RTM_GETLINK` for all links, or those of a kind. */
export function listBody(kind: string | undefined): Uint8Array {
  const extMask = putU32(RTEXT_FILTER_SKIP_STATS);
  return linkBody({}, some({ extMask, linkinfo: kind === undefined ? undefined : infoBytes(utf8(kind), undefined) }));
}

/** `RTM_DELLINK`. */
export function deleteBody(index: number): Uint8Array {
  return linkBody({ index });
}

interface Common {
  readonly address?: string;
  readonly mtu?: number;
  readonly netns?: Netns;
  readonly txQueueLength?: number;
  readonly group?: number;
}

function commonAttributes({ mtu, address, netns, txQueueLength, group }: Common): StreamData {
  return some({
    mtu,
    address: address === undefined ? undefined : parseMac(address),
    netNsFd: netns?.fd,
    txqlen: txQueueLength,
    group,
  });
}

function upFlags(up: boolean | undefined): Pick<LinkHeader, 'flags' | 'change'> {
  if (up === undefined) return {};
  const flags: DeviceFlags = up ? { up: true } : {};
  return { flags, change: { up: true } };
}

/** `RTM_NEWLINK` for a link that is not there yet. */
export function addBody(link: NewLink): Uint8Array {
  const parent = link.parent === undefined ? undefined : putU32(link.parent);
  const info = infoBytes(utf8(link.info.kind), dataBytes(link.info));
  return linkBody(
    link.up ? upFlags(true) : {},
    commonAttributes(link),
    some({ link: parent }),
    named(link.name),
    some({ linkinfo: info }),
  );
}

function dataBytes(info: NewLinkInfo): Uint8Array | undefined {
  switch (info.kind) {
    case 'ipvlan': {
      const { mode, flag = 'bridge' } = info.data;
      return bytesOf(formatIpvlan({ mode: ipvlanModes[mode], flags: putU16(ipvlanFlags[flag]) }));
    }
    case 'macvlan':
      return bytesOf(formatMacvlan({ mode: macvlanModes[info.data.mode] }));
    case 'veth':
      return bytesOf(formatVethInfo(given<VethInfo>({ peer: peerBytes(info.data.peer) })));
    default:
      return undefined;
  }
}

function peerBytes(peer: NewPeer): Uint8Array {
  return linkBody({}, commonAttributes(peer), named(peer.name));
}

/** `IFLA_IFALIAS`, linux/if_link.h */
const IFLA_IFALIAS = 20;

/** `RTM_SETLINK`, which unlike `RTM_NEWLINK` never creates one. */
export function setBody(index: number, change: LinkChange): Uint8Array {
  const { up, master, name, alias } = change;
  return linkBody(
    { index, ...upFlags(up) },
    commonAttributes(change),
    attributeOf(IFLA_IFALIAS, alias === undefined ? undefined : utf8(alias)),
    some({ master }),
    named(name),
  );
}
