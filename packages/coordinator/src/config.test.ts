import { execute, parseWith } from '@cni/skel';
import { expect, test } from 'vitest';
import { ArgsCni, Config } from './config.ts';
import { coordinator } from './coordinator.ts';

const DEFAULTS: Config = {
  mode: 'auto',
  podDefaultCniNic: 'eth0',
  podDefaultRouteNic: undefined,
  tunePodRoutes: true,
  vethLinkAddress: undefined,
  podMACPrefix: undefined,
  overlayPodCIDR: [],
  serviceCIDR: [],
  hijackCIDR: ['169.254.0.0/16'],
  policyRoutes: [],
  hostIPs: [],
  hostInterfaces: [],
  hostRuleTable: 500,
  podRPFilter: 0,
  txQueueLen: 0,
  replyViaVeth: true,
  replyMark: 0x10000000,
  detectIPConflict: false,
  detectGateway: false,
  detectOptions: { retries: 3, interval: 60, timeout: 100 },
};

/** As skel does it, spelling included. */
function read(given: object): Config {
  return parseWith(Config, coordinator.respell.config(given));
}

test('what is not given', () => {
  expect(read({})).toEqual(DEFAULTS);
});

test("the configuration that Spiderpool's generator writes", () => {
  const given = {
    type: 'coordinator',
    txQueueLen: 0,
    tunePodRoutes: true,
    mode: 'auto',
    vethLinkAddress: '',
    podDefaultRouteNic: '',
  };
  expect(read(given)).toEqual(DEFAULTS);
});

test.each<[string, object, Partial<Config>]>([
  ['both words for it', { mode: 'disabled' }, { mode: 'disable' }],
  [
    'letter case does not matter',
    { podDefaultRouteNIC: 'net1', VethMtu: 1400 },
    { podDefaultRouteNic: 'net1', vethMTU: 1400 },
  ],
  ['null is absent', { hijackCIDR: null, podRPFilter: null }, {}],
  ['an empty list is none', { hijackCIDR: [] }, { hijackCIDR: [] }],
  ['spaces around a subnet, and bits behind it', { serviceCIDR: [' 10.96.0.1/12'] }, { serviceCIDR: ['10.96.0.0/12'] }],
  [
    'an address is a subnet of one',
    { hijackCIDR: ['169.254.20.10', 'fd00::A'] },
    { hijackCIDR: ['169.254.20.10/32', 'fd00::a/128'] },
  ],
  [
    'policy routes',
    { policyRoutes: [{ dst: '10.2.0.5', gw: ' 10.1.0.1 ' }] },
    { policyRoutes: [{ dst: '10.2.0.5/32', gw: '10.1.0.1' }] },
  ],
  ['table 0 is the usual one', { hostRuleTable: 0 }, { hostRuleTable: 500 }],
  ['-1 leaves rp_filter alone', { podRPFilter: -1 }, { podRPFilter: undefined }],
  ['a link-local address', { vethLinkAddress: 'auto' }, { vethLinkAddress: 'auto' }],
  ['a prefix in lower case', { podMACPrefix: '0A:1B' }, { podMACPrefix: '0a:1b' }],
  ['no CIDRs of overlays', { podCIDRType: 'none' }, {}],
  [
    'patience',
    { detectIPConflict: true, detectOptions: { retries: 5, interval: '1s', timeout: '250ms' } },
    { detectIPConflict: true, detectOptions: { retries: 5, interval: 1000, timeout: 250 } },
  ],
])('%s', (_, given, expected) => {
  expect(read(given)).toEqual({ ...DEFAULTS, ...expected });
});

test.each([
  [{ mode: 'tunnel' }, /^mode: .*"auto".*\(got "tunnel"\)$/],
  [{ vethMTU: 0 }, 'vethMTU: expected a number of at least 68 (got 0)'],
  [{ vethLinkAddress: '10.1' }, /^vethLinkAddress: .*"10\.1" is not an IP address/],
  [{ podMACPrefix: '0a-1b' }, /^podMACPrefix: "0a-1b" is not two bytes such as 0a:1b/],
  [{ podMACPrefix: '0b:1b' }, /^podMACPrefix: "0b:1b" is a multicast prefix/],
  [{ hijackCIDR: ['10.0.0.0/33'] }, /^hijackCIDR\[0\]: .*33/],
  [
    { policyRoutes: [{ dst: '10.0.0.0/8', gw: 'fd00::1' }] },
    /^policyRoutes\[0\]\.gw: dst and gw are of different families/,
  ],
  [{ hostRuleTable: 254 }, /^hostRuleTable: expected none of the kernel's own tables.*\(got 254\)$/],
  [{ podRPFilter: -2 }, /^podRPFilter: .*\(got -2\)$/],
  [{ txQueueLen: -1 }, 'txQueueLen: expected a number of at least 0 (got -1)'],
  [{ replyMark: 3 }, /^replyMark: expected a single bit.*\(got 3\)$/],
  [{ podDefaultRouteNic: 'a-name-of-16-byt' }, /^podDefaultRouteNic: .*15/],
  [{ detectOptions: { timeout: '1h' } }, /^detectOptions\.timeout: "1h" is not a time/],
  [{ podCIDRType: 'calico' }, /^podCIDRType: .*\(got "calico"\)$/],
])('refuses %j', (given, message) => {
  expect(() => read(given)).toThrow(message);
});

test('args.cni, in either spelling', () => {
  const stdin = (key: string) =>
    JSON.stringify({
      cniVersion: '1.0.0',
      name: 'net',
      type: 'coordinator',
      args: { cni: { [key]: 'a-name-of-16-byt' } },
    });
  const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'a', CNI_IFNAME: 'eth0', CNI_NETNS: '/nowhere' };
  for (const key of ['podDefaultRouteNic', 'podDefaultRouteNIC'])
    expect(execute(coordinator, { env, stdin: stdin(key) }).stdout).toContain('args.cni.podDefaultRouteNic');
  expect(parseWith(ArgsCni, { podDefaultRouteNic: '' })).toEqual({});
});
