import { hex } from '@cni/testkit';

/**
 * What iproute2 sends for addresses.
 *
 * Captured with `unshare -n strace -e trace=sendmsg -e write=3 COMMAND`.
 * Kernel 6.18.44 unless said otherwise, iproute2 6.1.0. Sequence numbers and port ids are zeroed.
 */
export const sent: Record<
  'v4' | 'v4Broadcast' | 'v4Peer' | 'v6' | 'v6NoDad' | 'v6Optimistic' | 'v6Replace' | 'v4Delete' | 'v6Delete',
  Uint8Array
> = {
  // ip address add 10.1.0.5/24 dev lo
  v4: hex`
    28000000 14000506 00000000 00000000
    02180000 01000000 08000200 0a010005
    08000100 0a010005
  `,
  // ip address add 10.1.0.5/24 broadcast 10.1.0.255 dev lo
  v4Broadcast: hex`
    30000000 14000506 00000000 00000000
    02180000 01000000 08000200 0a010005
    08000400 0a0100ff 08000100 0a010005
  `,
  // ip address add 10.1.0.5 peer 10.1.0.6/32 dev lo
  v4Peer: hex`
    28000000 14000506 00000000 00000000
    02200000 01000000 08000200 0a010005
    08000100 0a010006
  `,
  // ip address add fd00::5/64 dev lo
  v6: hex`
    40000000 14000506 00000000 00000000
    0a400000 01000000 14000200 fd000000
    00000000 00000000 00000005 14000100
    fd000000 00000000 00000000 00000005
  `,
  // ip address add fd00::5/64 dev lo nodad
  v6NoDad: hex`
    40000000 14000506 00000000 00000000
    0a400200 01000000 14000200 fd000000
    00000000 00000000 00000005 14000100
    fd000000 00000000 00000000 00000005
  `,
  // ip address add fd00::5/64 dev lo optimistic noprefixroute
  v6Optimistic: hex`
    48000000 14000506 00000000 00000000
    0a400000 01000000 14000200 fd000000
    00000000 00000000 00000005 08000800
    04020000 14000100 fd000000 00000000
    00000000 00000005
  `,
  // ip address replace fd00::5/64 dev lo nodad
  v6Replace: hex`
    40000000 14000505 00000000 00000000
    0a400200 01000000 14000200 fd000000
    00000000 00000000 00000005 14000100
    fd000000 00000000 00000000 00000005
  `,
  // after: ip address add 10.1.0.5/24 dev lo
  // ip address del 10.1.0.5/24 dev lo
  v4Delete: hex`
    28000000 15000500 00000000 00000000
    02180000 01000000 08000200 0a010005
    08000100 0a010005
  `,
  // after: ip address add fd00::5/64 dev lo
  // ip address del fd00::5/64 dev lo
  v6Delete: hex`
    40000000 15000500 00000000 00000000
    0a400000 01000000 14000200 fd000000
    00000000 00000000 00000005 14000100
    fd000000 00000000 00000000 00000005
  `,
};
