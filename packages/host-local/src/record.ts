import { formatIp, type Ip, parseIp } from '@cni/ip';

/** Whom an address belongs to. Very old records name the container alone. */
export interface Owner {
  readonly containerId: string;
  readonly ifName?: string | undefined;
}

const RECORD = /^[a-zA-Z0-9][\w.-]*(?:\r\n[^\s/:]{1,15})?$/;

const CARRIAGE_RETURN = 13;
const DIGIT_0 = 0x30;
const LETTER_F = 0x66;

/** The content of an address's file: `id CR LF ifname`. */
export function formatRecord({ containerId, ifName }: Owner): string {
  return ifName === undefined ? containerId : `${containerId}\r\n${ifName}`;
}

/** The record in the content of an address's file, white space around it ignored; `undefined` when it names no owner. */
export function recordIn(content: string): string | undefined {
  if (isOfRuntime(content) || RECORD.test(content)) return content;
  const trimmed = content.trim();
  return RECORD.test(trimmed) ? trimmed : undefined;
}

/** What runtimes write for pods: 64 hexadecimal digits and eth0. A number is read in half the time that a pattern takes. */
function isOfRuntime(content: string): boolean {
  if (content.charCodeAt(64) !== CARRIAGE_RETURN || content.slice(64) !== '\r\neth0') return false;
  // White space at a number's end would be passed over.
  return (
    content.charCodeAt(63) <= LETTER_F && content.charCodeAt(63) >= DIGIT_0 && Number(`0x${content.slice(0, 64)}`) >= 0
  );
}

/** Whom a record names. */
export function ownerOf(record: string): Owner {
  const end = record.indexOf('\r\n');
  return end === -1 ? { containerId: record } : { containerId: record.slice(0, end), ifName: record.slice(end + 2) };
}

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d|\\d)';
const IPV4 = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);
/** At most six groups around `::`, so that it is the longest run of zeros for certain: one more is alone, and not beside it. */
const GROUP = '[1-9a-f][0-9a-f]{0,3}';
const PLAIN_IPV6 = new RegExp(`^${GROUP}(?::${GROUP})?(?::(?:0:)?${GROUP})?::${GROUP}(?::${GROUP})?$`);

/** Whether a file name is that of an address, in the spelling that every plugin writes. */
export function isAddressName(name: string): boolean {
  // Decided without arithmetic where that can be: this is asked of every file of a large directory.
  if (!name.includes(':')) return IPV4.test(name);
  return PLAIN_IPV6.test(name) || addressOfName(name) !== undefined;
}

/** {@link isAddressName} for many names, most of which differ in the last number alone: then that is all that is looked at. */
export function addressNameTest(): (name: string) => boolean {
  const prefixes = new Set<string>();
  return (name) => {
    const end = Math.max(name.lastIndexOf('.'), name.lastIndexOf(':')) + 1;
    const prefix = name.slice(0, end);
    // An address that ends in a number other than 0 stays one, in its usual spelling, with another such number.
    const number = name.slice(end);
    if (prefixes.has(prefix) && (name[end - 1] === '.' ? OCTETS.has(number) : LAST_GROUP.test(number))) return true;
    const isOne = isAddressName(name);
    if (isOne && number !== '0') prefixes.add(prefix);
    return isOne;
  };
}

const OCTETS = new Set(Array.from({ length: 256 }, (_, octet) => String(octet)));
const LAST_GROUP = /^[1-9a-f][0-9a-f]{0,3}$/;

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
