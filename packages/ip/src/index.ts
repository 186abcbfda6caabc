export {
  type Cidr,
  contains,
  defaultDestination,
  equalCidrs,
  formatCidr,
  hostCidr,
  lastOf,
  networkOf,
  parseCidr,
  subnetOf,
} from './cidr.ts';
export {
  bitsOf,
  compareIps,
  equalIps,
  type Family,
  formatIp,
  type Ip,
  ip,
  ipFromBytes,
  ipToBytes,
  parseIp,
  stepIp,
} from './ip.ts';
export { formatMac, parseMac } from './mac.ts';
export { formatRange, inRange, overlap, parseRange, type Range, range, rangeOf, sizeOf } from './range.ts';
