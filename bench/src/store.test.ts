import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addressAt, fillStore } from './store.ts';

test.each([
  ['IPv4', 0, '10.64.0.2'],
  ['IPv4', 254, '10.64.1.0'],
  ['IPv4', 60_000, '10.64.234.98'],
  ['IPv6', 0, 'fd00:64::2'],
  ['IPv6', 60_000, 'fd00:64::ea62'],
] as const)('%s address %d', (family, index, address) => {
  expect(addressAt(family, index)).toBe(address);
});

test('a store looks as the reference leaves it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cni-bench-'));
  try {
    fillStore(directory, 'net', 'IPv4', 3);
    const names = readdirSync(join(directory, 'net')).sort();
    expect(names).toEqual(['10.64.0.2', '10.64.0.3', '10.64.0.4', 'last_reserved_ip.0', 'lock']);
    expect(readFileSync(join(directory, 'net/10.64.0.3'), 'utf8')).toMatch(/^[0-9a-f]{64}\r\neth0$/);
    expect(readFileSync(join(directory, 'net/last_reserved_ip.0'), 'utf8')).toBe('10.64.0.4');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
