import { isIdentifier } from '@cni/skel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { absolute, containerIdOf, formatPairs, netnsPath } from './attachment.ts';

test.each([
  ['blue', '/run/netns/blue'],
  ['/var/run/netns/blue', '/var/run/netns/blue'],
  ['/proc/7/ns/net', '/proc/7/ns/net'],
  ['./blue', '/srv/blue'],
  ['a/./blue', '/srv/a/blue'],
])('the namespace %s is at %s', (given, path) => {
  expect(netnsPath(given, '/srv')).toBe(path);
});

test.each([
  ['dist/bin', '/srv/dist/bin'],
  ['../bin', '/srv/../bin'],
  ['/bin', '/bin'],
])('%s is %s', (path, expected) => {
  expect(absolute(path, '/srv')).toBe(expected);
});

test.each([
  ['/run/netns/blue', 'cnictl-blue'],
  ['/var/run/netns/blue', 'cnictl-blue'],
  ['/run/netns/cni-1.2_3', 'cnictl-cni-1.2_3'],
  ['/proc/7/ns/net', 'cnictl-464e10414ab0fc26'],
  ['/run/netns/-x', 'cnictl-a228ac929d73b07c'],
])('the container of %s is %s', (path, id) => {
  expect(containerIdOf(path)).toBe(id);
});

test('ids are valid, stable, and distinct for distinct paths', () => {
  const path = fc.string({ minLength: 1, maxLength: 30 }).map((rest) => `/proc/${rest}`);
  fc.assert(
    fc.property(path, path, (one, other) => {
      expect(isIdentifier(containerIdOf(one))).toBe(true);
      expect(containerIdOf(one) === containerIdOf(other)).toBe(one === other);
    }),
  );
});

test('pairs as CNI_ARGS', () => {
  expect(formatPairs([])).toBe('');
  expect(formatPairs([['IP', '10.0.0.1'] as const, ['MAC', ''] as const])).toBe('IP=10.0.0.1;MAC=');
});
