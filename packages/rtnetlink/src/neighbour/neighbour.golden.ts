/**
 * What iproute2 sends for neighbours.
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
export const sent = {
  // ip neighbour replace 10.1.0.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent
  v4: `
    30000000 1c000505 00000000 00000000
    02000000 03000000 80000000 08000100
    0a010009 0a000200 02000000 00090000
  `,
  // ip neighbour replace fd00::9 lladdr 02:00:00:00:00:09 dev v0 nud reachable
  v6: `
    3c000000 1c000505 00000000 00000000
    0a000000 03000000 02000000 14000100
    fd000000 00000000 00000000 00000009
    0a000200 02000000 00090000
  `,
  // after: ip neighbour replace 10.1.0.9 lladdr 02:00:00:00:00:09 dev v0
  // ip neighbour del 10.1.0.9 dev v0
  remove: `
    24000000 1d000500 00000000 00000000
    02000000 03000000 80000000 08000100
    0a010009
  `,
};
