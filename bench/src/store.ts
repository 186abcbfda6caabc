import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The pods' networks. */
export const subnets = { IPv4: '10.64.0.0/16', IPv6: 'fd00:64::/64' } as const;

export type Family = keyof typeof subnets;

/** The address number `index`, from 0, of those that host-local hands out: after the network's and the gateway's; below 65 534. */
export function addressAt(family: Family, index: number): string {
  const host = index + 2;
  return family === 'IPv6' ? `fd00:64::${host.toString(16)}` : `10.64.${host >> 8}.${host & 255}`;
}

/** As long as those of real runtimes, and as random. */
export function containerIdAt(index: number): string {
  return createHash('sha256').update(`bench ${index}`).digest('hex');
}

/** Writes a store with the first `count` addresses reserved, as the reference plugin leaves it. */
export function fillStore(dataDir: string, network: string, family: Family, count: number): void {
  const directory = join(dataDir, network);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'lock'), '');
  for (let index = 0; index < count; index++)
    writeFileSync(join(directory, addressAt(family, index)), `${containerIdAt(index)}\r\neth0`);
  if (count > 0) writeFileSync(join(directory, 'last_reserved_ip.0'), addressAt(family, count - 1));
}
