import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changelogOf } from './changelog.ts';
import { parseOptions } from './options.ts';
import { epochOf, pendingChangesets, readRepository } from './repository.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cni-release-'));
  write('apps/b/package.json', { name: 'app-b', version: '1.2.0', private: true });
  write('apps/a/package.json', { name: 'app-a', version: '1.2.0', private: true });
  write('packages/p/package.json', { name: 'p', version: '1.2.0' });
  write('packages/kit/package.json', { name: 'kit', version: '0.0.0', private: true });
  write('packages/aot/platforms/x/package.json', { name: 'x', version: '1.2.0' });
  write('.changeset/README.md', '');
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
}

describe('command line', () => {
  const all = { architectures: ['amd64', 'arm64'], names: [], help: false };

  test.each([
    ['', { ...all, dryRun: false }],
    ['--dry-run', { ...all, dryRun: true }],
    ['--dry-run --arch arm64 ipvlan', { ...all, dryRun: true, architectures: ['arm64'], names: ['ipvlan'] }],
  ])('%s', (line, options) => {
    expect(parseOptions(line.split(' ').filter(Boolean))).toEqual(options);
  });

  test.each([
    ['--arch amd64', 'a part of a release is for a dry run only: add --dry-run'],
    ['ipvlan', 'a part of a release is for a dry run only: add --dry-run'],
    ['--dry-run --arch mips', '--arch mips: expected amd64 or arm64'],
    ['--publish', "Unknown option '--publish'"],
  ])('refused: %s', (line, message) => {
    expect(() => parseOptions(line.split(' '))).toThrow(message);
  });
});

describe('what a release is made of', () => {
  test('is found, not listed', () => {
    expect(readRepository(root)).toEqual({
      root,
      version: '1.2.0',
      apps: ['a', 'b'],
      published: ['packages/aot/platforms/x', 'packages/p'],
    });
  });

  test('has one version', () => {
    write('packages/p/package.json', { name: 'p', version: '1.3.0' });
    expect(() => readRepository(root)).toThrow('one release, one version: app-a is 1.2.0, p is 1.3.0');
  });

  test('is dated by SOURCE_DATE_EPOCH', () => {
    const before = process.env['SOURCE_DATE_EPOCH'];
    try {
      process.env['SOURCE_DATE_EPOCH'] = '86400';
      expect(epochOf(readRepository(root))).toBe(86_400);
      process.env['SOURCE_DATE_EPOCH'] = 'yesterday';
      expect(() => epochOf(readRepository(root))).toThrow('expected seconds since the epoch (got "yesterday")');
    } finally {
      if (before === undefined) delete process.env['SOURCE_DATE_EPOCH'];
      else process.env['SOURCE_DATE_EPOCH'] = before;
    }
  });
});

describe('changes', () => {
  test('those of this version, each once, without what only moved along', () => {
    const notes =
      '\n## 1.2.0\n\n### Minor Changes\n\n- 1a2b3c4: One is there.\n  In two lines.\n\n### Patch Changes\n\n';
    write('packages/p/CHANGELOG.md', `# p${notes}- 5a6b7c8: Two is mended.\n\n## 1.1.0\n\n- old\n`);
    write('apps/a/CHANGELOG.md', `# app-a${notes}- Updated dependencies [1a2b3c4]\n  - p@1.2.0\n`);
    expect(changelogOf(readRepository(root))).toBe(
      '# Changes\n\n## 1.2.0\n\n- One is there.\n  In two lines.\n\n- Two is mended.\n',
    );
  });

  test('before there is a version, the changesets', () => {
    write('.changeset/new.md', "---\n'p': minor\n---\n\nThree is coming.\n");
    expect(pendingChangesets(readRepository(root))).toEqual(['new.md']);
    expect(changelogOf(readRepository(root))).toBe('# Changes\n\n## 1.2.0, not released\n\n- Three is coming.\n');
  });
});
