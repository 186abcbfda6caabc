import type { SpecVersion } from '@cni/skel';
import { expect } from 'vitest';

/** What one object of a result may have; `!` marks what it must have. */
type Members = readonly string[];

/** The objects of a result in a version, by the path to them; lists are looked into. */
type Shape = Readonly<Record<string, Members>>;

const DNS = ['nameservers', 'domain', 'search', 'options'];
const SLOT = ['ip!', 'gateway', 'routes'];
const ROUTE = ['dst!', 'gw'];
const SLOTS: Shape = {
  '': ['cniVersion!', 'ip4', 'ip6', 'dns'],
  ip4: SLOT,
  ip6: SLOT,
  'ip4.routes': ROUTE,
  'ip6.routes': ROUTE,
  dns: DNS,
};
const TOP = ['cniVersion!', 'interfaces', 'ips', 'routes', 'dns'];
const INTERFACE = ['name!', 'mac', 'sandbox'];
const IP = ['address!', 'gateway', 'interface'];
const VERSIONED: Shape = { '': TOP, interfaces: INTERFACE, ips: ['version!', ...IP], routes: ROUTE, dns: DNS };
const MODERN: Shape = { '': TOP, interfaces: INTERFACE, ips: IP, routes: ROUTE, dns: DNS };

const SHAPES: Readonly<Record<SpecVersion, Shape>> = {
  '0.1.0': SLOTS,
  '0.2.0': SLOTS,
  '0.3.0': VERSIONED,
  '0.3.1': VERSIONED,
  '0.4.0': VERSIONED,
  '1.0.0': MODERN,
  '1.1.0': {
    ...MODERN,
    interfaces: [...INTERFACE, 'mtu', 'socketPath', 'pciID'],
    routes: [...ROUTE, 'mtu', 'advmss', 'priority', 'table', 'scope'],
  },
};

/** Expects a result to be of the shape that its version has, member by member; written down here once more, not taken from the library. */
export function expectShape(result: object, version: SpecVersion): void {
  expect(result).toHaveProperty('cniVersion', version);
  expect(faults(result, SHAPES[version], '')).toEqual([]);
}

function faults(value: unknown, shape: Shape, path: string): string[] {
  if (Array.isArray(value)) {
    return value.length === 0 ? [`${path}: an empty list`] : value.flatMap((item) => faults(item, shape, path));
  }
  const members = shape[path];
  if (members === undefined) return [];
  if (typeof value !== 'object' || value === null) return [`${path}: not an object`];
  const known = members.map((member) => member.replace('!', ''));
  const extra = Object.keys(value).filter((key) => !known.includes(key));
  const lacking = members.filter((member) => member.endsWith('!') && !Object.hasOwn(value, member.slice(0, -1)));
  return [
    ...extra.map((key) => `${path}: has ${key}`),
    ...lacking.map((member) => `${path}: has no ${member.slice(0, -1)}`),
    ...Object.entries(value).flatMap(([key, inner]) => faults(inner, shape, path === '' ? key : `${path}.${key}`)),
  ];
}
