import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildFixture, machines, run, scratchDirectory } from './fixtures/executable.ts';
import { TRAILER_SIZE } from './trailer.ts';

const scratch = scratchDirectory();

describe.each(machines)('a program that fails on $target', (machine) => {
  const name = `failures-${machine.target}`;
  let executable: string;
  beforeAll(async () => {
    executable = await buildFixture('failures', scratch, machine.target);
  });

  const document = (msg: string) =>
    `${JSON.stringify({ cniVersion: '1.1.0', code: 999, msg: `${'run'} ${name}: ${msg}` })}\n`;

  test.each([
    ['exception', "TypeError: cannot read property 'name' of undefined"],
    ['no error', 'only text'],
    ['no text', 'uncaught exception that has no text'],
    ['recursion', 'RangeError: Maximum call stack size exceeded'],
    ['brackets', 'RangeError: Maximum call stack size exceeded'],
    ['memory in small pieces', 'InternalError: out of memory'],
    ['memory in large pieces', 'InternalError: out of memory'],
    ['random', 'Error: Math.random would give every process the same numbers: use getrandom'],
    ['eval', 'TypeError: eval is not supported'],
    ['promise', 'it left asynchronous work behind, and nothing here would do it'],
    ['no status', 'its main function returned no exit status from 0 to 255'],
    ['a status out of range', 'its main function returned no exit status from 0 to 255'],
  ])('%s: one error object, status 1', (program, msg) => {
    expect(run(machine, executable, [program])).toEqual({ status: 1, stdout: document(msg), stderr: '' });
  });

  test.each([
    ['SIGSEGV', "access outside the engine's memory"],
    ['SIGBUS', 'bus error: the executable was changed while it ran, or its disk failed'],
    ['SIGFPE', 'arithmetic fault in the engine'],
    ['SIGILL', 'illegal instruction in the engine'],
  ])('%s: one error object, status 1', (program, msg) => {
    expect(run(machine, executable, [program])).toEqual({ status: 1, stdout: document(msg), stderr: '' });
  });

  test('any characters: still JSON', () => {
    const { stdout } = run(machine, executable, ['characters']);
    expect(JSON.parse(stdout).msg).toBe(
      `run ${name}: Error: "quoted" back\\slash\nline \u0007 grün 😀 \ufffd\ufffd\ufffd`,
    );
  });

  test('a long message is cut, still JSON', () => {
    const { stdout } = run(machine, executable, ['long']);
    expect(JSON.parse(stdout).msg).toMatch(/^run \S+: Error: é{300,}/);
  });

  test('1 MiB of brackets can be caught', () => {
    const { status, stdout } = run(machine, executable, ['brackets, caught']);
    expect([status, stdout]).toEqual([0, 'RangeError: Maximum call stack size exceeded']);
  });

  test('after output there is no second document: it goes to stderr', () => {
    expect(run(machine, executable, ['after output'])).toEqual({
      status: 1,
      stdout: '{}',
      stderr: document('Error: too late'),
    });
  });

  test("a child's failure is not the parent's document", () => {
    expect(run(machine, executable, ['in a child'])).toEqual({
      status: 0,
      stdout: 'the parent',
      stderr: document('Error: the child'),
    });
  });

  test('stdout is full: status 1, and stderr says so', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = run(machine, executable, ['output nobody takes'], { stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    expect([status, stderr]).toEqual([1, document('Error: write stdout: -28')]);
  });

  test('stdout is closed: status 1, and no other file takes its place', () => {
    const argv = ['-c', '"$@" >&-', 'sh', ...machine.prefix, executable, 'output nobody takes'];
    const { status, stderr } = run({ ...machine, prefix: [] }, '/bin/sh', argv);
    expect([status, stderr]).toEqual([1, document('Error: write stdout: -9')]);
  });

  test('stdout is a pipe without a reader: no death by signal', () => {
    const command = `"$@"; echo $? >&3`;
    const argv = ['-c', `{ ${command}; } 3>&2 2>/dev/null | true`, 'sh', ...machine.prefix, executable, 'SIGFPE'];
    expect(run({ ...machine, prefix: [] }, '/bin/sh', argv).stderr).toBe('1\n');
  });

  test('two processes draw different random bytes', () => {
    const draw = () => run(machine, executable, ['random bytes']).stdout;
    expect(draw()).not.toBe(draw());
  });

  test('a lock is exclusive between two processes', async () => {
    const [command = '', ...prefix] = [...machine.prefix, executable];
    const holder = spawn(command, [...prefix, 'a lock', executable], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [held] = await once(holder.stdout, 'data');
    const other = run(machine, executable, ['a lock', executable], { input: '' });
    holder.stdin.end();
    expect([String(held), other.stdout]).toEqual(['0', '-11']);
    await once(holder, 'exit');
  });

  describe('CNI_DEBUG', () => {
    const lines = readFileSync(new URL('./fixtures/failures.ts', import.meta.url), 'utf8').split('\n');
    const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1;
    const stack = [
      `    at nested (@cni/aot/src/fixtures/failures.ts:${lineOf('as { name: string }).name')})`,
      `    at exception (@cni/aot/src/fixtures/failures.ts:${lineOf('exception: () =>')})`,
    ].join('\n');

    test('a stack with the lines of the sources on stderr', () => {
      const { stdout, stderr } = run(machine, executable, ['exception'], { env: { CNI_DEBUG: '1' } });
      expect(stdout).toBe(document("TypeError: cannot read property 'name' of undefined"));
      expect(stderr).toContain(`TypeError: cannot read property 'name' of undefined\n${stack}\n`);
    });

    test.each(['', '0'])('%j means no', (value) => {
      expect(run(machine, executable, ['exception'], { env: { CNI_DEBUG: value } }).stderr).toBe('');
    });

    test('a program can have the same stack described', () => {
      expect(run(machine, executable, ['a stack described']).stdout).toContain(stack.split('\n')[0]);
    });
  });

  describe('a damaged file', () => {
    const damaged = join(scratch, `damaged-${machine.target}`);
    const load = (msg: string) =>
      `${JSON.stringify({ cniVersion: '1.1.0', code: 999, msg: `load damaged-${machine.target}: ${msg}` })}\n`;
    const incomplete = load('the file has no snapshot at its end: it is damaged or was never finished');

    test('cut anywhere in its snapshot', () => {
      copyFileSync(executable, damaged);
      truncateSync(damaged, 1_100_000);
      expect(run(machine, damaged, [])).toEqual({ status: 1, stdout: incomplete, stderr: '' });
    });

    test('without anything behind the engine', () => {
      copyFileSync(
        new URL(`../platforms/linux-${machine.target === 'x86_64' ? 'x64' : 'arm64'}/engine`, import.meta.url),
        damaged,
      );
      expect(run(machine, damaged, [])).toEqual({ status: 1, stdout: incomplete, stderr: '' });
    });

    test('whose trailer promises more than there is', () => {
      const bytes = readFileSync(executable);
      bytes.writeUInt32LE(0xfffff000, bytes.length - TRAILER_SIZE + 8);
      writeFileSync(damaged, bytes);
      expect(run(machine, damaged, [])).toEqual({ status: 1, stdout: incomplete, stderr: '' });
    });
  });
});
