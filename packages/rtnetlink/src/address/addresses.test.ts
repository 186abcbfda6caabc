import { formatCidr, formatIp, ip, parseCidr, parseIp } from '@cni/ip';
import { answerTo, done, goldens, payloadsOf, replay, rows, scriptedKernel, sentBy } from '@cni/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetlinkError } from '../error.ts';
import { decodeBody } from '../message.ts';
import { type Rtnl, rtnlOver } from '../rtnl.ts';
import { sent as sentText } from './address.golden.ts';
import type { LinkAddress, NewAddress } from './address.ts';
import { addressShape, RTM_NEWADDR } from './codec.ts';
import { answers as answersText } from './reply.golden.ts';
import { addBody, scopeNumber, scopeWord } from './request.ts';

const sent = goldens(sentText);
const answers = goldens(answersText);

const sentFor = (act: (addresses: Rtnl['addresses']) => void) => sentBy((kernel) => act(rtnlOver(kernel).addresses))[0];

describe('add, as iproute2 sends it', () => {
  const v4 = { address: parseCidr('10.1.0.5/24') };
  const v6 = { address: parseCidr('fd00::5/64') };
  const peer = { address: parseCidr('10.1.0.5/32'), peer: parseIp('10.1.0.6') };
  const rowsOf: [keyof typeof sent, NewAddress][] = [
    ['v4', v4],
    ['v4Broadcast', { ...v4, broadcast: parseIp('10.1.0.255') }],
    ['v4Peer', peer],
    ['v6', v6],
    ['v6NoDad', { ...v6, noDad: true }],
    ['v6Optimistic', { ...v6, optimistic: true, noPrefixRoute: true }],
  ];
  test.each(rowsOf)('%s', (name, address) => {
    expect(sentFor((addresses) => addresses.add(1, address))).toBe(rows(sent[name]));
  });

  test('v6Replace', () => {
    expect(sentFor((addresses) => addresses.replace(1, { ...v6, noDad: true }))).toBe(rows(sent.v6Replace));
  });

  test('v4Delete and v6Delete', () => {
    expect(sentFor((addresses) => addresses.delete(1, v4.address))).toBe(rows(sent.v4Delete));
    expect(sentFor((addresses) => addresses.delete(1, v6.address))).toBe(rows(sent.v6Delete));
  });
});

/** The addresses a kernel lists in this datagram. */
function read(captured: Uint8Array, filter = {}): LinkAddress[] {
  const kernel = scriptedKernel((request) => [replay(captured, request), done(request)]);
  return rtnlOver(kernel).addresses.list(filter);
}

const words = ({ address, peer, broadcast, ...rest }: LinkAddress) => ({
  ...rest,
  address: formatCidr(address),
  ...(peer && { peer: formatIp(peer) }),
  ...(broadcast && { broadcast: formatIp(broadcast) }),
});

describe('what the kernel lists', () => {
  const common = {
    link: 3,
    scope: 'universe',
    permanent: true,
    tentative: false,
    dadFailed: false,
    optimistic: false,
    noDad: false,
    deprecated: false,
    noPrefixRoute: false,
  };

  test('IPv4, with and without a peer', () => {
    expect(read(answers.v4).map(words)).toEqual([
      { ...common, address: '10.1.0.5/24', label: 'v0' },
      { ...common, address: '10.2.0.1/32', peer: '10.2.0.2', label: 'v0' },
    ]);
  });

  test('IPv6, with flags beyond the eighth', () => {
    const found = read(answers.v6).map(words);
    expect(found).toContainEqual({ ...common, address: 'fd00::5/64', noDad: true });
    const other = found.find(({ address }) => address === 'fd00::6/64');
    expect(other).toMatchObject({ optimistic: true, noPrefixRoute: true, noDad: false });
    expect(found.find(({ scope }) => scope === 'link')?.address).toMatch(/^fe80::/);
  });

  test('only what was asked for, from a kernel that does not filter', () => {
    expect(read(answers.v4, { link: 4 })).toEqual([]);
    expect(read(answers.v4, { family: 6 })).toEqual([]);
    expect(read(answers.v4, { link: 3, family: 4 })).toHaveLength(2);
  });

  test.each(['v4', 'v6'] as const)('every beginning of %s: an address, or an error', (name) => {
    for (const { body } of payloadsOf(answers[name])) {
      for (let length = 0; length < body.length; length++) {
        const short = { type: RTM_NEWADDR, body: body.subarray(0, length) };
        const kernel = scriptedKernel((request) => [answerTo(request, short), done(request)]);
        try {
          expect(rtnlOver(kernel).addresses.list().length).toBeLessThan(2);
        } catch (error) {
          expect(error).toBeInstanceOf(NetlinkError);
          expect((error as NetlinkError).errno).toBe('EBADMSG');
        }
      }
    }
  });
});

test('what is sent, read by our own codec', () => {
  const cidr = fc.oneof(
    fc.record({ ip: fc.bigInt(0n, 2n ** 32n - 1n).map((value) => ip(4, value)), prefixLength: fc.nat(32) }),
    fc.record({ ip: fc.bigInt(0n, 2n ** 128n - 1n).map((value) => ip(6, value)), prefixLength: fc.nat(128) }),
  );
  fc.assert(
    fc.property(cidr, fc.nat(), fc.boolean(), fc.boolean(), (address, link, noDad, noPrefixRoute) => {
      const body = addBody(link, { address, noDad, noPrefixRoute });
      const { header, attributes } = decodeBody(addressShape, body, 0, body.length);
      expect([header.index, header.prefixlen]).toEqual([link, address.prefixLength]);
      expect(attributes.local).toEqual(address.ip);
      expect(header.flags?.nodad === true || ((attributes.flags ?? 0) & 2) !== 0).toBe(noDad);
    }),
  );
});

test('scopes as words and numbers', () => {
  for (const scope of ['universe', 'site', 'link', 'host', 'nowhere', 7] as const)
    expect(scopeWord(scopeNumber(scope))).toBe(scope);
});
