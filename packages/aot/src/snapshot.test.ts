import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemCalls, takeSnapshot } from './snapshot.ts';

const engine = (file: string) => readFileSync(new URL(`../engine/${file}`, import.meta.url), 'utf8');

describe('system calls', () => {
  const table = [...engine('syscalls.c').matchAll(/^ {4}\{"(\w+)", "\w*", call_(\w+)\},$/gm)];
  const others = [...engine('call.c').matchAll(/strcmp\(name, "(\w+)"\)/g)].map(([, name]) => name);

  test('the table of the engine is sorted, as its search needs', () => {
    const names = table.map(([, name]) => name);
    expect(names.length).toBeGreaterThan(30);
    expect(names).toEqual(names.toSorted());
  });

  test('each row names its own function', () => {
    for (const [, name, call] of table) expect(call).toBe(name);
  });

  test('the engine answers exactly what the snapshot offers', () => {
    const answered = [...table.map(([, name]) => name), ...others].toSorted();
    expect(answered).toEqual([...systemCalls, 'text', 'utf8'].toSorted());
  });
});

describe('snapshot', () => {
  const start = (body: string) => `__syscalls.start(() => { ${body} });`;

  test('the same program, the same bytes, whatever the time', async () => {
    const [first, second] = [await takeSnapshot(start('return 0')), await takeSnapshot(start('return 0'))];
    expect(Buffer.compare(first.memory, second.memory)).toBe(0);
    expect(first.mainFunction).toBe(second.mainFunction);
  });

  test('the clock stands still while it is made', async () => {
    await expect(takeSnapshot('if (Date.now() === 0) __syscalls.start(() => 0);')).resolves.toBeDefined();
  });

  test('text and utf8 work while it is made', async () => {
    const code = `if (__syscalls.text(__syscalls.utf8('grün')) === 'grün') __syscalls.start(() => 0);`;
    await expect(takeSnapshot(code)).resolves.toBeDefined();
  });

  test.each([
    ['a program that never starts', 'let a = 1;', 'the program never calls start(main)'],
    ['a system call at top level', '__syscalls.getpid();', /getpid was called while the program was loaded/],
    ['an exception at top level', 'null.x;', /cannot read property 'x' of null/],
    ['something else than an error at top level', `throw 'only text';`, 'only text'],
    ['random numbers at top level', 'Math.random();', /Math.random would give every process the same numbers/],
    ['eval', `eval('1');`, /eval is not supported/],
    ['a function out of text', `new Function('return 1');`, /eval is not supported/],
    ['the syntax of another language', 'let let = 1;', /Compilation error/],
  ])('%s is refused', async (_, code, message) => {
    await expect(takeSnapshot(code)).rejects.toThrow(message);
  });
});
