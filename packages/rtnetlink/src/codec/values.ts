import { formatMac, type Ip, ipFromBytes, ipToBytes, parseMac } from '@cni/ip';
import { type Codec, codec, WireError, writeBytes } from './codec.ts';

/** An address in network byte order, 4 or 16 bytes. */
export const ipBytes: Codec<Ip> = codec({
  write: (ip, out) => writeBytes(ipToBytes(ip), out),
  decode(bytes, start, end) {
    const length = end - start;
    if (length !== 4 && length !== 16) throw new WireError(`${length} bytes are not an IP address`);
    return ipFromBytes(bytes.subarray(start, end));
  },
});

/** A link-layer address of any length as text; six bytes are a MAC address. */
export const macBytes: Codec<string> = codec({
  write: (mac, out) => writeBytes(parseMac(mac), out),
  decode: (bytes, start, end) => formatMac(bytes.subarray(start, end)),
});
