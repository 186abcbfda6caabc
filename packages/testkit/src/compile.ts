import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';

const cache = join(import.meta.dirname, '../../../.cache/compiled');

/** What gcc makes of a C source, compiled once for each version of it: the path. Throws when there is no compiler. */
export function compiled(source: string, ...flags: string[]): string {
  const digest = createHash('sha256').update(readFileSync(source)).update(flags.join(' ')).digest('hex').slice(0, 16);
  const program = join(cache, `${basename(source, '.c')}-${digest}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', ...flags, '-o', unfinished, source], { stdio: 'inherit' });
  renameSync(unfinished, program);
  return program;
}
