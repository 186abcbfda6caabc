import { type Cidr, formatCidr, formatIp, type Ip, parseCidr, parseIp } from '@cni/ip';
import { CniError } from './error.ts';
import { type Codec, count, type Fields, field, list, objectOf, refuse, textual, whole, words } from './fields.ts';
import { isObject, type JsonObject, own } from './json.ts';
import { joinPath, quote } from './schema.ts';
import { generationOf, isSpecVersion, type SpecVersion } from './versions.ts';

/** A link that a plugin made or that a container has, as the specification's `interfaces` say it. */
export interface ResultInterface {
  name: string;
  /** As the kernel prints it; absent where the link has none. */
  mac?: string;
  /** Bytes; from 1.1.0 on. */
  mtu?: number;
  /** The path of the network namespace; absent for a link of the host. */
  sandbox?: string;
  socketPath?: string;
  pciID?: string;
}

export interface ResultIp {
  address: Cidr;
  gateway?: Ip;
  /** Index into `interfaces`. */
  interface?: number;
}

export interface ResultRoute {
  dst: Cidr;
  /** Absent: the gateway of the address, or none. */
  gw?: Ip;
  mtu?: number;
  advmss?: number;
  priority?: number;
  /** 0 is a table like others. */
  table?: number;
  /** 0 is a scope like others: universe. */
  scope?: number;
}

export interface Dns {
  nameservers?: string[];
  domain?: string;
  search?: string[];
  options?: string[];
}

/** What an ADD did, in the form of 1.1.0 with parsed values. Answers are converted to the version that was asked for. */
export interface Result {
  interfaces?: ResultInterface[];
  ips?: ResultIp[];
  routes?: ResultRoute[];
  dns?: Dns;
}

const address = textual(parseCidr, formatCidr);
const ip = textual(parseIp, formatIp);

const interfaces: Codec<ResultInterface> = objectOf<ResultInterface>(
  {
    name: field(words),
    mac: field(words),
    mtu: field(count, '1.1.0'),
    sandbox: field(words),
    socketPath: field(words, '1.1.0'),
    pciID: field(words, '1.1.0'),
  },
  ['name'],
);

const ips: Codec<ResultIp> = objectOf<ResultIp>(
  { address: field(address), gateway: field(ip), interface: field(whole) },
  ['address'],
  ['version'],
);

const routes: Codec<ResultRoute> = objectOf<ResultRoute>(
  {
    dst: field(address),
    gw: field(ip),
    mtu: field(count, '1.1.0'),
    advmss: field(count, '1.1.0'),
    priority: field(count, '1.1.0'),
    table: field(whole, '1.1.0'),
    scope: field(whole, '1.1.0'),
  },
  ['dst'],
);

/** The `dns` of a result, and of a configuration. */
export const dns: Codec<Dns> = objectOf<Dns>(
  {
    nameservers: field(list(words)),
    domain: field(words),
    search: field(list(words)),
    options: field(list(words)),
  },
  [],
);

const FIELDS: Fields<Result> = {
  interfaces: field(list(interfaces)),
  ips: field(list(ips)),
  routes: field(list(routes)),
  dns: field(dns),
};

const result: Codec<Result> = objectOf<Result>(FIELDS, [], ['cniVersion', 'ip4', 'ip6']);

/** The `ip4` and `ip6` of 0.1.0 and 0.2.0. */
interface Slot {
  ip: Cidr;
  gateway?: Ip;
  routes?: ResultRoute[];
}

const slot: Codec<Slot> = objectOf<Slot>(
  { ip: field(address), gateway: field(ip), routes: field(list(routes)) },
  ['ip'],
  ['address', 'interface', 'version'],
);

interface SlotResult {
  ip4?: Slot;
  ip6?: Slot;
  dns?: Dns;
}

const slotResult: Codec<SlotResult> = objectOf<SlotResult>(
  { ip4: field(slot), ip6: field(slot), dns: field(dns) },
  [],
  ['cniVersion', 'interfaces', 'ips', 'routes'],
);

/**
 * Reads a result of `version`, or of another version of the same generation if it says so itself. `what` starts the path in
 * messages: `prevResult.ips[0].address: …`. Throws {@link CniError}: `INCOMPATIBLE_VERSION`, else `INVALID_CONFIG`.
 */
export function decodeResult(value: unknown, version: SpecVersion, what: string): Result {
  if (!isObject(value)) refuse(what, 'expected object', value);
  const generation = generationOf(declaredVersion(value, version, what));
  if (generation === 'ip4-ip6') return fromSlots(slotResult.decode(value, what) ?? {}, what);
  if (generation === 'versioned-ips') checkFamilies(own(value, 'ips'), joinPath(what, 'ips'));
  return result.decode(value, what) ?? {};
}

function declaredVersion(value: JsonObject, version: SpecVersion, what: string): SpecVersion {
  const declared = own(value, 'cniVersion') ?? '';
  if (declared === '') return version;
  const path = joinPath(what, 'cniVersion');
  if (typeof declared !== 'string') refuse(path, 'expected string', declared);
  if (isSpecVersion(declared) && generationOf(declared) === generationOf(version)) return declared;
  const message = `${path}: a result of ${quote(declared)} cannot be used in a request of ${quote(version)}`;
  throw new CniError('INCOMPATIBLE_VERSION', message);
}

/** Before 1.0.0 an address says its family; it must not say the wrong one. */
function checkFamilies(entries: unknown, path: string): void {
  if (!Array.isArray(entries)) return;
  for (const [index, entry] of entries.entries()) {
    if (!isObject(entry)) continue;
    const stated = own(entry, 'version') ?? '';
    const actual = String(address.decode(own(entry, 'address') ?? '', path)?.ip.family ?? stated);
    if (stated !== '' && stated !== actual) refuse(`${path}[${index}].version`, `expected ${quote(actual)}`, stated);
  }
}

function fromSlots({ ip4, ip6, ...rest }: SlotResult, what: string): Result {
  const slots = [
    [4, ip4],
    [6, ip6],
  ] as const;
  const filled = slots.flatMap(([family, held]) => (held === undefined ? [] : [{ family, ...held }]));
  for (const { family, ip: held } of filled) {
    if (held.ip.family !== family) refuse(`${what}.ip${family}.ip`, `expected IPv${family}`, formatCidr(held));
  }
  const allRoutes = filled.flatMap((held) => held.routes ?? []);
  return {
    ...rest,
    ...(filled.length > 0 && {
      ips: filled.map(({ family: _, ip: held, routes: __, ...more }) => ({ ...more, address: held })),
    }),
    ...(allRoutes.length > 0 && { routes: allRoutes }),
  };
}

/** Writes a result as `version` has it, without what only later versions know. Throws {@link CniError} when it cannot be said. */
export function encodeResult(value: Result, version: SpecVersion): JsonObject {
  const generation = generationOf(version);
  const body =
    generation === 'ip4-ip6' ? slotResult.encode(toSlots(value, version), version) : result.encode(value, version);
  const encoded = { cniVersion: version, ...(body as JsonObject | undefined) };
  return generation === 'versioned-ips' ? withFamilies(encoded, value) : encoded;
}

function withFamilies(encoded: JsonObject, { ips: addresses = [] }: Result): JsonObject {
  if (addresses.length === 0) return encoded;
  const entries = own(encoded, 'ips') as JsonObject[];
  const versioned = entries.map((entry, index) => ({ version: String(addresses[index]?.address.ip.family), ...entry }));
  return { ...encoded, ips: versioned };
}

/** One address a family; routes go with the addresses of their family, with `dst` and `gw` only. */
function toSlots(
  { interfaces: _, ips: addresses = [], routes: all = [], ...rest }: Result,
  version: SpecVersion,
): SlotResult {
  const slotOf = (family: 4 | 6): Slot | undefined => {
    const first = addresses.find((entry) => entry.address.ip.family === family);
    if (first === undefined) return undefined;
    const { address: held, interface: __, ...more } = first;
    return { ...more, ip: held, routes: all.filter(({ dst }) => dst.ip.family === family) };
  };
  const [ip4, ip6] = [slotOf(4), slotOf(6)];
  if (ip4 === undefined && ip6 === undefined)
    throw new CniError('INCOMPATIBLE_VERSION', `a result without an address cannot be written as CNI ${version}`);
  return { ...rest, ...(ip4 && { ip4 }), ...(ip6 && { ip6 }) };
}

/** The configuration's DNS settings, each one missing there taken from the IPAM's. `undefined` when neither has any. */
export function mergeDns(config: Dns | undefined, ipam: Dns | undefined): Dns | undefined {
  const merged = { ...ipam, ...config };
  return Object.keys(merged).length === 0 ? undefined : merged;
}
