import { LONGEST_BUCKET_SECONDS, micros, ticksOf, U32_MAX } from '@cni/rtnetlink';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf, LARGEST } from './bucket.ts';
import { RATE_MAX, RATE_MIN } from './config.ts';
import { bits } from './quantity.ts';

const ethernet = { mtu: 1500, latency: micros(8_000), direction: 'ingress' } as const;
const of = (rate: number, burst?: number) =>
  bucketOf({ rate: bits(rate), ...(burst !== undefined && { burst: bits(burst) }), notes: [] }, ethernet);

describe('the bucket of a rate', () => {
  test.each([
    [1e3, 125, 1_518, 17_789],
    [1e6, 125_000, 5_000, 17_789],
    [10e6, 1_250_000, 16_384, 17_789],
    [100e6, 12_500_000, 50_000, 102_573],
    [1e9, 125e6, 500_000, 1_001_889],
    [5e9, 625e6, 2_500_000, 5_001_877],
    [100e9, 12.5e9, 50e6, 100_002_349],
    [1e15, 125e12, U32_MAX, U32_MAX],
  ])('%d bit/s', (rate, perSecond, burst, limit) => {
    expect(of(rate)).toMatchObject({ rate: perSecond, burst, limit, notes: [] });
  });

  test('one large packet needs', () => {
    expect(bucketOf({ rate: bits(10e6), notes: [] }, { ...ethernet, mtu: 65_535 }).burst).toBe(65_553);
  });
});

describe('an explicit burst', () => {
  test('is honoured', () => expect(of(10e6, 800_000)).toMatchObject({ burst: 100_000, limit: 102_573, notes: [] }));

  test.each([
    [
      'of less than a packet',
      1e9,
      12_000,
      1_518,
      'ingressBurst: a burst of 12 kbit is not possible at 1 Gbit/s: 12.144 kbit',
    ],
    [
      'of more than 4 GiB',
      1e15,
      8 * 2 ** 33,
      U32_MAX,
      'ingressBurst: a burst of 68.7195 Gbit is not possible at 1 Pbit/s: 34.3597 Gbit',
    ],
    [
      'of more than 274 s',
      1e6,
      8e9,
      34_359_738,
      'ingressBurst: a burst of 8 Gbit is not possible at 1 Mbit/s: 274.878 Mbit',
    ],
  ])('%s is changed, which is said', (_, rate, asked, burst, note) => {
    expect(of(rate, asked)).toMatchObject({ burst, notes: [note] });
  });
});

test('a queue that is full of large packets has room for short ones', () => {
  const rate = fc.integer({ min: RATE_MIN, max: 1e12 });
  fc.assert(
    fc.property(rate, fc.integer({ min: 68, max: 9000 }), (perSecond, mtu) => {
      const { limit } = bucketOf({ rate: bits(perSecond), notes: [] }, { ...ethernet, mtu });
      const left = limit % (mtu + 14);
      expect(left).toBeGreaterThan((mtu + 14) / 2);
      expect(left).toBeLessThan(mtu);
    }),
  );
});

describe('fq_codel in it', () => {
  test('has the kernel’s own target where a packet is soon sent', () => {
    expect(of(10e6).queue).toEqual({ target: 5_000, interval: 100_000 });
  });
  test('waits for a packet and a half where that takes long', () => {
    expect(of(1e6).queue).toEqual({ target: 18_216, interval: 100_000 });
  });
});

test('all rates, bursts, MTUs and latencies: what the kernel can hold, and a packet fits', () => {
  const burst = fc.option(fc.integer({ min: 1, max: 2 ** 40 }), { nil: undefined });
  const rate = fc.oneof(
    fc.integer({ min: RATE_MIN, max: RATE_MAX }),
    fc.double({ min: 3, max: 15, noNaN: true }).map((exponent) => Math.floor(10 ** exponent)),
  );
  const mtu = fc.integer({ min: 68, max: 65_535 });
  const latency = fc.integer({ min: 1_000, max: 10_000_000 });
  fc.assert(
    fc.property(rate, burst, mtu, latency, (perSecond, explicit, bytes, time) => {
      const limit = { rate: bits(perSecond), ...(explicit !== undefined && { burst: bits(explicit) }), notes: [] };
      const bucket = bucketOf(limit, { mtu: bytes, latency: micros(time), direction: 'egress' });
      expect(bucket.rate).toBe(Math.floor(perSecond / 8));
      for (const value of [bucket.rate, bucket.burst, bucket.limit]) expect(Number.isSafeInteger(value)).toBe(true);
      expect(bucket.burst).toBeGreaterThanOrEqual(bytes + 14);
      expect(bucket.limit).toBeGreaterThanOrEqual(Math.min(bucket.burst, LARGEST));
      expect(bucket.limit).toBeLessThanOrEqual(U32_MAX);
      const ticks = ticksOf(bucket.burst, bucket.rate);
      expect(ticks).toBeGreaterThan(0);
      // Only a packet itself may take longer than 32 bits of ticks can say.
      if (bucket.burst > bytes + 18) expect(bucket.burst / bucket.rate).toBeLessThanOrEqual(LONGEST_BUCKET_SECONDS);
      for (const value of [bucket.queue.target ?? 0, bucket.queue.interval ?? 0])
        expect(value).toBeLessThanOrEqual(U32_MAX);
    }),
    { numRuns: 2000 },
  );
});
