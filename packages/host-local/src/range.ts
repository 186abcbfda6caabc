import {
  bitsOf,
  type Cidr,
  contains,
  equalIps,
  formatCidr,
  formatIp,
  formatRange,
  type Ip,
  lastOf,
  networkOf,
  parseCidr,
  parseIp,
  parseRange,
  type Range,
  stepIp,
} from '@cni/ip';
import { disjoint, without } from './intervals.ts';

/** Addresses that may be handed out, and what goes with each of them. */
export interface AddressRange extends Range {
  readonly subnet: Cidr;
  readonly gateway?: Ip | undefined;
}

/** Addresses as listed: `10.1.0.5`, `10.1.0.5-10.1.0.9`, or a CIDR. */
export interface Item {
  readonly range: Range;
  /** A CIDR stands for its usable addresses, the others for what they say. */
  readonly isCidr: boolean;
}

/** A range as configured: what is absent has a default. */
export interface RangeKeys {
  readonly subnet: Cidr;
  readonly rangeStart?: Ip | undefined;
  readonly rangeEnd?: Ip | undefined;
  readonly gateway?: Ip | undefined;
  /** Instead of `rangeStart` and `rangeEnd`. */
  readonly ips?: readonly Item[] | undefined;
  readonly exclude?: readonly Item[] | undefined;
}

/** What is wrong with the value of a key. */
export interface Problem {
  readonly key: keyof RangeKeys;
  readonly value: string;
  readonly message: string;
}

/** Parses an address, an IPv4 one also in its IPv6-mapped form. Throws `Error` naming the text. */
export function parsePlainIp(text: string): Ip {
  const address = parseIp(text);
  return isMapped(address) ? { family: 4, value: address.value & 0xffff_ffffn } : address;
}

function isMapped({ family, value }: Ip): boolean {
  return family === 6 && value >> 32n === 0xffffn;
}

/** Parses a subnet; host bits are kept, for {@link problemOf} to complain of. Throws `Error` naming the text. */
export function parseSubnet(text: string): Cidr {
  const subnet = parseCidr(text);
  if (isMapped(subnet.ip)) throw new Error(`"${text}" is an IPv4 subnet written as IPv6`);
  return subnet;
}

/** Parses an item of a list. Throws `Error` naming the text. */
export function parseItem(text: string): Item {
  return { range: parseRange(text), isCidr: text.includes('/') };
}

/** The ranges that keys stand for: by default everything but the network and IPv4's broadcast address; the gateway is never handed out. */
export function addressRanges(keys: RangeKeys): AddressRange[] {
  const { subnet, gateway = defaultGateway(subnet), ips, exclude = [] } = keys;
  const listed = ips === undefined ? [endsOf(keys)] : disjoint(ips.flatMap((item) => usable(item, subnet)));
  const holes = exclude.map(({ range }) => range);
  return listed.flatMap((range) => without(range, holes)).map((range) => ({ ...range, subnet, gateway }));
}

function endsOf({ subnet, rangeStart, rangeEnd }: RangeKeys): Range {
  return { first: rangeStart ?? stepIp(networkOf(subnet), 1n), last: rangeEnd ?? defaultEnd(subnet) };
}

/** Between two hosts, or for one alone, there is no router to be assumed. */
function defaultGateway(subnet: Cidr): Ip | undefined {
  return isSmall(subnet) ? undefined : stepIp(networkOf(subnet), 1n);
}

function isSmall({ ip: { family }, prefixLength }: Cidr): boolean {
  return prefixLength > bitsOf(family) - 2;
}

function usable({ range, isCidr }: Item, subnet: Cidr): Range[] {
  if (!isCidr || isSmall(subnet)) return [range];
  const [network, last] = [networkOf(subnet), lastOf(subnet)];
  const unusable = subnet.ip.family === 4 ? [network, last] : [network];
  return without(
    range,
    unusable.map((address) => ({ first: address, last: address })),
  );
}

function defaultEnd(subnet: Cidr): Ip {
  return subnet.ip.family === 4 ? stepIp(lastOf(subnet), -1n) : lastOf(subnet);
}

/** The first thing wrong with the keys of a range, if anything is. */
export function problemOf(keys: RangeKeys): Problem | undefined {
  return problemOfSubnet(keys) ?? problemOfGateway(keys) ?? problemOfEnds(keys) ?? problemOfItems(keys);
}

function problemOfSubnet({ subnet, ips }: RangeKeys): Problem | undefined {
  const problem = (message: string): Problem => ({ key: 'subnet', value: formatCidr(subnet), message });
  const network = networkOf(subnet);
  if (isSmall(subnet) && ips === undefined) return problem('too small to allocate from');
  if (!equalIps(network, subnet.ip))
    return problem(`has host bits set; the network is ${formatCidr({ ...subnet, ip: network })}`);
  return undefined;
}

function problemOfGateway({ subnet, gateway }: RangeKeys): Problem | undefined {
  if (gateway === undefined || isLinkLocal(gateway)) return undefined;
  return problemOfMember('gateway', subnet, gateway);
}

/** fe80::/10: a router may well be reached under such an address, whatever the subnet. */
function isLinkLocal({ family, value }: Ip): boolean {
  return family === 6 && value >> 118n === 0x3fan;
}

function problemOfEnds(keys: RangeKeys): Problem | undefined {
  const { subnet, rangeStart, rangeEnd } = keys;
  const outside =
    (rangeStart && problemOfMember('rangeStart', subnet, rangeStart)) ??
    (rangeEnd && problemOfMember('rangeEnd', subnet, rangeEnd));
  if (isSmall(subnet)) return outside;
  const { first, last } = endsOf(keys);
  if (outside !== undefined || first.value <= last.value) return outside;
  if (rangeStart === undefined) return { key: 'rangeEnd', value: formatIp(last), message: `before ${formatIp(first)}` };
  return { key: 'rangeStart', value: formatIp(first), message: `after the end of the range, ${formatIp(last)}` };
}

function problemOfMember(key: keyof RangeKeys, subnet: Cidr, member: Ip): Problem | undefined {
  if (contains(subnet, member)) return undefined;
  const reason = subnet.ip.family === member.family ? 'not in' : 'of another family than';
  return { key, value: formatIp(member), message: `${reason} the subnet ${formatCidr(subnet)}` };
}

function problemOfItems(keys: RangeKeys): Problem | undefined {
  const { subnet, rangeStart, rangeEnd, ips, exclude } = keys;
  const end = rangeStart ?? rangeEnd;
  if (ips !== undefined && end !== undefined)
    return { key: 'ips', value: formatIp(end), message: 'not together with rangeStart or rangeEnd' };
  if (ips === undefined && exclude === undefined) return undefined;
  const outside = problemOfList('ips', ips, subnet) ?? problemOfList('exclude', exclude, subnet);
  if (outside !== undefined || addressRanges(keys).length > 0) return outside;
  return { key: ips === undefined ? 'exclude' : 'ips', value: formatCidr(subnet), message: 'leaves no address' };
}

function problemOfList(key: 'ips' | 'exclude', items: readonly Item[] = [], subnet: Cidr): Problem | undefined {
  const stray = items.find(({ range }) => !contains(subnet, range.first) || !contains(subnet, range.last));
  if (stray === undefined) return undefined;
  return { key, value: formatRange(stray.range), message: `not in the subnet ${formatCidr(subnet)}` };
}
