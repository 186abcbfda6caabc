import type { Ip } from '@cni/ip';
import { monotonic, openSocket, type Socket } from '@cni/sys';
import { arp } from './probe-arp.ts';
import type { Master } from './probe-link.ts';
import { neighbourSolicitation } from './probe-ndp.ts';

/** How one family asks who has an address, and what the answer looks like. */
export interface Question {
  /** ETH_P_* of linux/if_ether.h. */
  readonly protocol: number;
  /** The Ethernet address of all who may have it. */
  readonly to: Uint8Array;
  /** What to send, without an Ethernet header. */
  readonly packet: Uint8Array;
  /** The multicast group that the answer may be sent to. */
  readonly listen?: Uint8Array;
  /** Whether somebody else than us has the address, or is about to take it. */
  isAnswer(packet: Uint8Array): boolean;
}

/** RFC 5227 asks three times within seconds; on a wire of today answers come within a millisecond. */
const TIMES = 3;
const PAUSE = 60;

/**
 * The addresses that somebody answers for on a link, asked for as RFC 5227 and RFC 4862 do: without
 * an address of our own. Takes 0.2 s if nobody does. Throws `SysError`.
 */
export function findAnswered(master: Master, ips: readonly Ip[]): Ip[] {
  const probes = ips.map((ip) => openProbe(master, ip));
  try {
    const answered = () => probes.filter(({ isAnswered }) => isAnswered).map(({ ip }) => ip);
    for (let time = 0; time < TIMES && answered().length === 0; time++) {
      for (const probe of probes) probe.send();
      const deadline = monotonic() + PAUSE;
      for (const probe of probes) probe.listen(deadline);
    }
    return answered();
  } finally {
    for (const probe of probes) probe.close();
  }
}

interface Probe {
  readonly ip: Ip;
  readonly isAnswered: boolean;
  send(): void;
  /** Until an answer has come, or it is `deadline`. */
  listen(deadline: number): void;
  close(): void;
}

const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;

function openProbe(master: Master, ip: Ip): Probe {
  const question = ip.family === 4 ? arp(master.mac, ip) : neighbourSolicitation(master.mac, ip);
  const { protocol, to, packet, listen, isAnswer } = question;
  const socket = openSocket(`${master.name} probe`, AF_PACKET, SOCK_DGRAM, swapped(protocol));
  socket.bind(sockaddr(master.index, protocol));
  if (listen !== undefined) socket.setOption(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership(master.index, listen));
  let isAnswered = false;
  return {
    ip,
    get isAnswered() {
      return isAnswered;
    },
    send: () => socket.send(packet, sockaddr(master.index, protocol, to)),
    listen(deadline) {
      while (!isAnswered) {
        const received = receiveBefore(socket, deadline);
        if (received === undefined) return;
        isAnswered = isAnswer(received);
      }
    },
    close: () => socket.close(),
  };
}

/** Enough for what is an answer. */
const LONGEST = 128;

function receiveBefore(socket: Socket, deadline: number): Uint8Array | undefined {
  const bytes = new Uint8Array(LONGEST);
  // What has come already is looked at, however late it is; no timeout would be for ever.
  socket.setTimeout(Math.max(deadline - monotonic(), 1));
  try {
    return bytes.subarray(0, Math.min(socket.receive(bytes), LONGEST));
  } catch (error) {
    if ((error as { errno?: string }).errno === 'EAGAIN') return undefined;
    throw error;
  }
}

/** In network byte order, as a number of this machine's. */
function swapped(protocol: number): number {
  return ((protocol & 255) << 8) | (protocol >> 8);
}

/** `struct sockaddr_ll`, linux/if_packet.h. */
function sockaddr(index: number, protocol: number, to: Uint8Array = new Uint8Array(6)): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, protocol);
  view.setInt32(4, index, true);
  bytes[11] = to.length;
  bytes.set(to, 12);
  return bytes;
}

/** `struct packet_mreq`, linux/if_packet.h, of type PACKET_MR_MULTICAST. */
function membership(index: number, group: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, index, true);
  view.setUint16(6, group.length, true);
  bytes.set(group, 8);
  return bytes;
}
