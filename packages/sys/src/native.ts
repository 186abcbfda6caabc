import type { Syscalls } from './syscalls.ts';

/** Put there by the C host of `@cni/aot`, one function per system call. */
declare const __syscalls: Syscalls;

export const syscalls: Syscalls = __syscalls;
