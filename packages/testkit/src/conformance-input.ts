import { expect } from 'vitest';
import type { Case, Place, Subject } from './conformance.ts';
import {
  ask,
  expectNothingLeft,
  expectRefusal,
  inPlace,
  NETWORK,
  type Question,
  REQUEST_VERBS,
} from './conformance-ask.ts';

const UNKNOWN_VERBS = ['GET', 'add', 'ADD ', 'constructor', '__proto__', 'toString'];

const MISSING = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME'],
} as const;

const BAD_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  CNI_CONTAINERID: ['..', '../x', '.x', '_x', '-x', 'a b', 'a/b', 'a\n', '\u212a'],
  CNI_IFNAME: ['.', '..', 'a/b', 'a:b', 'a b', 'a\u0085b', 'a\u2028b', '1234567890123456', 'é'.repeat(8)],
};

/** What is on stdin, and the codes that it may be refused with. */
const BAD_STDIN: Readonly<Record<string, readonly [stdin: string, codes: readonly number[]]>> = {
  nothing: ['', [5, 6]],
  'white space': [' \n', [5, 6]],
  'no JSON': ['hello', [6]],
  'half a document': ['{"name":"a","cniVersion":', [6]],
  'two documents': ['{"name":"a"}{"name":"b"}', [6]],
  'a byte order mark': ['\ufeff{"name":"a"}', [6]],
  'a list': ['[]', [6]],
  'a text': ['"a"', [6]],
  'a number': ['1', [6]],
  null: ['null', [6, 7]],
  'a mebibyte of brackets': ['['.repeat(1 << 20), [6]],
  'two mebibytes of white space': [' '.repeat(1 << 21), [5, 6]],
  'a version that is a number': [`{"name":"${NETWORK}","cniVersion":1}`, [6]],
  'a name that is a list': ['{"name":[]}', [6, 7]],
  'no name': ['{}', [7]],
  'an empty name': ['{"name":""}', [7]],
  'a name that is a path': ['{"name":"../a"}', [7]],
  'a name with a newline': ['{"name":"a\\n"}', [7]],
  'a name for every object': ['{"__proto__":{"name":"a"}}', [7]],
};

const VERSION_STDIN = ['', 'hello', '{', '[]', 'null', '{"cniVersion":7}', '['.repeat(1 << 20)];

/** What a plugin does with its environment and input before it does anything else. */
export function inputCases(subject: Subject): Case[] {
  return [
    {
      name: 'no command: says what it is on stderr',
      run: () => inPlace(subject, (place) => introduces(subject, place)),
    },
    { name: 'VERSION, whatever is on stdin', run: () => inPlace(subject, (place) => tellsVersions(subject, place)) },
    ...UNKNOWN_VERBS.map((verb) => refusalCase(subject, `unknown verb "${verb}"`, { verb }, [4], /CNI_COMMAND/)),
    ...Object.entries(MISSING).flatMap(([verb, names]) => missingCases(subject, verb, names)),
    ...Object.entries(BAD_VARIABLES).flatMap(([name, values]) => badVariableCases(subject, name, values)),
    ...Object.entries(BAD_STDIN).flatMap(([what, [stdin, codes]]) =>
      REQUEST_VERBS.map((verb) => refusalCase(subject, `${verb} with ${what} on stdin`, { verb, stdin }, codes)),
    ),
  ];
}

function introduces(subject: Subject, place: Place): void {
  const { status, document, stderr } = ask(subject, place, { verb: '', stdin: '' });
  expect({ status, document }).toEqual({ status: 0, document: undefined });
  for (const version of subject.versions) expect(stderr).toContain(version);
}

function tellsVersions(subject: Subject, place: Place): void {
  const junk = { CNI_CONTAINERID: '..', CNI_NETNS: 'dummy', CNI_IFNAME: 'a/b', CNI_PATH: 'dummy', CNI_ARGS: 'x' };
  const supportedVersions = [...subject.versions];
  for (const stdin of VERSION_STDIN) {
    const { document } = ask(subject, place, { verb: 'VERSION', stdin, env: junk });
    expect(document).toEqual({ cniVersion: expect.stringMatching(/./), supportedVersions });
  }
  for (const cniVersion of ['0.1.0', '1.0.0', '1.1.0']) {
    const { document } = ask(subject, place, { verb: 'VERSION', stdin: JSON.stringify({ cniVersion }), env: {} });
    expect(document).toEqual({ cniVersion, supportedVersions });
  }
}

function refusalCase(
  subject: Subject,
  name: string,
  question: Question,
  codes: readonly number[],
  message?: RegExp,
): Case {
  const run = (place: Place) => {
    expectRefusal(ask(subject, place, question), codes, message);
    expectNothingLeft(place, question.verb);
  };
  return { name, run: () => inPlace(subject, run) };
}

function missingCases(subject: Subject, verb: string, names: readonly string[]): Case[] {
  const all = Object.fromEntries(names.map((name) => [name, '']));
  const everyName = new RegExp(names.map((name) => `(?=.*${name})`).join(''));
  return [
    ...names.map((name) =>
      refusalCase(subject, `${verb} without ${name}`, { verb, env: { [name]: '' } }, [4], new RegExp(name)),
    ),
    refusalCase(subject, `${verb} without any of them`, { verb, env: all }, [4], everyName),
  ];
}

function badVariableCases(subject: Subject, name: string, values: readonly string[]): Case[] {
  const refused = ['ADD', 'DEL', 'CHECK'].map((verb): Case => {
    const run = (place: Place) => {
      for (const value of values)
        expectRefusal(ask(subject, place, { verb, env: { [name]: value } }), [4], new RegExp(name));
      expectNothingLeft(place, verb);
    };
    return { name: `${verb} with a bad ${name}`, run: () => inPlace(subject, run) };
  });
  if (!subject.versions.includes('1.1.0')) return refused;
  const ignores = (place: Place) => {
    for (const value of values) expect(ask(subject, place, { verb: 'GC', env: { [name]: value } }).status).toBe(0);
  };
  return [...refused, { name: `GC does not look at ${name}`, run: () => inPlace(subject, ignores) }];
}
