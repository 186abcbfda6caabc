import { expect, test } from 'vitest';
import { exec, text, utf8 } from './index.ts';

const run = (script: string, stdin = '', timeout?: number) =>
  exec('/bin/sh', {
    args: ['-c', script],
    env: { GREETING: 'hello' },
    stdin: utf8(stdin),
    ...(timeout && { timeout }),
  });

test('status, both outputs and the environment', () => {
  const result = run('cat; echo $GREETING >&2; exit 3', 'in');
  expect(result).toMatchObject({ status: 3, signal: undefined, timedOut: false });
  expect(text(result.stdout)).toBe('in');
  expect(text(result.stderr)).toBe('hello\n');
});

test('more than a pipe holds, both ways', () => {
  const large = 'x'.repeat(1_000_000);
  expect(text(run('cat', large).stdout)).toBe(large);
});

test('a signal', () => {
  expect(run('kill -TERM $$')).toMatchObject({ status: undefined, signal: 15 });
});

test('killed when the time is up', () => {
  expect(run('sleep 10', '', 50)).toMatchObject({ timedOut: true, signal: 9 });
});

test('a process left behind is not waited for', () => {
  expect(text(run('sleep 5 & echo done').stdout)).toBe('done\n');
});

test('a program that is not there', () => {
  expect(() => exec('/nowhere/plugin', { env: {}, stdin: utf8('') })).toThrow('run /nowhere/plugin: ENOENT');
});
