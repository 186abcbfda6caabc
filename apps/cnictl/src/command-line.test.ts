import { expect, test } from 'vitest';
import { type Options, parseCommandLine } from './command-line.ts';

const options: Options = {
  ifname: { value: 'NAME', short: 'i', about: '' },
  valid: { value: 'ID/IFNAME', repeat: true, about: '' },
  json: { about: '' },
};

test.each<[string, string[], string[], Record<string, string[]>]>([
  ['operands alone', ['pods', 'blue'], ['pods', 'blue'], {}],
  ['a value after the option', ['pods', '--ifname', 'eth1'], ['pods'], { ifname: ['eth1'] }],
  ['a value behind =', ['--ifname=eth1', 'pods'], ['pods'], { ifname: ['eth1'] }],
  ['a value with = in it', ['--ifname=a=b'], [], { ifname: ['a=b'] }],
  ['an empty value', ['--ifname='], [], { ifname: [''] }],
  ['a value that looks like an option', ['--ifname', '--json'], [], { ifname: ['--json'] }],
  ['one letter', ['-i', 'eth1'], [], { ifname: ['eth1'] }],
  ['one letter and =', ['-i=eth1'], [], { ifname: ['eth1'] }],
  ['an option without a value', ['--json', 'pods'], ['pods'], { json: [''] }],
  ['an option more than once', ['--valid', 'a/b', '--valid=c/d'], [], { valid: ['a/b', 'c/d'] }],
  ['-- before operands', ['--json', '--', '--ifname', '-x'], ['--ifname', '-x'], { json: [''] }],
  ['- is an operand', ['-'], ['-'], {}],
])('%s', (_, words, operands, given) => {
  const line = parseCommandLine(words, options);
  expect(line.operands).toEqual(operands);
  expect(Object.fromEntries(line.given)).toEqual(given);
});

test.each<[string, string[], string]>([
  ['an unknown option', ['--foo'], 'unknown option --foo'],
  ['a misspelled one', ['--ifnmae', 'x'], 'unknown option --ifnmae; did you mean --ifname?'],
  ['a name that every object has', ['--constructor'], 'unknown option --constructor'],
  ['an unknown letter', ['-x'], 'unknown option -x'],
  ['letters together', ['-ij'], 'unknown option -ij'],
  ['a missing value', ['--ifname'], '--ifname needs a value: --ifname NAME'],
  ['a value where none is taken', ['--json=yes'], '--json takes no value'],
  ['twice what counts once', ['--json', '--json'], '--json is given twice'],
])('%s is refused', (_, words, message) => {
  expect(() => parseCommandLine(words, options)).toThrow(message);
});
