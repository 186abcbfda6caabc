/** The system calls themselves, for tests that make one of them fail; a plugin has no use for this. */
export { syscalls } from '#syscalls';
export type { Syscalls } from './syscalls.ts';
