/** What is sent, and what counts as an answer to it: one for each family. Frames begin with their Ethernet header. */
export interface Question {
  readonly frame: Uint8Array;
  /** Ethernet groups, beside the broadcast address, that an answer may be sent to. */
  readonly groups: readonly Uint8Array[];
  /** The MAC address of whoever a received frame shows to have the address; `undefined` if it does not show it of anybody. */
  answeredBy(received: Uint8Array): Uint8Array | undefined;
}

/** `struct ethhdr`, linux/if_ether.h: to, from, protocol; and where what is in it begins. */
export const FROM = 6;
export const PROTOCOL = 12;
export const PAYLOAD = 14;
