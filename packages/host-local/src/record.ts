import { formatIp, type Ip, parseIp } from '@cni/ip';

/** Whom an address belongs to. Very old records name the container alone. */
export interface Owner {
  readonly containerId: string;
  readonly ifName?: string | undefined;
}

const RECORD = /^([a-zA-Z0-9][\w.-]*)(?:\r\n([^\s/:]{1,15}))?$/;

/** The content of an address's file: `id CR LF ifname`. */
export function formatRecord({ containerId, ifName }: Owner): string {
  return ifName === undefined ? containerId : `${containerId}\r\n${ifName}`;
}

/** Reads the content of an address's file, white space around it ignored; `undefined` when it names no owner. */
export function parseRecord(text: string): Owner | undefined {
  const [, containerId, ifName] = RECORD.exec(text.trim()) ?? [];
  return containerId === undefined ? undefined : { containerId, ifName };
}

/** The address a file name stands for; `undefined` for any other name, an address in an unusual spelling included. */
export function addressOfName(name: string): Ip | undefined {
  if (!/^[0-9a-f]*[.:]/.test(name)) return undefined;
  try {
    const address = parseIp(name);
    return formatIp(address) === name ? address : undefined;
  } catch {
    return undefined;
  }
}
