import { type Ip, ipToBytes } from '@cni/ip';
import type { Question } from './probe.ts';
import { has } from './probe-arp.ts';

const ETH_P_IPV6 = 0x86dd;
const ICMPV6 = 58;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
/** `struct ipv6hdr`: version, length of what follows, next header, hop limit, source, destination. */
const IPV6_HEADER = 40;
const SOURCE = 8;
const DESTINATION = 24;
const NEXT_HEADER = 6;
/** Neighbour solicitation and advertisement, RFC 4861: type, code, checksum, flags, target. */
const TYPE = IPV6_HEADER;
const CHECKSUM = IPV6_HEADER + 2;
const TARGET = IPV6_HEADER + 8;
const LENGTH = IPV6_HEADER + 24;
const UNSPECIFIED = new Uint8Array(16);
/** ff02::1, which is where an answer to nobody goes, on Ethernet. */
const ALL_NODES = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);

/** The neighbour solicitation of duplicate address detection, RFC 4862: its source is `::`. */
export function neighbourSolicitation(_mac: Uint8Array, ip: Ip): Question {
  const address = ipToBytes(ip);
  const group = solicitedNode(address);
  return {
    protocol: ETH_P_IPV6,
    to: Uint8Array.of(0x33, 0x33, ...group.subarray(12)),
    packet: packetOf(address, group),
    listen: ALL_NODES,
    isAnswer(received) {
      if (received[NEXT_HEADER] !== ICMPV6 || !has(received, TARGET, address)) return false;
      const isProbe = received[TYPE] === SOLICITATION && has(received, SOURCE, UNSPECIFIED);
      return isProbe || received[TYPE] === ADVERTISEMENT;
    },
  };
}

/** ff02::1:ffXX:XXXX, with the address's last three bytes. */
function solicitedNode(address: Uint8Array): Uint8Array {
  const group = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0);
  group.set(address.subarray(13), 13);
  return group;
}

function packetOf(address: Uint8Array, group: Uint8Array): Uint8Array {
  const packet = new Uint8Array(LENGTH);
  packet.set([0x60, 0, 0, 0, 0, LENGTH - IPV6_HEADER, ICMPV6, 255]);
  packet.set(group, DESTINATION);
  packet[TYPE] = SOLICITATION;
  packet.set(address, TARGET);
  new DataView(packet.buffer).setUint16(CHECKSUM, checksum(packet));
  return packet;
}

/** RFC 1071 over addresses, length, next header and message; the checksum itself is still 0. */
function checksum(packet: Uint8Array): number {
  const view = new DataView(packet.buffer);
  let sum = LENGTH - IPV6_HEADER + ICMPV6;
  for (let at = SOURCE; at < LENGTH; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
