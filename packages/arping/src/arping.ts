import type { Ip } from '@cni/ip';
import { monotonic } from '@cni/sys';
import { arpAnnouncement, arpProbe, arpRequest, ETH_P_ARP } from './arp.ts';
import type { Question } from './frame.ts';
import { ETH_P_IPV6, ndpAnnouncement, ndpProbe, ndpRequest } from './ndp.ts';
import { type Link, openWire, type Wire } from './wire.ts';

/** An address and who has it. */
export interface Neighbour {
  readonly ip: Ip;
  readonly mac: Uint8Array;
}

/** How long an answer is waited for. Milliseconds. */
export interface Patience {
  /** How often is asked, at least once; without it three times. */
  readonly retries?: number | undefined;
  /** From one question to the next; without it 60. */
  readonly interval?: number | undefined;
  /** After the last question; without it as `interval`. */
  readonly timeout?: number | undefined;
}

/** RFC 5227 asks three times within seconds; on a wire of today answers come within a millisecond. */
const RETRIES = 3;
const INTERVAL = 60;

/**
 * The addresses that somebody else has, or is about to take, and who it is; asked for as RFC 5227 and RFC 4862 do: without an
 * address of our own. Asking ends with the first answers. Throws `SysError`, `ENETDOWN` where the link is down.
 */
export function findAnswered(link: Link, ips: readonly Ip[], patience: Patience = {}): Neighbour[] {
  return ask(
    link,
    ips.map((ip) => ({ ip, question: ip.family === 4 ? arpProbe(link.mac, ip) : ndpProbe(link.mac, ip) })),
    patience,
  );
}

/**
 * Whoever has an address, such as a gateway; `undefined` if nobody answers. `from` is an address of the link's own in the same family: without it the
 * question has no sender, which every host answers as well, but an ipvlan slave does not hear the answer. Throws `SysError`, `ENETDOWN` where the link is down.
 */
export function findNeighbour(
  link: Link,
  ip: Ip,
  { from, ...patience }: Patience & { readonly from?: Ip | undefined } = {},
): Neighbour | undefined {
  const question = ip.family === 4 ? arpRequest(link.mac, ip, from) : ndpRequest(link.mac, ip, from);
  const [neighbour] = ask(link, [{ ip, question }], patience);
  return neighbour;
}

/** Tells everybody on the wire that the link has these addresses, so that they forget who had them before. Throws `SysError`, `ENETDOWN` where the link is down. */
export function announce(link: Link, ips: readonly Ip[]): void {
  for (const ip of ips) {
    const wire = openWire(link, protocolOf(ip), []);
    try {
      wire.send(ip.family === 4 ? arpAnnouncement(link.mac, ip) : ndpAnnouncement(link.mac, ip));
    } finally {
      wire.close();
    }
  }
}

function protocolOf({ family }: Ip): number {
  return family === 4 ? ETH_P_ARP : ETH_P_IPV6;
}

interface Inquiry {
  readonly ip: Ip;
  readonly question: Question;
}

/** An inquiry under way. */
interface Ear extends Inquiry {
  readonly wire: Wire;
  mac?: Uint8Array | undefined;
}

function ask(link: Link, inquiries: readonly Inquiry[], patience: Patience): Neighbour[] {
  const { retries = RETRIES, interval = INTERVAL, timeout = interval } = patience;
  const ears: Ear[] = [];
  try {
    for (const inquiry of inquiries)
      ears.push({ ...inquiry, wire: openWire(link, protocolOf(inquiry.ip), inquiry.question.groups) });
    for (let left = retries; left > 0 && answered(ears).length === 0; left--) {
      for (const { wire, question } of ears) wire.send(question.frame);
      const deadline = monotonic() + (left === 1 ? timeout : interval);
      for (const ear of ears) hear(ear, deadline);
    }
    return answered(ears);
  } finally {
    for (const { wire } of ears) wire.close();
  }
}

function answered(ears: readonly Ear[]): Neighbour[] {
  return ears.flatMap(({ ip, mac }) => (mac === undefined ? [] : [{ ip, mac }]));
}

function hear(ear: Ear, deadline: number): void {
  if (ear.mac !== undefined) return;
  for (const frame of ear.wire.framesBefore(deadline)) {
    ear.mac = ear.question.answeredBy(frame);
    if (ear.mac !== undefined) return;
  }
}
