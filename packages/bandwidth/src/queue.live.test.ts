import { setTimeout } from 'node:timers/promises';
import { micros, openRtnl } from '@cni/rtnetlink';
import { type NetnsFixture, netnsTest as test } from '@cni/testkit';
import { startTraffic } from '@cni/testkit/traffic';
import * as fc from 'fast-check';
import { describe, expect } from 'vitest';
import { bucketOf } from './bucket.ts';
import { type Limit, RATE_MAX, RATE_MIN } from './config.ts';
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
      const bucket = bucketOf(limit, { mtu: bytes, latency: micros(time), direction: 'egress' });
      putBucket(place, bucket, undo);
      checkBucket(place, bucket);
      const other = { ...bucket, burst: bucket.burst * 1.01 + 1_000 } as typeof bucket;
      // A bucket of less than a few ticks is not told apart.
      if (bucket.burst > bucket.rate * 1e-4) expect(() => checkBucket(place, other)).toThrow('burst');
    }),
    { numRuns: 500 },
  );
});

/** A veth of an MTU, with a bucket at the root of its end on the node. */
function shape({ host, pod }: NetnsFixture, limit: Limit, mtu: number): void {
  const rtnl = openRtnl(host.netns);
  const old = rtnl.links.find({ name: 'v0' });
  if (old !== undefined) rtnl.links.delete(old.index);
  const peer = { name: 'eth0', netns: pod.netns, mtu };
  rtnl.links.add({ name: 'v0', mtu, up: true, info: { kind: 'veth', data: { peer } } });
  host.ip('address', 'add', '10.9.0.1/24', 'dev', 'v0');
  pod.ip('address', 'add', '10.9.0.2/24', 'dev', 'eth0');
  pod.ip('link', 'set', 'eth0', 'up');
  const place = { rtnl, link: rtnl.links.get({ name: 'v0' }).index };
  // Who has it, is not to be asked: at the lowest rates the bucket holds one packet.
  const { address } = openRtnl(pod.netns).links.get({ name: 'eth0' });
  host.ip('neighbour', 'replace', '10.9.0.2', 'lladdr', address, 'dev', 'v0');
  putBucket(place, bucketOf(limit, { mtu, latency: micros(8_000), direction: 'egress' }), undo);
  rtnl.close();
}

const limitOf = (rate: number, burst: number | undefined): Limit => ({
  rate: bits(rate),
  ...(burst !== undefined && { burst: bits(burst) }),
  notes: [],
});
const rates = (from: number, to: number) =>
  fc.double({ min: from, max: to, noNaN: true }).map((exponent) => Math.floor(10 ** exponent));
const bursts = fc.option(
  fc.double({ min: 0, max: 12, noNaN: true }).map((exponent) => Math.floor(10 ** exponent)),
  { nil: undefined },
);

describe('at any rate, burst and MTU', () => {
  test('a packet of full size goes through', { timeout: 120_000 }, ({ host, pod }) => {
    fc.assert(
      fc.property(rates(3, 15), bursts, fc.integer({ min: 68, max: 65_535 }), (rate, burst, mtu) => {
        shape({ host, pod }, limitOf(rate, burst), mtu);
        host.exec('ping', '-n', '-c', '1', '-W', '5', '-M', 'do', '-s', String(mtu - 28), '10.9.0.2');
      }),
      {
        numRuns: 40,
        examples: [
          [1e3, undefined, 1500],
          [1e9, 8, 1500],
          [1e9, 8, 9000],
          [1e15, 1, 65_535],
        ],
      },
    );
  });

  // From 1 Mbit/s on: below, the connection alone takes seconds.
  test('aggregates of TCP go through', { timeout: 120_000 }, async ({ host, pod }) => {
    await fc.assert(
      fc.asyncProperty(rates(6, 15), bursts, fc.integer({ min: 576, max: 65_535 }), async (rate, burst, mtu) => {
        shape({ host, pod }, limitOf(rate, burst), mtu);
        const running = await startTraffic({ from: host.path, to: pod.path, address: '10.9.0.2' });
        const before = running.sample().bytes;
        // At least as long as three packets of full size take.
        await setTimeout(300 + (3 * 8_000 * mtu) / rate);
        const after = running.sample().bytes;
        await running.stop();
        expect(after - before).toBeGreaterThan(Math.min(131_072, mtu, (rate / 8) * 0.1));
      }),
      {
        numRuns: 20,
        examples: [
          [1e6, undefined, 1500],
          [1e6, undefined, 65_443],
          [1e9, 8, 1500],
          [5e9, 8, 9000],
        ],
      },
    );
  });
});
