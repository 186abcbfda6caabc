/**
 * What iproute2 sends for rules.
 *
 * Captured with `unshare -n strace -e trace=sendmsg -e write=3 COMMAND`.
 * Kernel 6.18.44 unless said otherwise, iproute2 6.1.0. Sequence numbers and port ids are zeroed.
 */
export const sent = {
  // ip rule add pref 1000 lookup 500
  table: `
    2c000000 20000506 00000000 00000000
    02000000 00000001 00000000 08000600
    e8030000 08000f00 f4010000
  `,
  // ip rule add pref 1001 from 10.1.0.0/24 to 10.2.0.0/16 iif lo lookup 100
  source: `
    3c000000 20000506 00000000 00000000
    02101800 64000001 00000000 08000600
    e9030000 08000200 0a010000 08000100
    0a020000 07000300 6c6f0000
  `,
  // ip -6 rule add pref 1002 fwmark 0x1/0xff lookup 100
  mark: `
    34000000 20000506 00000000 00000000
    0a000000 64000001 00000000 08000600
    ea030000 08000a00 01000000 08001000
    ff000000
  `,
  // ip rule add pref 1000 lookup 500 protocol 172
  protocol: `
    34000000 20000506 00000000 00000000
    02000000 00000001 00000000 08000600
    e8030000 08000f00 f4010000 05001500
    ac000000
  `,
  // after: ip rule add pref 1000 lookup 500 protocol 172
  // ip rule del pref 1000 protocol 172
  removeOfProtocol: `
    2c000000 21000500 00000000 00000000
    02000000 00000000 00000000 08000600
    e8030000 05001500 ac000000
  `,
  // after: ip rule add pref 1000 lookup 500
  // ip rule del pref 1000 lookup 500
  remove: `
    2c000000 21000500 00000000 00000000
    02000000 00000000 00000000 08000600
    e8030000 08000f00 f4010000
  `,
};
