import { CniError } from '@cni/skel';
import { isErrno, makeDirectories, readSysctl } from '@cni/sys';
import type { Config } from './config.ts';
import { openSide } from './ground.ts';
import { DIRECTORY } from './record.ts';

/** Throws {@link CniError} `NOT_AVAILABLE` when an ADD would not succeed, or its pod would not reach what the configuration says. */
export function expectReady(config: Config): void {
  openSide().close();
  try {
    makeDirectories(DIRECTORY);
  } catch (cause) {
    throw new CniError('NOT_AVAILABLE', `${DIRECTORY} cannot be made`, { cause });
  }
  const forwarded = [...config.serviceCIDR, ...config.overlayPodCIDR];
  for (const [key, marker] of [
    ['net/ipv4/ip_forward', '.'],
    ['net/ipv6/conf/all/forwarding', ':'],
  ] as const) {
    const subnet = forwarded.find((one) => one.includes(marker));
    if (subnet !== undefined && valueIfPresent(key) === '0')
      throw new CniError('NOT_AVAILABLE', `${key} is 0: what pods send to ${subnet} by the node would end there`);
  }
}

function valueIfPresent(key: string): string | undefined {
  try {
    return readSysctl(key);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
