import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNetns, writeSysctls } from '@cni/sys';
import { test as base, type TestAPI } from 'vitest';
import { deleteNetns, makeNetns, makeNetnsOf, type Netns } from './netns.ts';
import type { Attachment } from './runtime.ts';

/** The directories of executables. */
export const ours: string = join(import.meta.dirname, '../../dist/bin');
export const reference: string = '/usr/lib/cni';
/** The example, built as by somebody else. */
export const thirdParty: string = join(import.meta.dirname, '../dist/third-party');
/** The tarball of a release of this architecture, and its checksum. */
export const release: string = join(import.meta.dirname, '../dist/release');

/** One host with an uplink, a neighbour outside of it, and pods: namespaces all of them. */
export interface World {
  /** Its link `uplink` is the master, with the default route; the plugins run here. */
  readonly host: Netns;
  /** At the other end of the uplink, with the pods' gateway addresses, and a route to them for the l3 modes. */
  readonly outside: Netns;
  /** For host-local's files. */
  readonly dataDir: string;
  pod(): Pod;
  /** The reservations that there are, as file names. */
  reservations(): string[];
}

export interface Pod extends Netns {
  /** As `eth0` of this pod. */
  readonly attachment: Attachment;
}

export const master: string = 'uplink';
export const network: string = 'underlay';
const uplink = { host: ['192.0.2.2/24', '2001:db8:2::2/64'], outside: ['192.0.2.1/24', '2001:db8:2::1/64'] };
/** Of the pods' networks, at the outside. In the l3 modes the pods' packets are routed by the host. */
export const gateways: readonly string[] = ['10.1.0.1', 'fd00:1::1'];
/** Of the outside. */
export const outsideAddresses: readonly string[] = ['192.0.2.1', '2001:db8:2::1'];
/** Of the host. */
export const nodeAddresses: readonly string[] = ['192.0.2.2', '2001:db8:2::2'];
/** Of the pods. */
export const subnets = { IPv4: '10.1.0.0/24', IPv6: 'fd00:1::/64' };
export const defaults = { IPv4: '0.0.0.0/0', IPv6: '::/0' };

/** A test gets a `world` of its own, gone afterwards. */
export const test: TestAPI<{ world: World }> = base.extend<{ world: World }>({
  // biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
  world: async ({}, use) => {
    const made: Netns[] = [];
    const dataDir = mkdtempSync(join(tmpdir(), 'cni-e2e-'));
    try {
      await use(build(made, dataDir));
    } finally {
      deleteNetns(...made);
      rmSync(dataDir, { recursive: true, force: true });
      // The plugins' own state outlives a host that is only a namespace.
      rmSync('/run/cni', { recursive: true, force: true });
    }
  },
});

function build(made: Netns[], dataDir: string): World {
  const [host, outside] = makeNetnsOf('host', 'outside');
  made.push(host, outside);
  joinByUplink(host, outside);
  return {
    host,
    outside,
    dataDir,
    pod: () => {
      const pod = makeNetns('pod');
      made.push(pod);
      return { ...pod, attachment: { containerId: pod.name, ifName: 'eth0', netns: pod.path } };
    },
    reservations: () => listed(join(dataDir, network)).filter((name) => !/^(lock|last_reserved_ip\..+)$/.test(name)),
  };
}

/** Makes the uplink, with a default route on the host's side and the pods' gateways on the other. */
export function joinByUplink(host: Netns, outside: Netns): void {
  for (const { path } of [host, outside]) skipDad(path);
  host.batch(
    `link add name ${master} type veth peer name uplink netns ${outside.name}`,
    ...uplinkWith(...uplink.host),
    ...outsideAddresses.map((gateway) => `route add default via ${gateway}`),
  );
  outside.batch(...uplinkWith(...uplink.outside, ...gateways.map(withPrefix)));
}

/** For the uplink: without an address of its own that is proven unique the host asks for no neighbour. */
function skipDad(path: string): void {
  const netns = openNetns(path);
  writeSysctls({ 'net/ipv6/conf/default/accept_dad': 0 }, netns);
  netns.close();
}

function uplinkWith(...addresses: string[]): string[] {
  return [...addresses.map((address) => `address add ${address} dev uplink`), 'link set uplink up'];
}

function withPrefix(gateway: string): string {
  return `${gateway}/${gateway.includes(':') ? 64 : 24}`;
}

/** The l3 modes have no neighbours: the outside reaches the pods by routes through the host. */
export function routeToPods({ outside }: World): void {
  outside.batch(
    ...gateways.map((gateway) => `address del ${withPrefix(gateway)} dev uplink`),
    `route add ${subnets.IPv4} via 192.0.2.2`,
    `route add ${subnets.IPv6} via 2001:db8:2::2`,
  );
}

function listed(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
