import * as sys from '@cni/sys';
import { syscalls } from '@cni/sys/syscalls';
import { expect, test } from 'vitest';
import { eachFault, withFault } from './faults.ts';

const path = () => `/tmp/cni-testkit-${sys.randomHex(6)}`;

test('one call refused, the next not, and the real ones back', () => {
  const before = { ...syscalls };
  const file = path();
  const { value, refused } = withFault({ at: 1, kind: 'once' }, () => {
    expect(() => sys.writeFile(file, 'a')).toThrow(`write ${file}: EIO`);
    sys.writeFile(file, 'b');
    return sys.readText(file);
  });
  expect({ value, refused }).toEqual({ value: 'b', refused: 'call 1, write' });
  expect({ ...syscalls }).toEqual(before);
  sys.removeIfPresent(file);
});

test('after a crash nothing works, and the real calls come back even so', () => {
  const before = { ...syscalls };
  const crash = () =>
    withFault({ at: 0, kind: 'crash' }, () => {
      expect(() => sys.makeDirectories(path())).toThrow('EIO');
      sys.writeFile(path(), 'a');
    });
  expect(crash).toThrow('EIO');
  expect({ ...syscalls }).toEqual(before);
});

test('each step in turn, until there is none', () => {
  const file = path();
  const seen: (string | undefined)[] = [];
  const steps = eachFault('once', (fault) => {
    const result = withFault(fault, () => {
      try {
        sys.replaceFile(file, 'a', `${file}.aside`);
      } catch {}
    });
    seen.push(result.refused);
    return result;
  });
  expect(steps).toBe(4);
  expect(seen).toEqual(['call 0, open', 'call 1, write', 'call 2, fsync', 'call 3, rename', undefined]);
  expect(sys.removeIfPresent(file)).toBe(true);
  expect(sys.findStat(`${file}.aside`)).toBeUndefined();
});
