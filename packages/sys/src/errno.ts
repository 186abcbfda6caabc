/**
 * Error numbers of Linux (asm-generic/errno-base.h, asm-generic/errno.h), those that the calls of this project can
 * meet. The same on x86-64 and arm64.
 */
const NAMES: Record<number, string> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  7: 'E2BIG',
  8: 'ENOEXEC',
  9: 'EBADF',
  10: 'ECHILD',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  18: 'EXDEV',
  19: 'ENODEV',
  20: 'ENOTDIR',
  21: 'EISDIR',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  25: 'ENOTTY',
  26: 'ETXTBSY',
  27: 'EFBIG',
  28: 'ENOSPC',
  29: 'ESPIPE',
  30: 'EROFS',
  31: 'EMLINK',
  32: 'EPIPE',
  33: 'EDOM',
  34: 'ERANGE',
  35: 'EDEADLK',
  36: 'ENAMETOOLONG',
  37: 'ENOLCK',
  38: 'ENOSYS',
  39: 'ENOTEMPTY',
  40: 'ELOOP',
  42: 'ENOMSG',
  61: 'ENODATA',
  62: 'ETIME',
  71: 'EPROTO',
  74: 'EBADMSG',
  75: 'EOVERFLOW',
  88: 'ENOTSOCK',
  89: 'EDESTADDRREQ',
  90: 'EMSGSIZE',
  92: 'ENOPROTOOPT',
  93: 'EPROTONOSUPPORT',
  94: 'ESOCKTNOSUPPORT',
  95: 'EOPNOTSUPP',
  96: 'EPFNOSUPPORT',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
  100: 'ENETDOWN',
  101: 'ENETUNREACH',
  104: 'ECONNRESET',
  105: 'ENOBUFS',
  106: 'EISCONN',
  107: 'ENOTCONN',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  113: 'EHOSTUNREACH',
  114: 'EALREADY',
  115: 'EINPROGRESS',
  116: 'ESTALE',
  122: 'EDQUOT',
};

/** The C name of an errno, `errno 200` for one that has none here. */
export function errnoName(errno: number): string {
  return NAMES[errno] ?? `errno ${errno}`;
}

/** Something an operating-system call refused: `errno` is the C name. `message` reads *doing what to which thing: errno*. */
export class SysError extends Error {
  override readonly name = 'SysError';
  readonly errno: string;

  constructor(doing: string, errno: number) {
    const name = errnoName(errno);
    super(`${doing}: ${name}`);
    this.errno = name;
  }
}

/** Whether `error` was refused with one of these C names; true of {@link SysError} and of any error that carries `errno` alike. */
export function isErrno(error: unknown, ...names: string[]): error is Error & { errno: string } {
  return error instanceof Error && 'errno' in error && names.includes(error.errno as string);
}

/** The call's result, or a thrown {@link SysError}. `doing` names the call and the thing. */
export function checked(result: number, doing: () => string): number {
  if (result < 0) throw new SysError(doing(), -result);
  return result;
}

const ENOENT = -2;
const ENOTDIR = -20;

/** Whether a call says that there is nothing of that name. An ordinary answer: an error made of it takes as long as three calls. */
export function isAbsent(result: number): boolean {
  return result === ENOENT || result === ENOTDIR;
}

const EINTR = -4;

/** Repeats a call that a signal interrupted. */
export function uninterrupted(call: () => number): number {
  for (;;) {
    const result = call();
    if (result !== EINTR) return result;
  }
}
