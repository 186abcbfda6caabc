/**
 * What the kernel answers about neighbours: one datagram of a dump.
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
  // after: ip neighbour replace 10.1.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent
  // ip neighbour show dev v0 nud all
  permanent: `
    4c000000 1c002200 00000000 00000000
    02000000 03000000 80000001 08000100
    0a010009 0a000200 02000000 00090000
    08000400 00000000 14000300 00000000
    00000000 00000000 00000000 14000000
    03000200 00000000 00000000 00000000
  `,
};
