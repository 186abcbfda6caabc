import { expect, test } from 'vitest';
import { isIdentifier, readVerb, variable } from './environment.ts';

const full = { CNI_CONTAINERID: 'id', CNI_NETNS: '/run/netns/x', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' };
const refusal = (message: unknown) => expect.objectContaining({ name: 'CniError', code: 4, message });

test.each(['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'])('%s with everything', (verb) => {
  expect(readVerb({ ...full, CNI_COMMAND: verb })).toBe(verb);
});

test.each(['GC', 'STATUS', 'VERSION'])('%s looks at no variable of an attachment', (verb) => {
  expect(readVerb({ CNI_COMMAND: verb, CNI_CONTAINERID: '../..', CNI_IFNAME: 'a/b', CNI_PATH: '/' })).toBe(verb);
});

test.each(['add', 'ADD ', 'GET', 'constructor', '__proto__', 'toString'])('unknown verb "%s"', (verb) => {
  expect(() => readVerb({ ...full, CNI_COMMAND: verb })).toThrow(refusal(expect.stringContaining('CNI_COMMAND')));
});

test.each([
  ['ADD', 'CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME: required for ADD'],
  ['CHECK', 'CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME: required for CHECK'],
  ['DEL', 'CNI_CONTAINERID, CNI_IFNAME: required for DEL'],
  ['GC', 'CNI_PATH: required for GC'],
])('all that %s misses is told of at once', (verb, message) => {
  expect(() => readVerb({ CNI_COMMAND: verb, CNI_NETNS: '' })).toThrow(refusal(message));
});

test('a wrong variable comes before missing ones', () => {
  expect(() => readVerb({ CNI_COMMAND: 'ADD', CNI_CONTAINERID: '..' })).toThrow(
    refusal(expect.stringMatching(/^CNI_CONTAINERID: "\.\." is not/)),
  );
});

test('only what is set is there', () => {
  expect(variable({}, 'toString')).toBe('');
});

test.each(['a', '0', 'a..b', 'a-', 'A_b.c-9', 'x'.repeat(300)])('"%s" is a container id', (text) => {
  expect(isIdentifier(text)).toBe(true);
});

test.each(['', '..', '.a', '_a', '-a', 'a\n', 'a b', 'a/b', 'ä', '\u212a', 'a\u017f'])(
  '"%s" is no container id',
  (text) => {
    expect(isIdentifier(text)).toBe(false);
  },
);

test.each(['eth0', '...', '-x', 'a@b', 'é'.repeat(7), '123456789012345', '\ufeff'])('"%s" is a link name', (name) => {
  expect(readVerb({ ...full, CNI_COMMAND: 'ADD', CNI_IFNAME: name })).toBe('ADD');
});

const whiteSpace = [...'\t\n\v\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000'];

test.each(['.', '..', 'a/b', 'a:b', '1234567890123456', 'é'.repeat(8), ...whiteSpace.map((space) => `a${space}b`)])(
  '"%s" is no link name',
  (name) => {
    expect(() => readVerb({ ...full, CNI_COMMAND: 'DEL', CNI_IFNAME: name })).toThrow(
      refusal(expect.stringMatching(/^CNI_IFNAME: /)),
    );
  },
);
