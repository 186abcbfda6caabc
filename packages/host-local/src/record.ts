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

const OCTET = '(?:\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/** Whether a file name is that of an address, in the spelling that every plugin writes. */
export function isAddressName(name: string): boolean {
  // Decided without arithmetic: this is asked of every file of a large directory.
  return IPV4.test(name) || (name.includes(':') && addressOfName(name) !== undefined);
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

/** The name of an address's file. */
export function nameOf(address: Ip): string {
  if (address.family === 6) return formatIp(address);
  // As formatIp, without big integers: a full range is walked to its end.
  const value = Number(address.value);
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}
