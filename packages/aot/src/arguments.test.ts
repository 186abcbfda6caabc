import { describe, expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';

describe('command line', () => {
  test.each([
    ['build main.ts -o out', { entry: 'main.ts', outfile: 'out' }],
    ['build -o out main.ts', { entry: 'main.ts', outfile: 'out' }],
    ['build main.ts --outfile out --target aarch64', { entry: 'main.ts', outfile: 'out', target: 'aarch64' }],
    ['build main.ts -o out -t x86_64', { entry: 'main.ts', outfile: 'out', target: 'x86_64' }],
    [
      'build main.ts -o out --contains a=../a.ts --contains b=b=c.ts',
      { entry: 'main.ts', outfile: 'out', contains: { a: '../a.ts', b: 'b=c.ts' } },
    ],
    ['build main.ts -o out --notices NOTICES', { entry: 'main.ts', outfile: 'out', notices: 'NOTICES' }],
    ['build main.ts -o out -o other', { entry: 'main.ts', outfile: 'other' }],
    ['--help', undefined],
    ['build -h', undefined],
  ])('%s', (line, options) => {
    expect(parseArguments(line.split(' '))).toEqual(options);
  });

  test.each([
    ['', 'unknown command  (cni-aot --help)'],
    ['make main.ts -o out', 'unknown command make (cni-aot --help)'],
    ['build -o out', 'no entry (cni-aot --help)'],
    ['build main.ts', 'no outfile: -o <file> (cni-aot --help)'],
    ['build a.ts b.ts -o out', 'one entry at a time, not also b.ts (cni-aot --help)'],
    ['build main.ts -o out --target mips', 'unknown target mips: x86_64 or aarch64 (cni-aot --help)'],
    ['build main.ts -o out --contains a.ts', '--contains a.ts: not NAME=ENTRY (cni-aot --help)'],
    ['build main.ts -o out --fast', /Unknown option '--fast'/],
  ])('refused: %s', (line, message) => {
    expect(() => parseArguments(line.split(' '))).toThrow(message);
  });

  test('refused: no arguments at all', () => {
    expect(() => parseArguments([])).toThrow('no command (cni-aot --help)');
  });
});
