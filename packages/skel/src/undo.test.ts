import { expect, test } from 'vitest';
import { CniError, toFailure } from './error.ts';
import { attemptAll, withUndo } from './undo.ts';

function caught(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

const fail = (message: string) => () => {
  throw new CniError('CHECK_FAILED', message, { details: `about ${message}` });
};

test('what was deferred is dropped when the work is done', () => {
  const undone: string[] = [];
  expect(
    withUndo((undo) => {
      undo.defer('a', () => undone.push('a'));
      return 5;
    }),
  ).toBe(5);
  expect(undone).toEqual([]);
});

test('in reverse, all of it, and the first error stays the first', () => {
  const undone: string[] = [];
  const error = caught(() =>
    withUndo((undo) => {
      undo.defer('delete the link', () => undone.push('link'));
      undo.defer('remove the rule', fail('rule'));
      undo.defer('release the addresses', () => undone.push('addresses'));
      throw new CniError('LINK_EXISTS', 'eth0', { details: 'first' });
    }),
  );
  expect(undone).toEqual(['addresses', 'link']);
  expect(toFailure(error)).toEqual({
    code: 100,
    msg: 'eth0',
    details: 'first\nundo: remove the rule: rule; about rule',
  });
});

test('every piece is attempted', () => {
  const done: number[] = [];
  const error = caught(() =>
    attemptAll(
      fail('a'),
      () => done.push(1),
      fail('b'),
      () => done.push(2),
    ),
  );
  expect(done).toEqual([1, 2]);
  expect(toFailure(error)).toEqual({ code: 122, msg: 'a, and 1 more', details: 'about a\nb\nabout b' });
});

test('one error is thrown as it is, none is none', () => {
  expect(toFailure(caught(() => attemptAll(() => {}, fail('a'))))).toEqual({ code: 110, msg: 'a', details: 'about a' });
  expect(caught(() => attemptAll(() => {}))).toBeUndefined();
});
