import { expect, test } from 'vitest';
import { lockFile, pid, randomHex, removeIfPresent } from './index.ts';

test('one holder at a time, named to those who wait', () => {
  const path = `/tmp/cni-lock-${randomHex(6)}`;
  const first = lockFile(path, 0);
  expect(() => lockFile(path, 30)).toThrow(`lock ${path}, held by pid ${pid()}, for 30 ms: EAGAIN`);
  first.release();
  lockFile(path, 0).release();
  removeIfPresent(path);
});
