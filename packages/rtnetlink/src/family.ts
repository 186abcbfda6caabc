import type { Family } from '@cni/ip';

/** `AF_*`, linux/socket.h */
const AF_INET = 2;
const AF_INET6 = 10;

/** The kernel's number for a family. */
export function toAf(family: Family): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** The family of a number of the kernel's; nothing for one that is neither IPv4 nor IPv6. */
export function fromAf(number: number | undefined): Family | undefined {
  if (number === AF_INET) return 4;
  return number === AF_INET6 ? 6 : undefined;
}
