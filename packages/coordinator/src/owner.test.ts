import { parseIp, parseMac } from '@cni/ip';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aliasOf, hostLinkName, linkLocalOf, macOf } from './owner.ts';

const ids = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,300}$/);

test('names, MAC addresses and link-local addresses of any container are what they should be', () => {
  fc.assert(
    fc.property(ids, (id) => {
      expect(hostLinkName(id)).toMatch(/^veth[0-9a-f]{11}$/);
      for (const end of ['pod', 'host'] as const) {
        const [first = 0] = parseMac(macOf(id, end));
        expect(first & 3).toBe(2);
      }
      expect(macOf(id, 'pod')).not.toBe(macOf(id, 'host'));
      const low = parseIp(linkLocalOf(id)).value - parseIp('169.254.0.0').value;
      expect(low >= 256n && low < 65_280n).toBe(true);
    }),
  );
});

test('ids that begin alike', () => {
  const names = ['cnictl-web-a', 'cnictl-web-b', 'cnictl-web-c'].map(hostLinkName);
  expect(new Set(names).size).toBe(3);
});

test('an alias fits', () => {
  expect(aliasOf({ network: 'net', containerId: 'c'.repeat(300), ifName: 'eth0' })).toHaveLength(255);
});
