import { type Ip, ipToBytes } from '@cni/ip';
import { bytesOf, has } from './bytes.ts';
import { FROM, PAYLOAD, PROTOCOL, type Question } from './frame.ts';

export const ETH_P_ARP = 0x0806;
const BROADCAST = new Uint8Array(6).fill(255);
/** RFC 826: Ethernet, IPv4, the lengths of their addresses; then the operation, and who says it of whom. */
const IPV4_OVER_ETHERNET = Uint8Array.of(0, 1, 8, 0, 6, 4);
const OPERATION = PAYLOAD + 6;
const SENDER_MAC = PAYLOAD + 8;
const SENDER_IP = PAYLOAD + 14;
const TARGET_IP = PAYLOAD + 24;
const LENGTH = PAYLOAD + 28;
const REQUEST = 1;
const REPLY = 2;
const NOBODY = new Uint8Array(4);

/** The probe of RFC 5227: a request whose sender has no address. Answered by whoever uses the address, or is about to. */
export function arpProbe(mac: Uint8Array, ip: Ip): Question {
  const address = ipToBytes(ip);
  const isProbe = (received: Uint8Array) => has(received, SENDER_IP, NOBODY) && has(received, TARGET_IP, address);
  return {
    frame: request(mac, NOBODY, address),
    groups: [],
    answeredBy: (received) => senderOf(received, mac, has(received, SENDER_IP, address) || isProbe(received)),
  };
}

/** An ordinary request, of `from` if it is given. Answered by whoever uses the address. */
export function arpRequest(mac: Uint8Array, ip: Ip, from: Ip | undefined): Question {
  const address = ipToBytes(ip);
  return {
    frame: request(mac, from === undefined ? NOBODY : ipToBytes(from), address),
    groups: [],
    answeredBy: (received) => senderOf(received, mac, has(received, SENDER_IP, address)),
  };
}

/** The announcement of RFC 5227: a request for the own address. */
export function arpAnnouncement(mac: Uint8Array, ip: Ip): Uint8Array {
  return request(mac, ipToBytes(ip), ipToBytes(ip));
}

function request(mac: Uint8Array, sender: Uint8Array, target: Uint8Array): Uint8Array {
  return bytesOf(
    LENGTH,
    [0, BROADCAST],
    [FROM, mac],
    [PROTOCOL, [ETH_P_ARP >> 8, ETH_P_ARP & 255]],
    [PAYLOAD, IPV4_OVER_ETHERNET],
    [OPERATION, [0, REQUEST]],
    [SENDER_MAC, mac],
    [SENDER_IP, sender],
    [TARGET_IP, target],
  );
}

/** Who sent a frame that says what was asked for, unless it was we. */
function senderOf(received: Uint8Array, mac: Uint8Array, isAbout: boolean): Uint8Array | undefined {
  if (!isAbout || received.length < LENGTH || !has(received, PAYLOAD, IPV4_OVER_ETHERNET)) return undefined;
  const isOperation = [REQUEST, REPLY].some((operation) => has(received, OPERATION, Uint8Array.of(0, operation)));
  return isOperation && !has(received, SENDER_MAC, mac) ? received.slice(SENDER_MAC, SENDER_IP) : undefined;
}
