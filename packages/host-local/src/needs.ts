import { type Family, formatRange, type Range } from '@cni/ip';
import { CniError, type Network, SPEC_VERSIONS } from '@cni/skel';
import type { Need, Pool } from './allocate.ts';
import { rangesOf } from './allocate.ts';
import type { IpamConfig, PoolConfig } from './config.ts';
import { without } from './intervals.ts';
import { readPools } from './pools-file.ts';
import { familyOf, problemOfSets, type RangeSet } from './range-set.ts';

/** What an attachment of a network is to get: an address of each range set, those of the runtime first, then of the pools listed for each family. Throws {@link CniError} `INVALID_CONFIG`. */
export function needsOf(ipam: IpamConfig, network: Network, runtimeSets: readonly RangeSet[] = []): Need[] {
  const sets = [...runtimeSets, ...ipam.sets].map((set, position) => needOfSet(set, position, ipam.reserved));
  const needs = [...sets, ...needsOfPools(ipam)];
  if (needs.length === 0) throw invalid('ipam: no addresses given, by subnet, ranges, ipv4 or ipv6');
  const problem = problemOfSets(needs.map((need) => [need.name, rangesOf(need)]));
  if (problem !== undefined) throw invalid(`ipam: ${problem}`);
  refuseMany(needs, network);
  return needs;
}

function invalid(message: string): CniError {
  return new CniError('INVALID_CONFIG', message);
}

/** The cursor's file is named by the position, as the reference plugin does it. */
function needOfSet(set: RangeSet, position: number, reserved: readonly Range[]): Need {
  const name = `range set ${position}`;
  const cursor = `last_reserved_ip.${position}`;
  const pool = { name, cursor, set: withoutReserved(name, set, reserved), routes: [] };
  return { name, family: familyOf(set), pools: [pool] };
}

function withoutReserved(name: string, set: RangeSet, reserved: readonly Range[]): RangeSet {
  if (reserved.length === 0) return set;
  const left = set.flatMap((range) => without(range, reserved).map((part) => ({ ...range, ...part })));
  if (left.length === 0 && set.length > 0)
    throw invalid(`ipam.reserved: leaves no address in ${name}, ${set.map(formatRange).join(',')}`);
  return left;
}

function needsOfPools(ipam: IpamConfig): Need[] {
  const lists = [
    { key: 'ipv4', family: 4, names: ipam.ipv4 },
    { key: 'ipv6', family: 6, names: ipam.ipv6 },
  ] as const;
  if (ipam.ipv4.length + ipam.ipv6.length === 0) return [];
  const known = new Map([...readPools(ipam.poolsFile), ...Object.entries(ipam.pools)]);
  return lists.flatMap(({ key, family, names }) => {
    const pools = names.map((name, at) => poolOf(`ipam.${key}[${at}]`, name, known.get(name), family, ipam.reserved));
    if (new Set(names).size < names.length) throw invalid(`ipam.${key}: names a pool twice (got ${names.join(', ')})`);
    return pools.length === 0 ? [] : [{ name: key, family, pools }];
  });
}

function poolOf(
  at: string,
  name: string,
  found: PoolConfig | undefined,
  family: Family,
  reserved: readonly Range[],
): Pool {
  if (found === undefined) throw invalid(`${at}: no pool of that name (got "${name}")`);
  if (familyOf(found.ranges) !== family) throw invalid(`${at}: pool ${name} is not of IPv${family}`);
  const set = withoutReserved(`pool ${name}`, found.ranges, reserved);
  return { name: `pool ${name}`, cursor: `last_reserved_ip.${name}`, set, routes: found.routes };
}

/** Results before 0.3.0 have room for one address of a family. */
function refuseMany(needs: readonly Need[], { cniVersion }: Network): void {
  if (SPEC_VERSIONS.indexOf(cniVersion) >= SPEC_VERSIONS.indexOf('0.3.0')) return;
  for (const family of [4, 6] satisfies Family[]) {
    const count = needs.filter((need) => need.family === family).length;
    if (count > 1)
      throw invalid(`ipam: ${count} addresses of IPv${family}; CNI version ${cniVersion} has room for one`);
  }
}
