/**
 * What the kernel answers about addresses: one datagram of a dump.
 *
 * Captured with `unshare -n strace -e trace=recvmsg -e read=3 COMMAND` (descriptor 4 for one link).
 * Kernel 6.18.44 unless said otherwise, iproute2 6.1.0. Sequence numbers and port ids are zeroed.
 *
 * All after:
 *     ip link add v0 type veth peer name v1
 *     ip link set v1 up
 *     ip link set v0 up
 *     ip addr add 10.1.0.5/24 dev v0
 *     ip addr add fd00::5/64 dev v0 nodad
 */
export const answers = {
  // after: ip addr add 10.2.0.1 peer 10.2.0.2/32 dev v0
  // ip -4 address show dev v0
  v4: `
    4c000000 14002200 00000000 00000000
    02188000 03000000 08000100 0a010005
    08000200 0a010005 07000300 76300000
    08000800 80000000 14000600 ffffffff
    ffffffff 138b0500 138b0500 4c000000
    14002200 00000000 00000000 02208000
    03000000 08000100 0a020002 08000200
    0a020001 07000300 76300000 08000800
    80000000 14000600 ffffffff ffffffff
    138b0500 138b0500
  `,
  // after: sysctl -qw net.ipv6.conf.v0.optimistic_dad=1
  //        ip addr add fd00::6/64 dev v0 optimistic noprefixroute
  // ip -6 address show dev v0
  v6: `
    48000000 14002200 00000000 00000000
    0a40c400 03000000 14000100 fd000000
    00000000 00000000 00000006 14000600
    ffffffff ffffffff 158b0500 158b0500
    08000800 c4020000 48000000 14002200
    00000000 00000000 0a408200 03000000
    14000100 fd000000 00000000 00000000
    00000005 14000600 ffffffff ffffffff
    158b0500 158b0500 08000800 82000000
    50000000 14002200 00000000 00000000
    0a40c0fd 03000000 14000100 fe800000
    00000000 8c3f62ff fe185bf9 14000600
    ffffffff ffffffff 148b0500 148b0500
    08000800 c0000000 05000b00 03000000
    14000000 03002200 00000000 00000000
    00000000
  `,
};
