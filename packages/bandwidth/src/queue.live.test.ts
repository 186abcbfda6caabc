import { micros, openRtnl } from '@cni/rtnetlink';
import { netnsTest as test } from '@cni/testkit';
import * as fc from 'fast-check';
import { describe, expect } from 'vitest';
import { bucketOf } from './bucket.ts';
import { RATE_MAX, RATE_MIN } from './config.ts';
import { bits } from './quantity.ts';
import { checkBucket, putBucket } from './queue.ts';

const undo = { defer: () => {} };

test('the kernel takes every bucket, and CHECK finds it as it was made', ({ host }) => {
  const rtnl = openRtnl(host.netns);
  rtnl.links.add({ name: 'ifb7', up: true, info: { kind: 'ifb' } });
  const place = { rtnl, link: rtnl.links.get({ name: 'ifb7' }).index };
  const rate = fc.oneof(
    fc.integer({ min: RATE_MIN, max: RATE_MAX }),
    fc.double({ min: 3, max: 15, noNaN: true }).map((exponent) => Math.floor(10 ** exponent)),
  );
  const burst = fc.option(fc.integer({ min: 1, max: 2 ** 40 }), { nil: undefined });
  const mtu = fc.integer({ min: 68, max: 65_535 });
  const latency = fc.integer({ min: 1_000, max: 10_000_000 });
  fc.assert(
    fc.property(rate, burst, mtu, latency, (perSecond, explicit, bytes, time) => {
      const limit = { rate: bits(perSecond), ...(explicit !== undefined && { burst: bits(explicit) }), notes: [] };
      const bucket = bucketOf(limit, { mtu: bytes, latency: micros(time) });
      putBucket(place, bucket, undo);
      checkBucket(place, bucket);
      const other = { ...bucket, burst: bucket.burst * 1.01 + 1_000 } as typeof bucket;
      // A bucket of less than a few ticks is not told apart.
      if (bucket.burst > bucket.rate * 1e-4) expect(() => checkBucket(place, other)).toThrow('burst');
    }),
    { numRuns: 500 },
  );
});

describe('a packet goes through', () => {
  test.for([
    ['1 kbit/s', 1e3, 1500],
    ['1 Mbit/s', 1e6, 1500],
    ['a burst of a byte', 1e9, 1500, 8],
    ['a burst of a byte, jumbo frames', 1e9, 9000, 8],
  ] as const)('%s', ([, perSecond, mtu, burst], { host, pod }) => {
    const rtnl = openRtnl(host.netns);
    const peer = { name: 'eth0', netns: pod.netns, mtu };
    rtnl.links.add({ name: 'v0', mtu, up: true, info: { kind: 'veth', data: { peer } } });
    host.ip('address', 'add', '10.9.0.1/24', 'dev', 'v0');
    pod.ip('address', 'add', '10.9.0.2/24', 'dev', 'eth0');
    pod.ip('link', 'set', 'eth0', 'up');
    const limit = { rate: bits(perSecond), ...(burst !== undefined && { burst: bits(burst) }), notes: [] };
    const place = { rtnl, link: rtnl.links.get({ name: 'v0' }).index };
    putBucket(place, bucketOf(limit, { mtu, latency: micros(10_000) }), undo);
    host.exec('ping', '-n', '-c', '1', '-W', '2', '-M', 'do', '-s', String(mtu - 28), '10.9.0.2');
  });
});
