import { answerTo, type KernelRequest } from './kernel.ts';
import { attributeBytes, datagram } from './kernel-bytes.ts';

const RTM_NEWLINK = 16;
const NLM_F_MULTI = 2;
const IFINFOMSG = 16;
const IFLA_IFNAME = 3;

/** The payload of a link message: `struct ifinfomsg` with the index (below 256), and the name. */
export function linkBody(index: number, name: string): Uint8Array {
  const header = new Uint8Array(IFINFOMSG);
  header[4] = index;
  return datagram(header, attributeBytes(IFLA_IFNAME, new TextEncoder().encode(`${name}\0`)));
}

/** A link in answer to a request. */
export function linkAnswer(request: KernelRequest, index: number, name: string, flags = 0): Uint8Array {
  return answerTo(request, { type: RTM_NEWLINK, flags, body: linkBody(index, name) });
}

/** A link of a list, `eth2` for index 2. */
export function linkPart(request: KernelRequest, index: number, flags = 0): Uint8Array {
  return linkAnswer(request, index, `eth${index}`, NLM_F_MULTI | flags);
}
