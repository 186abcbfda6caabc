import { parseCidr } from '@cni/ip';
import { answerTo, done, goldens, hex, payloadsOf, refuse, replay, rows, scriptedKernel, sentBy } from '@cni/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAll } from '../codec/codec.ts';
import { NetlinkError } from '../error.ts';
import { type Rtnl, rtnlOver } from '../rtnl.ts';
import { tbf } from './qdisc-codec.ts';
import { answers as answersText } from './reply.golden.ts';
import { sent as sentText } from './tc.golden.ts';
import { keysOf, matchOf, protocolOf } from './u32.ts';
import { burstOf, bytes, bytesPerSecond, micros, ticksOf, U32_MAX } from './units.ts';

const sent = goldens(sentText);
const answers = goldens(answersText);
const sentFor = (act: (rtnl: Rtnl) => void) => sentBy((kernel) => act(rtnlOver(kernel)))[0];

const V0 = 3;
const IFB = 4;
const OURS = { major: 0xcb1, minor: 0 };
const place = { link: V0, hook: 'ingress' } as const;

describe('as iproute2 sends it', () => {
  test('clsact', () => {
    expect(sentFor(({ qdiscs }) => qdiscs.add({ link: V0, parent: 'ingress', kind: 'clsact' }))).toBe(
      rows(sent.clsact),
    );
  });

  test('fq_codel within another', () => {
    const options = { limit: 1000, target: micros(5000), ecn: true };
    const [parent, handle] = [
      { major: 1, minor: 1 },
      { major: 2, minor: 0 },
    ];
    expect(sentFor(({ qdiscs }) => qdiscs.add({ link: V0, parent, handle, kind: 'fq_codel', options }))).toBe(
      rows(sent.fqCodel),
    );
  });

  test('deletion of a root', () => {
    expect(sentFor(({ qdiscs }) => qdiscs.delete({ link: V0, parent: 'root' }))).toBe(rows(sent.remove));
  });

  test('tbf, but for the rate tables, which no kernel since 3.8 looks at', () => {
    const [{ body } = { body: new Uint8Array() }] = payloadsOf(sent.tbf);
    const options = { rate: bytesPerSecond(2_500_000), burst: bytes(16_384), limit: bytes(66_384) };
    expect(decodeAll(tbf, body.subarray(32))).toEqual(options);
    const ours = sentFor(({ qdiscs }) => qdiscs.add({ link: V0, parent: 'root', handle: OURS, kind: 'tbf', options }));
    const [golden, mine] = [sent.tbf, hex(ours ?? '')];
    // The length, the ratespec's cell log and alignment, and the burst before the table.
    expect(rows(mine.subarray(16, 44))).toBe(rows(golden.subarray(16, 44)));
    expect(rows(mine.subarray(60, 76))).toBe(rows(golden.subarray(60, 76)));
    expect(rows(mine.subarray(88))).toBe(rows(golden.subarray(88, 96)));
  });

  test('redirection of all packets', () => {
    const filter = { ...place, priority: 51969, match: {}, action: { redirect: IFB }, flow: { major: 0, minor: 3 } };
    expect(sentFor(({ filters }) => filters.add(filter))).toBe(rows(sent.redirectAll));
  });

  test('a match of two prefixes that passes', () => {
    const match = { source: parseCidr('10.1.0.0/16'), destination: parseCidr('10.2.3.4/32') };
    const filter = { ...place, priority: 51970, match, action: 'pass', flow: { major: 1, minor: 3 } } as const;
    expect(sentFor(({ filters }) => filters.add(filter))).toBe(rows(sent.pass));
  });

  test('a bit of the mark of all packets', () => {
    const action = { mark: 0x80, mask: 0x80 };
    const filter = { ...place, priority: 51969, match: {}, action, flow: { major: 0, minor: 3 } };
    expect(sentFor(({ filters }) => filters.add(filter))).toBe(rows(sent.mark));
  });

  test('a match of an IPv6 address, of what leaves', () => {
    const match = { destination: parseCidr('fd00:1::5/128') };
    const flow = { major: 0, minor: 3 };
    const filter = { link: V0, hook: 'egress', priority: 51971, match, action: { redirect: IFB }, flow } as const;
    expect(sentFor(({ filters }) => filters.add(filter))).toBe(rows(sent.redirectIpv6));
  });
});

const reading = <T>(datagram: Uint8Array, act: (rtnl: Rtnl) => T): T =>
  act(rtnlOver(scriptedKernel((request) => [replay(datagram, request), done(request)])));

describe('as the kernel answers', () => {
  test('qdiscs of a link', () => {
    const found = reading(answers.qdiscs, ({ qdiscs }) => qdiscs.list({ link: V0 }));
    expect(found).toMatchObject([
      { kind: 'tbf', parent: 'root', handle: OURS, options: { rate: 25e9, limit: 66_384 } },
      { kind: 'clsact', parent: 'ingress', handle: { major: 0xffff, minor: 0 } },
    ]);
    expect(found[0]?.statistics).toEqual({
      bytes: 0n,
      packets: 0,
      backlog: 0,
      queued: 0,
      drops: 0,
      requeues: 0,
      overlimits: 0,
    });
    expect(found[0]?.options).toMatchObject({ burst: expect.closeTo(16_384, -4) });
  });

  test('filters of both hooks', () => {
    const ingress = reading(answers.ingress, ({ filters }) => filters.list(place));
    expect(ingress).toMatchObject([
      { kind: 'u32', priority: 51969, protocol: 3, match: {}, action: { redirect: IFB }, flow: { major: 0, minor: 3 } },
      { match: { source: parseCidr('10.1.0.0/16'), destination: parseCidr('10.2.3.4/32') }, action: 'pass' },
    ]);
    const egress = reading(answers.egress, ({ filters }) => filters.list({ link: V0, hook: 'egress' }));
    expect(egress).toMatchObject([{ protocol: 0x86dd, match: { destination: parseCidr('fd00:1::5/128') } }]);
  });

  test('filters that set bits of the mark, or all of it', () => {
    expect(reading(answers.marks, ({ filters }) => filters.list(place))).toMatchObject([
      { priority: 51969, match: {}, action: { mark: 0x80, mask: 0x80 }, statistics: { packets: 0 } },
      { priority: 51970, action: { mark: 7, mask: 0xffffffff } },
    ]);
  });

  test.each(Object.entries(answers))('every beginning of %s: an object, or an error', (_, datagram) => {
    for (const { type, body } of payloadsOf(datagram)) {
      for (let length = 0; length < body.length; length++) {
        const kernel = scriptedKernel((request) => [
          answerTo(request, { type, body: body.subarray(0, length) }),
          done(request),
        ]);
        const { qdiscs, filters } = rtnlOver(kernel);
        try {
          if (type === 36) qdiscs.list();
          else filters.list(place);
        } catch (error) {
          expect(error).toBeInstanceOf(NetlinkError);
          expect((error as NetlinkError).errno).toBe('EBADMSG');
        }
      }
    }
  });

  test('a refusal with the field it is about', () => {
    const kernel = scriptedKernel((request) => [refuse(request, 22, { message: 'no', offset: 52 })]);
    const options = { rate: bytesPerSecond(1), burst: bytes(1), limit: bytes(1) };
    expect(() => rtnlOver(kernel).qdiscs.add({ link: V0, parent: 'root', kind: 'tbf', options })).toThrow(
      'add tbf at root of link 3: EINVAL, kernel says "no" at options.parameters',
    );
  });
});

test('a rate beyond 32 bits survives', () => {
  const options = { rate: bytesPerSecond(125e12), burst: bytes(U32_MAX), limit: bytes(U32_MAX) };
  expect(decodeAll(tbf, tbf.encode(options))).toEqual(options);
});

test('a bucket in ticks holds its bytes, and less than a tick more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 125, max: 125e12 }), fc.integer({ min: 1, max: U32_MAX }), (rate, burst) => {
      const ticks = ticksOf(bytes(burst), bytesPerSecond(rate));
      if (ticks === U32_MAX) return;
      const back = burstOf(ticks, bytesPerSecond(rate));
      // A double is as exact as 53 bits are.
      expect(back).toBeGreaterThanOrEqual(burst - 1);
      expect(back).toBeLessThanOrEqual(burst + 64e-9 * rate + 1);
    }),
  );
});

test.each([
  ['10.1.2.3/32', '0.0.0.0/0'],
  ['10.0.0.0/9', '192.168.1.0/25'],
  ['fd00::/33', 'fd00:1::7/128'],
  ['2000::/3', 'fe80::/64'],
])('a match from %s to %s is read as it was written', (from, to) => {
  const [source, destination] = [parseCidr(from), parseCidr(to)];
  const match = { source, ...(destination.prefixLength > 0 && { destination }) };
  expect(matchOf(protocolOf(match), keysOf(match))).toEqual(match);
});
