import { SysError } from '@cni/sys';
import { expect, test } from 'vitest';
import { CODES } from './codes.ts';
import { CniError, isCniError, toFailure, withDetails } from './error.ts';

/** As another package's error looks from here. */
const netlinkError = (errno: string) =>
  Object.assign(new Error(`add link eth0: ${errno}`), { name: 'NetlinkError', errno });

test.each([
  ['our own', new CniError('INVALID_CONFIG', 'mode: no'), { code: 7, msg: 'mode: no', details: '' }],
  ['carried through', new CniError(147, 'm', { details: 'd' }), { code: 147, msg: 'm', details: 'd' }],
  ['a system call', new SysError('open /x', 2), { code: 5, msg: 'open /x: ENOENT', details: '' }],
  ['a system call to try again', new SysError('lock /x', 11), { code: 11, msg: 'lock /x: EAGAIN', details: '' }],
  ['the kernel', netlinkError('EINVAL'), { code: 999, msg: 'add link eth0: EINVAL', details: '' }],
  ['the kernel, busy', netlinkError('EBUSY'), { code: 11, msg: 'add link eth0: EBUSY', details: '' }],
  ['a plain error', new Error('no'), { code: 999, msg: 'no', details: '' }],
  ['a bug', new TypeError('x is not a function'), { code: 999, msg: 'TypeError: x is not a function', details: '' }],
  ['an empty message', new Error(''), { code: 999, msg: 'Error: ', details: '' }],
  ['more than one line', new Error('a\n  b'), { code: 999, msg: 'a b', details: '' }],
  ['no error at all', 'text', { code: 999, msg: 'thrown: text', details: '' }],
  ['undefined', undefined, { code: 999, msg: 'thrown: undefined', details: '' }],
])('%s', (_, thrown, failure) => {
  expect(toFailure(thrown)).toEqual(failure);
});

test('causes, one line each, unless the message has them already', () => {
  const inner = new SysError('read /x', 5);
  const middle = new CniError('STORE_DAMAGED', 'no lease', { cause: inner, details: 'one\ntwo' });
  const outer = new Error(`release: ${middle.message}`, { cause: middle });
  expect(toFailure(outer).details).toBe('one\ntwo\nread /x: EIO');
});

test('a chain of causes without an end', () => {
  const error = new Error('a');
  error.cause = error;
  expect(toFailure(error)).toEqual({ code: 999, msg: 'a', details: '' });
});

test('all errors of several', () => {
  expect(toFailure(new AggregateError([new Error('a'), new Error('b')], 'both')).details).toBe('a\nb');
});

test('guards look at shape, and at codes', () => {
  const foreign = Object.assign(new Error('x'), { name: 'CniError', code: 7 });
  expect(isCniError(foreign)).toBe(true);
  expect(isCniError(foreign, 'INVALID_CONFIG', 'INTERNAL')).toBe(true);
  expect(isCniError(foreign, 'INTERNAL')).toBe(false);
  expect(isCniError({ name: 'CniError', code: 7 })).toBe(false);
  expect(isCniError(new Error('x'))).toBe(false);
});

test('more details keep code, message, stack and what was there', () => {
  const error = new CniError('LINK_EXISTS', 'eth0', { details: 'a' });
  const more = withDetails(error, ['b']) as CniError;
  expect(toFailure(more)).toEqual({ code: 100, msg: 'eth0', details: 'a\nb' });
  expect(more.stack).toBe(error.stack);
  expect(withDetails(error, [])).toBe(error);
});

test('no number stands for two codes, and none for what the specification reserves', () => {
  const numbers = Object.values(CODES).map(([number]) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.filter((number) => number < 100)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 11, 50, 51]);
});
