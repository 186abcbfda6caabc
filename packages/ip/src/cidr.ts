import { bitsOf, equalIps, type Family, formatIp, type Ip, ip, parseIp } from './ip.ts';

/** An address with a prefix length, `10.1.0.5/24`; host bits are kept. */
export interface Cidr {
  readonly ip: Ip;
  /** 0 to 32 or 128. */
  readonly prefixLength: number;
}

/** Parses `10.1.0.5/24` or `fd00::5/64`. Throws `Error` naming the text. */
export function parseCidr(text: string): Cidr {
  const [, address, length] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  if (address === undefined) throw new Error(`"${text}" is not an address with a prefix length, such as 10.1.0.0/16`);
  const parsed = parseIp(address);
  const prefixLength = Number(length);
  if (prefixLength > bitsOf(parsed.family))
    throw new Error(`"${text}" has a prefix longer than ${bitsOf(parsed.family)} bits`);
  return { ip: parsed, prefixLength };
}

/** `10.1.0.5/24`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr.ip)}/${cidr.prefixLength}`;
}

function hostBits({ ip: { family }, prefixLength }: Cidr): bigint {
  return BigInt(bitsOf(family) - prefixLength);
}

/** The first address of the subnet: host bits all zero. */
export function networkOf(cidr: Cidr): Ip {
  const bits = hostBits(cidr);
  return { family: cidr.ip.family, value: (cidr.ip.value >> bits) << bits };
}

/** The last address of the subnet: host bits all one; IPv4's broadcast address. */
export function lastOf(cidr: Cidr): Ip {
  return { family: cidr.ip.family, value: networkOf(cidr).value | ((1n << hostBits(cidr)) - 1n) };
}

/** The subnet an address is in: the same prefix length, host bits zero. */
export function subnetOf(cidr: Cidr): Cidr {
  return { ip: networkOf(cidr), prefixLength: cidr.prefixLength };
}

/** The subnet of one address alone. */
export function hostCidr(ip: Ip): Cidr {
  return { ip, prefixLength: bitsOf(ip.family) };
}

/** Whether an address lies in a subnet; never across families. */
export function contains(subnet: Cidr, address: Ip): boolean {
  const bits = hostBits(subnet);
  return subnet.ip.family === address.family && subnet.ip.value >> bits === address.value >> bits;
}

/** Whether two are the same address with the same prefix length. */
export function equalCidrs(a: Cidr, b: Cidr): boolean {
  return a.prefixLength === b.prefixLength && equalIps(a.ip, b.ip);
}

/** `0.0.0.0/0` or `::/0`. */
export function defaultDestination(family: Family): Cidr {
  return { ip: ip(family, 0n), prefixLength: 0 };
}
