import { type Ip, ipToBytes } from '@cni/ip';
import { bytesOf, has } from './bytes.ts';
import { FROM, PAYLOAD, PROTOCOL, type Question } from './frame.ts';

export const ETH_P_IPV6 = 0x86dd;
const ICMPV6 = 58;
/** What no router has let through, RFC 4861. */
const HOP_LIMIT = 255;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
/** `struct ipv6hdr`: version, length of what follows, next header, hop limit, source, destination. */
const VERSION_6 = 0x60;
const IPV6_LENGTH = PAYLOAD + 4;
const NEXT_HEADER = PAYLOAD + 6;
const SOURCE = PAYLOAD + 8;
const DESTINATION = PAYLOAD + 24;
/** Neighbour solicitation and advertisement, RFC 4861: type, code, checksum, flags, target, options. */
const TYPE = PAYLOAD + 40;
const CHECKSUM = TYPE + 2;
const FLAGS = TYPE + 4;
const TARGET = TYPE + 8;
const OPTIONS = TYPE + 24;
const OVERRIDE = 0x20;
const SOURCE_MAC = 1;
const TARGET_MAC = 2;
const UNSPECIFIED = new Uint8Array(16);
const ALL_NODES = bytesOf(16, [0, [0xff, 2]], [15, [1]]);

/** The solicitation of duplicate address detection, RFC 4862: its source is `::`. Answered by whoever uses the address, or is about to. */
export function ndpProbe(mac: Uint8Array, ip: Ip): Question {
  return solicitation(mac, ip, undefined, (received, address) => {
    const isProbe = received[TYPE] === SOLICITATION && has(received, SOURCE, UNSPECIFIED);
    return (isProbe || received[TYPE] === ADVERTISEMENT) && has(received, TARGET, address);
  });
}

/** An ordinary solicitation, of `from` if it is given, else as {@link ndpProbe}. Answered by whoever uses the address. */
export function ndpRequest(mac: Uint8Array, ip: Ip, from: Ip | undefined): Question {
  return solicitation(
    mac,
    ip,
    from,
    (received, address) => received[TYPE] === ADVERTISEMENT && has(received, TARGET, address),
  );
}

/** The unsolicited advertisement of RFC 4861, to all nodes, which are to override what they knew. */
export function ndpAnnouncement(mac: Uint8Array, ip: Ip): Uint8Array {
  const address = ipToBytes(ip);
  const message = { type: ADVERTISEMENT, flags: OVERRIDE, target: address, option: optionOf(TARGET_MAC, mac) };
  return packetOf(mac, address, ALL_NODES, message);
}

function solicitation(
  mac: Uint8Array,
  ip: Ip,
  from: Ip | undefined,
  isAnswer: (received: Uint8Array, address: Uint8Array) => boolean,
): Question {
  const target = ipToBytes(ip);
  const group = solicitedNode(target);
  const option = from === undefined ? [] : optionOf(SOURCE_MAC, mac);
  const source = from === undefined ? UNSPECIFIED : ipToBytes(from);
  return {
    frame: packetOf(mac, source, group, { type: SOLICITATION, flags: 0, target, option }),
    // Answers go to all nodes where the question had no source; other probes go where ours goes.
    groups: [ALL_NODES, group].map(ethernetGroup),
    answeredBy(received) {
      if (!isNdp(received) || !isAnswer(received, target) || has(received, FROM, mac)) return undefined;
      return macIn(received) ?? received.slice(FROM, PROTOCOL);
    },
  };
}

/** ff02::1:ffXX:XXXX, with the address's last three bytes. */
function solicitedNode(address: Uint8Array): Uint8Array {
  return bytesOf(16, [0, [0xff, 2]], [11, [1, 0xff]], [13, address.subarray(13)]);
}

/** Where Ethernet sends what is for a group, RFC 2464. */
function ethernetGroup(group: Uint8Array): Uint8Array {
  return bytesOf(6, [0, [0x33, 0x33]], [2, group.subarray(12)]);
}

function optionOf(type: number, mac: Uint8Array): number[] {
  return [type, 1, ...mac];
}

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly target: Uint8Array;
  readonly option: readonly number[];
}

function packetOf(mac: Uint8Array, source: Uint8Array, group: Uint8Array, message: Message): Uint8Array {
  const { type, flags, target, option } = message;
  const length = OPTIONS + option.length;
  const packet = bytesOf(
    length,
    [0, ethernetGroup(group)],
    [FROM, mac],
    [PROTOCOL, [ETH_P_IPV6 >> 8, ETH_P_IPV6 & 255]],
    [PAYLOAD, [VERSION_6]],
    [IPV6_LENGTH, [0, length - TYPE, ICMPV6, HOP_LIMIT]],
    [SOURCE, source],
    [DESTINATION, group],
    [TYPE, [type]],
    [FLAGS, [flags]],
    [TARGET, target],
    [OPTIONS, option],
  );
  new DataView(packet.buffer).setUint16(CHECKSUM, checksum(packet));
  return packet;
}

/** RFC 1071 over addresses, length, next header and message; the checksum itself is still 0. */
function checksum(packet: Uint8Array): number {
  const view = new DataView(packet.buffer);
  let sum = packet.length - TYPE + ICMPV6;
  for (let at = SOURCE; at < packet.length; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function isNdp(received: Uint8Array): boolean {
  return received.length >= OPTIONS && has(received, NEXT_HEADER, Uint8Array.of(ICMPV6, HOP_LIMIT));
}

/** The MAC address that an advertisement names. Options are type, length in eights of bytes, and the rest. */
function macIn(received: Uint8Array): Uint8Array | undefined {
  if (received[TYPE] !== ADVERTISEMENT) return undefined;
  for (let at = OPTIONS; at + 8 <= received.length; at += Math.max(received[at + 1] ?? 0, 1) * 8) {
    if (received[at] === TARGET_MAC) return received.slice(at + 2, at + 8);
  }
  return undefined;
}
