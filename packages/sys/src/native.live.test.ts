import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cases } from './conformance.ts';

/** By its path: the tool that makes executables is no package that this one depends on. */
const builder = join(import.meta.dirname, '../../aot/bin/cni-aot.mjs');
const directory = mkdtempSync(join(tmpdir(), 'cni-sys-'));
afterAll(() => rmSync(directory, { recursive: true }));

let failures: Record<string, string>;
beforeAll(() => {
  const program = join(directory, 'conformance');
  execFileSync(process.execPath, [builder, 'build', join(import.meta.dirname, 'conformance.main.ts'), '-o', program]);
  failures = JSON.parse(execFileSync(program, { encoding: 'utf8', input: '' }));
}, 300_000);

test.each(Object.keys(cases))('in a static executable: %s', (name) => {
  expect(failures[name]).toBe('');
});

/** With the standard descriptors of the letters closed. */
function withClosed(redirections: string): string {
  const line = `"$0" ${redirections}`;
  return execFileSync('/bin/sh', ['-c', line, join(directory, 'conformance')], { encoding: 'utf8', input: '' });
}

test.each(['<&-', '2>&-', '<&- 2>&-'])('with %s no file takes the place of a standard one', (redirections) => {
  expect(JSON.parse(withClosed(redirections))).toMatchObject({ 'written, read back, permissions as asked': '' });
});
