import { ip, parseCidr, parseIp } from '@cni/ip';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeResult, encodeResult, mergeDns, type Result } from './result.ts';
import { generationOf, isAtLeast, SPEC_VERSIONS, type SpecVersion } from './versions.ts';

const full: Result = {
  interfaces: [
    { name: 'eth0', mac: '0a:58:0a:01:00:05', mtu: 1400, sandbox: '/run/netns/x', socketPath: '/s', pciID: '0:1' },
    { name: 'host0' },
  ],
  ips: [
    { address: parseCidr('10.1.2.3/8'), gateway: parseIp('10.0.0.1'), interface: 0 },
    { address: parseCidr('FD00::5/64'), interface: 0 },
    { address: parseCidr('10.9.9.9/8') },
  ],
  routes: [
    { dst: parseCidr('0.0.0.0/0'), gw: parseIp('10.0.0.1'), mtu: 1, advmss: 2, priority: 3, table: 0, scope: 0 },
    { dst: parseCidr('fd01::/16') },
  ],
  dns: { nameservers: ['10.0.0.2'], domain: 'a.b', search: ['c'], options: ['d'] },
};

const dns = { nameservers: ['10.0.0.2'], domain: 'a.b', search: ['c'], options: ['d'] };
const oldInterfaces = [{ name: 'eth0', mac: '0a:58:0a:01:00:05', sandbox: '/run/netns/x' }, { name: 'host0' }];
const ips = [
  { address: '10.1.2.3/8', gateway: '10.0.0.1', interface: 0 },
  { address: 'fd00::5/64', interface: 0 },
  { address: '10.9.9.9/8' },
];
const versionedIps = ips.map((entry, index) => ({ version: index === 1 ? '6' : '4', ...entry }));
const oldRoutes = [{ dst: '0.0.0.0/0', gw: '10.0.0.1' }, { dst: 'fd01::/16' }];
const slots = {
  ip4: { ip: '10.1.2.3/8', gateway: '10.0.0.1', routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.1' }] },
  ip6: { ip: 'fd00::5/64', routes: [{ dst: 'fd01::/16' }] },
  dns,
};

const written: Record<SpecVersion, unknown> = {
  '0.1.0': slots,
  '0.2.0': slots,
  '0.3.0': { interfaces: oldInterfaces, ips: versionedIps, routes: oldRoutes, dns },
  '0.3.1': { interfaces: oldInterfaces, ips: versionedIps, routes: oldRoutes, dns },
  '0.4.0': { interfaces: oldInterfaces, ips: versionedIps, routes: oldRoutes, dns },
  '1.0.0': { interfaces: oldInterfaces, ips, routes: oldRoutes, dns },
  '1.1.0': {
    interfaces: [
      {
        name: 'eth0',
        mac: '0a:58:0a:01:00:05',
        mtu: 1400,
        sandbox: '/run/netns/x',
        socketPath: '/s',
        pciID: '0:1',
      },
      { name: 'host0' },
    ],
    ips,
    routes: [
      { dst: '0.0.0.0/0', gw: '10.0.0.1', mtu: 1, advmss: 2, priority: 3, table: 0, scope: 0 },
      { dst: 'fd01::/16' },
    ],
    dns,
  },
};

describe.each(SPEC_VERSIONS)('%s', (version) => {
  test('everything, as far as the version has it', () => {
    expect(encodeResult(full, version)).toEqual({ cniVersion: version, ...(written[version] as object) });
  });

  test('read and written again it is the same', () => {
    const document = encodeResult(full, version);
    expect(encodeResult(decodeResult(document, version, 'x'), version)).toEqual(document);
  });

  test.each(SPEC_VERSIONS)('a result of %s in its place', (other) => {
    const document = encodeResult(full, other);
    if (generationOf(other) === generationOf(version)) {
      expect(encodeResult(decodeResult(document, version, 'x'), version)['cniVersion']).toBe(version);
    } else {
      const refused = expect.objectContaining({ code: 1, message: expect.stringContaining('x.cniVersion: ') });
      expect(() => decodeResult(document, version, 'x')).toThrow(refused);
    }
  });

  test('without a version of its own it has that of the request', () => {
    const { cniVersion, ...document } = encodeResult(full, version);
    for (const own of [{}, { cniVersion: '' }, { cniVersion: null }])
      expect(encodeResult(decodeResult({ ...document, ...own }, version, 'x'), version)).toEqual({
        cniVersion,
        ...document,
      });
  });

  test('members that nobody knows come out again', () => {
    const document =
      generationOf(version) === 'ip4-ip6'
        ? {
            cniVersion: version,
            ip4: { ip: '1.2.3.4/5', z: [1], routes: [{ dst: '1.0.0.0/8', z: null }] },
            z: { a: 1 },
          }
        : {
            cniVersion: version,
            interfaces: [{ name: 'a', z: 1 }],
            ips: [{ ...(generationOf(version) === 'versioned-ips' && { version: '4' }), address: '1.2.3.4/5', z: [1] }],
            routes: [{ dst: '1.0.0.0/8', z: null }],
            dns: { domain: 'a', z: 'z' },
            z: { a: 1 },
          };
    expect(encodeResult(decodeResult(document, version, 'x'), version)).toEqual(document);
  });
});

test('empty text, empty lists, nulls and zeros that mean nothing are left out', () => {
  const document = {
    interfaces: [{ name: 'a', mac: '', mtu: 0, sandbox: null }],
    ips: null,
    routes: [{ dst: '1.0.0.0/8', gw: '', mtu: 0, advmss: 0, priority: 0, table: 0, scope: 0 }],
    dns: { nameservers: null, domain: '', search: [] },
  };
  const decoded = decodeResult(document, '1.1.0', 'x');
  expect(decoded).toEqual({
    interfaces: [{ name: 'a' }],
    routes: [{ dst: parseCidr('1.0.0.0/8'), table: 0, scope: 0 }],
  });
  expect(encodeResult({ ...decoded, ips: [], dns: { domain: '' } }, '1.1.0')).toEqual({
    cniVersion: '1.1.0',
    interfaces: [{ name: 'a' }],
    routes: [{ dst: '1.0.0.0/8', table: 0, scope: 0 }],
  });
});

test.each<[SpecVersion, unknown, string]>([
  ['1.0.0', [], 'x: expected object (got [])'],
  ['1.0.0', { interfaces: {} }, 'x.interfaces: expected array (got {})'],
  ['1.0.0', { interfaces: [null] }, 'x.interfaces[0]: expected object (got null)'],
  ['1.0.0', { interfaces: [{}] }, 'x.interfaces[0].name: required'],
  ['1.0.0', { interfaces: [{ name: 5 }] }, 'x.interfaces[0].name: expected string (got 5)'],
  ['1.0.0', { interfaces: [{ name: 'a', mtu: -1 }] }, 'x.interfaces[0].mtu: expected a whole number (got -1)'],
  ['1.0.0', { ips: [{ gateway: '1.2.3.4' }] }, 'x.ips[0].address: required'],
  [
    '1.0.0',
    { ips: [{ address: '1.2.3.4/5', interface: '0' }] },
    'x.ips[0].interface: expected a whole number (got "0")',
  ],
  ['1.0.0', { ips: [{ address: '1.2.3.4/5', gateway: 'a' }] }, 'x.ips[0].gateway: "a" is not an IP address'],
  ['1.0.0', { routes: [{ gw: '1.2.3.4' }] }, 'x.routes[0].dst: required'],
  ['1.0.0', { dns: { nameservers: ['a', ''] } }, 'x.dns.nameservers[1]: required'],
  ['0.4.0', { ips: [{ version: '6', address: '1.2.3.4/5' }] }, 'x.ips[0].version: expected "4" (got "6")'],
  ['0.4.0', { ips: [{ version: 4, address: '1.2.3.4/5' }] }, 'x.ips[0].version: expected "4" (got 4)'],
  ['0.2.0', { ip4: { ip: 'fd00::1/8' } }, 'x.ip4.ip: expected IPv4 (got "fd00::1/8")'],
  ['0.2.0', { ip4: {} }, 'x.ip4.ip: required'],
  ['0.2.0', { cniVersion: 5 }, 'x.cniVersion: expected string (got 5)'],
])('%s %j', (version, document, message) => {
  expect(() => decodeResult(document, version, 'x')).toThrow(expect.objectContaining({ code: 7, message }));
});

test('a version that does not exist', () => {
  const message = 'x.cniVersion: a result of "2.0.0" cannot be used in a request of "1.0.0"';
  expect(() => decodeResult({ cniVersion: '2.0.0' }, '1.0.0', 'x')).toThrow(
    expect.objectContaining({ code: 1, message }),
  );
});

test('members of another generation do not slip in unread', () => {
  expect(decodeResult({ ips: ['x'], interfaces: 5, ip4: { ip: '1.2.3.4/5', interface: 'x' } }, '0.2.0', 'x')).toEqual({
    ips: [{ address: parseCidr('1.2.3.4/5') }],
  });
  expect(decodeResult({ ip4: 'x', ips: [{ version: 'x', address: '1.2.3.4/5' }] }, '1.0.0', 'x')).toEqual({
    ips: [{ address: parseCidr('1.2.3.4/5') }],
  });
});

test.each(['0.1.0', '0.2.0'] as const)('%s cannot say that there is no address', (version) => {
  expect(() => encodeResult({ dns }, version)).toThrow(expect.objectContaining({ code: 1 }));
});

test('the first address of each family, routes of families with an address', () => {
  const result = { ...full, ips: full.ips?.slice(1) ?? [], routes: full.routes ?? [] };
  expect(encodeResult({ ...result, ips: [{ address: parseCidr('fd00::1/8') }] }, '0.2.0')).toEqual({
    cniVersion: '0.2.0',
    ip6: { ip: 'fd00::1/8', routes: [{ dst: 'fd01::/16' }] },
    dns,
  });
});

test.each([
  [undefined, undefined, undefined],
  [{}, undefined, undefined],
  [{ domain: 'a' }, undefined, { domain: 'a' }],
  [undefined, { domain: 'a' }, { domain: 'a' }],
  [{ nameservers: ['1'] }, { nameservers: ['2'], search: ['s'] }, { nameservers: ['1'], search: ['s'] }],
])('DNS of %j and %j', (config, ipam, merged) => {
  expect(mergeDns(config, ipam)).toEqual(merged);
});

const anyIp = (family: 4 | 6) =>
  fc.bigInt(0n, 2n ** (family === 4 ? 32n : 128n) - 1n).map((value) => ip(family, value));
const anyCidr = fc.oneof(
  fc.record({ ip: anyIp(4), prefixLength: fc.integer({ min: 0, max: 32 }) }),
  fc.record({ ip: anyIp(6), prefixLength: fc.integer({ min: 0, max: 128 }) }),
);
const someIp = fc.oneof(anyIp(4), anyIp(6));
const some = { minLength: 1, maxLength: 4 };
const text = fc.string({ minLength: 1 });
const positive = fc.integer({ min: 1 });
const optional: { requiredKeys: [] } = { requiredKeys: [] };

const anyResult: fc.Arbitrary<Result> = fc.record(
  {
    interfaces: fc.array(
      fc.record(
        { name: text, mac: text, mtu: positive, sandbox: text, socketPath: text, pciID: text },
        { requiredKeys: ['name'] },
      ),
      some,
    ),
    ips: fc.array(
      fc.record({ address: anyCidr, gateway: someIp, interface: fc.nat() }, { requiredKeys: ['address'] }),
      some,
    ),
    routes: fc.array(
      fc.record(
        {
          dst: anyCidr,
          gw: someIp,
          mtu: positive,
          advmss: positive,
          priority: positive,
          table: fc.nat(),
          scope: fc.nat(),
        },
        { requiredKeys: ['dst'] },
      ),
      some,
    ),
    dns: fc
      .record(
        {
          nameservers: fc.array(text, some),
          domain: text,
          search: fc.array(text, some),
          options: fc.array(text, some),
        },
        optional,
      )
      .filter((dns) => Object.keys(dns).length > 0),
  },
  optional,
);

const throughText = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('any result survives 1.1.0', () => {
  fc.assert(
    fc.property(anyResult, (result) => {
      expect(decodeResult(throughText(encodeResult(result, '1.1.0')), '1.1.0', 'x')).toEqual(result);
    }),
  );
});

test('what a version makes of any result it makes of that again, and nothing newer is in it', () => {
  const newer = ['mtu', 'socketPath', 'pciID', 'advmss', 'priority', 'table', 'scope'];
  fc.assert(
    fc.property(anyResult, fc.constantFrom(...SPEC_VERSIONS), (result, version) => {
      fc.pre(generationOf(version) !== 'ip4-ip6' || result.ips !== undefined);
      const document = encodeResult(result, version);
      expect(encodeResult(decodeResult(throughText(document), version, 'x'), version)).toEqual(document);
      const { interfaces = [], routes = [] } = document as { interfaces?: object[]; routes?: object[] };
      const keys = [...interfaces, ...routes].flatMap((entry) => Object.keys(entry));
      if (!isAtLeast(version, '1.1.0')) expect(keys.filter((key) => newer.includes(key))).toEqual([]);
    }),
  );
});
