import { expect, test } from 'vitest';
import { describeThrown } from './stack.ts';

const withStack = (error: Error, stack: string) => Object.assign(error, { stack });

test.each([
  ['with the message', 'TypeError: no\n    at f (a.ts:1)\n    at g (a.ts:2)'],
  ['without', '    at f (a.ts:1)\n    at g (a.ts:2)\n'],
])('a stack %s', (_, stack) => {
  const error = withStack(new TypeError('no'), stack);
  expect(describeThrown(error)).toBe('TypeError: no\n    at f (a.ts:1)\n    at g (a.ts:2)\n');
});

test('causes, also in a circle', () => {
  const error = withStack(new Error('a'), '');
  error.cause = withStack(new Error('b', { cause: 'c' }), '    at f');
  expect(describeThrown(error)).toBe('Error: a\ncaused by Error: b\n    at f\ncaused by thrown: c\n');
  error.cause = error;
  expect(describeThrown(error).split('\n')).toHaveLength(18);
});
