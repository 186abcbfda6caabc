import {
  bitsOf,
  type Cidr,
  contains,
  equalIps,
  formatCidr,
  formatIp,
  type Ip,
  lastOf,
  networkOf,
  parseCidr,
  parseIp,
  type Range,
  stepIp,
} from '@cni/ip';

/** Addresses that may be handed out, and what goes with each of them. */
export interface AddressRange extends Range {
  readonly subnet: Cidr;
  readonly gateway: Ip;
}

/** A range as configured: what is absent has a default. */
export interface RangeKeys {
  readonly subnet: Cidr;
  readonly rangeStart?: Ip | undefined;
  readonly rangeEnd?: Ip | undefined;
  readonly gateway?: Ip | undefined;
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

/** The range that keys stand for: by default everything but the network, the first and IPv4's broadcast address. */
export function addressRange({ subnet, rangeStart, rangeEnd, gateway }: RangeKeys): AddressRange {
  return {
    subnet,
    first: rangeStart ?? stepIp(networkOf(subnet), 1n),
    last: rangeEnd ?? defaultEnd(subnet),
    gateway: gateway ?? stepIp(networkOf(subnet), 1n),
  };
}

function defaultEnd(subnet: Cidr): Ip {
  return subnet.ip.family === 4 ? stepIp(lastOf(subnet), -1n) : lastOf(subnet);
}

/** The first thing wrong with the keys of a range, if anything is. */
export function problemOf(keys: RangeKeys): Problem | undefined {
  return problemOfSubnet(keys) ?? problemOfGateway(keys) ?? problemOfEnds(keys);
}

function problemOfSubnet({ subnet }: RangeKeys): Problem | undefined {
  const problem = (message: string): Problem => ({ key: 'subnet', value: formatCidr(subnet), message });
  const network = networkOf(subnet);
  if (subnet.prefixLength > bitsOf(subnet.ip.family) - 2) return problem('too small to allocate from');
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
  const { first, last } = addressRange(keys);
  if (outside !== undefined || first.value <= last.value) return outside;
  if (rangeStart === undefined) return { key: 'rangeEnd', value: formatIp(last), message: `before ${formatIp(first)}` };
  return { key: 'rangeStart', value: formatIp(first), message: `after the end of the range, ${formatIp(last)}` };
}

function problemOfMember(key: keyof RangeKeys, subnet: Cidr, member: Ip): Problem | undefined {
  if (contains(subnet, member)) return undefined;
  const reason = subnet.ip.family === member.family ? 'not in' : 'of another family than';
  return { key, value: formatIp(member), message: `${reason} the subnet ${formatCidr(subnet)}` };
}
