import { type Ip, ipToBytes } from '@cni/ip';
import type { Question } from './probe.ts';

const ETH_P_ARP = 0x0806;
const BROADCAST = new Uint8Array(6).fill(255);
const REQUEST_TO_IPV4_OVER_ETHERNET = [0, 1, 8, 0, 6, 4, 0, 1];
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_IP = 24;
const LENGTH = 28;

/** The ARP probe of RFC 5227: a request whose sender has no address. */
export function arp(mac: Uint8Array, ip: Ip): Question {
  const address = ipToBytes(ip);
  const packet = new Uint8Array(LENGTH);
  packet.set(REQUEST_TO_IPV4_OVER_ETHERNET);
  packet.set(mac, SENDER_MAC);
  packet.set(address, TARGET_IP);
  return {
    protocol: ETH_P_ARP,
    to: BROADCAST,
    packet,
    isAnswer(received) {
      if (received.length < LENGTH || has(received, SENDER_MAC, mac)) return false;
      const isProbe = has(received, SENDER_IP, new Uint8Array(4));
      return has(received, isProbe ? TARGET_IP : SENDER_IP, address);
    },
  };
}

/** Whether bytes are at a place. */
export function has(packet: Uint8Array, at: number, bytes: Uint8Array): boolean {
  return bytes.every((byte, index) => packet[at + index] === byte);
}
