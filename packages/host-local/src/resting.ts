import { formatIp, type Ip } from '@cni/ip';
import { findText, now, removeIfPresent, writeFile } from '@cni/sys';

/** Addresses that were freed lately, in a file with a line for each: `<milliseconds since the epoch> <address>`. */
export interface Resting {
  /** When an address was freed, if it is to rest; in milliseconds since the epoch. */
  freedAt(ip: Ip): number | undefined;
}

/** More lines than this are worth a look whether they can go. */
const MANY = 256;

/** The addresses freed in the last `delay` milliseconds, by the file at `path`. Throws `SysError`. */
export function restingAt(path: string, delay: number): Resting {
  const lines = (findText(path) ?? '').split('\n').filter((line) => line !== '');
  const moment = now();
  const isFresh = (line: string) => {
    const age = moment - Number.parseFloat(line);
    // A time to come is of a clock that was set back.
    return age >= 0 && age < delay;
  };
  const fresh = lines.filter(isFresh);
  if (lines.length > 0 && fresh.length === 0) removeIfPresent(path);
  else if (lines.length > MANY && fresh.length < lines.length / 2) writeFile(path, `${fresh.join('\n')}\n`);
  const freed = new Map(fresh.map((line) => [line.slice(line.indexOf(' ') + 1), Number.parseFloat(line)]));
  return { freedAt: (ip) => freed.get(formatIp(ip)) };
}

/** Lets addresses rest from now on. It is no failure when that cannot be written down. */
export function rest(path: string, addresses: readonly string[]): void {
  const moment = Math.floor(now());
  try {
    writeFile(path, addresses.map((name) => `${moment} ${name}\n`).join(''), { mode: 'append' });
  } catch {}
}
