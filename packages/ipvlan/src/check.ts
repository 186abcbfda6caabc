import { equalCidrs, equalIps, formatCidr, formatIp } from '@cni/ip';
import type { Link, Rtnl } from '@cni/rtnetlink';
import { type Attachment, CniError, type Result, type ResultIp, type ResultRoute } from '@cni/skel';
import { expectUnique } from './addresses.ts';
import type { Config } from './config.ts';
import { resolveMaster } from './master.ts';

export interface Checked {
  readonly pod: Rtnl;
  readonly home: Rtnl;
  readonly config: Config;
  readonly attachment: Attachment;
  readonly prevResult: Result;
}

/** Compares the pod with what ADD reported. What later plugins added is theirs; what we made must be there. */
export function checkSlave({ pod, home, config, attachment, prevResult }: Checked): void {
  const { ifName, sandbox } = attachment;
  const { interfaces = [], ips = [], routes = [] } = prevResult;
  const index = interfaces.findIndex((link) => link.name === ifName && link.sandbox === sandbox);
  const reported = interfaces[index];
  if (reported === undefined)
    throw new CniError('INVALID_CONFIG', `prevResult has no interface ${ifName} in ${sandbox}`);

  const slave = pod.links.find({ name: ifName });
  if (slave === undefined) throw new CniError('LINK_MISSING', `${ifName} is gone from ${sandbox}`);
  // Its own interface is in prevResult by now, and cannot be its master.
  const earlier = { ...prevResult, interfaces: interfaces.slice(0, index) };
  const master = resolveMaster(home, config, attachment, index === 0 ? undefined : earlier);
  checkLink(slave, master, config, reported);
  checkAddresses(
    pod,
    slave,
    ips.filter((ip) => (ip.interface ?? index) === index),
  );
  checkRoutes(pod, slave, routes);
}

function checkLink(slave: Link, master: Link, config: Config, reported: { mac?: string; mtu?: number }): void {
  const { name, info } = slave;
  const expect = (what: string, actual: unknown, expected: unknown) => {
    if (actual === expected) return;
    throw new CniError('LINK_MISMATCH', `${name}: ${what} is ${String(actual)}, not ${String(expected)}`);
  };
  expect('its kind', info?.kind ?? 'none', 'ipvlan');
  if (info?.kind !== 'ipvlan') return;
  expect('its mode', info.data?.mode, config.mode);
  expect('its flag', info.data?.flag, config.flag);
  expect('the index of its master', slave.parent, master.index);
  expect('its MAC address', slave.address, reported.mac ?? slave.address);
  expect('its mtu', slave.mtu, config.mtu ?? reported.mtu ?? slave.mtu);
  expect('its state', slave.up ? 'up' : 'down', 'up');
}

function checkAddresses(pod: Rtnl, slave: Link, ips: readonly ResultIp[]): void {
  const present = pod.addresses.list({ link: slave.index });
  expectUnique(present, slave.name);
  for (const { address } of ips) {
    if (present.some((candidate) => equalCidrs(candidate.address, address))) continue;
    throw new CniError('ADDRESS_MISSING', `${slave.name}: address ${formatCidr(address)} is gone`);
  }
}

/** In any table: a later plugin may have moved a route, to where it serves this link alone. */
function checkRoutes(pod: Rtnl, slave: Link, routes: readonly ResultRoute[]): void {
  const present = pod.routes.list({ link: slave.index, table: 'all' });
  for (const { dst, gw } of routes) {
    const there = present.some(
      ({ destination, gateway }) =>
        equalCidrs(destination, dst) && (gw === undefined || (gateway !== undefined && equalIps(gateway, gw))),
    );
    if (there) continue;
    const via = gw === undefined ? '' : ` via ${formatIp(gw)}`;
    throw new CniError('ROUTE_MISSING', `${slave.name}: route ${formatCidr(dst)}${via} is gone`);
  }
}
