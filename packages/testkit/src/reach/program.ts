import { join } from 'node:path';
import { compiled } from '../compile.ts';

/** The program that tries. In a guest there is no time to compile it: whoever starts one asks for it before. */
export function reachProgram(): string {
  return compiled(join(import.meta.dirname, 'reach.c'), '-static');
}
