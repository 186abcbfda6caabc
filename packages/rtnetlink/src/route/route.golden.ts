import { hex } from '@cni/testkit';

/**
 * What iproute2 sends for routes.
 *
 * Captured with `unshare -n strace -e trace=sendmsg -e write=3 COMMAND`.
 * Kernel 6.18.44 unless said otherwise, iproute2 6.1.0. Sequence numbers and port ids are zeroed.
 *
 * All after:
 *     ip link add v0 type veth peer name v1
 *     ip link set v1 up
 *     ip link set v0 up
 *     ip addr add 10.1.0.5/24 dev v0
 *     ip addr add fd00::5/64 dev v0 nodad
 */
export const sent: Record<
  | 'v4Default'
  | 'v4Link'
  | 'v4Onlink'
  | 'v4Via6'
  | 'v4Blackhole'
  | 'v6Default'
  | 'v6Replace'
  | 'v4Prepend'
  | 'v4Delete'
  | 'v4DeleteInTable',
  Uint8Array
> = {
  // ip route add default via 10.1.0.1 dev v0 mtu 1300 advmss 1260
  v4Default: hex`
    40000000 18000506 00000000 00000000
    02000000 fe030001 00000000 08000500
    0a010001 08000400 03000000 14000800
    08000200 14050000 08000800 ec040000
  `,
  // ip route add 10.2.0.0/16 dev v0 src 10.1.0.5 table 500 metric 10 proto static
  v4Link: hex`
    44000000 18000506 00000000 00000000
    02100000 0004fd01 00000000 08000100
    0a020000 08000700 0a010005 08000f00
    f4010000 08000600 0a000000 08000400
    03000000
  `,
  // ip route add 10.3.0.0/16 via 192.0.2.1 dev v0 onlink
  v4Onlink: hex`
    34000000 18000506 00000000 00000000
    02100000 fe030001 04000000 08000100
    0a030000 08000500 c0000201 08000400
    03000000
  `,
  // ip route add 10.3.0.0/16 via inet6 fd00::1 dev v0
  v4Via6: hex`
    44000000 18000506 00000000 00000000
    02100000 fe030001 00000000 08000100
    0a030000 16001200 0a00fd00 00000000
    00000000 00000000 00010000 08000400
    03000000
  `,
  // ip route add blackhole 10.4.0.0/16
  v4Blackhole: hex`
    24000000 18000506 00000000 00000000
    02100000 fe030006 00000000 08000100
    0a040000
  `,
  // ip -6 route add default via fd00::1 dev v0 metric 5
  v6Default: hex`
    54000000 18000506 00000000 00000000
    0a000000 fe030001 00000000 14000100
    00000000 00000000 00000000 00000000
    14000500 fd000000 00000000 00000000
    00000001 08000600 05000000 08000400
    03000000
  `,
  // ip -6 route replace fd01::/64 dev v0 table 100
  v6Replace: hex`
    38000000 18000505 00000000 00000000
    0a400000 64030001 00000000 14000100
    fd010000 00000000 00000000 00000000
    08000400 03000000
  `,
  // ip route prepend 10.2.0.0/16 via 10.1.0.2 dev v0
  v4Prepend: hex`
    34000000 18000504 00000000 00000000
    02100000 fe030001 00000000 08000100
    0a020000 08000500 0a010002 08000400
    03000000
  `,
  // after: ip route add 10.2.0.0/16 via 10.1.0.1 dev v0
  // ip route del 10.2.0.0/16 via 10.1.0.1 dev v0
  v4Delete: hex`
    34000000 19000500 00000000 00000000
    02100000 fe00ff00 00000000 08000100
    0a020000 08000500 0a010001 08000400
    03000000
  `,
  // after: ip route add 10.2.0.0/16 dev v0 table 500
  // ip route del 10.2.0.0/16 table 500
  v4DeleteInTable: hex`
    2c000000 19000500 00000000 00000000
    02100000 0000ff00 00000000 08000100
    0a020000 08000f00 f4010000
  `,
};
