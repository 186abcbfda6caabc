import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@cni/sys';
import { syscalls } from '@cni/sys/syscalls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Outcome, runFree } from './testing/stage.ts';

/** Debian's, as many nodes have them. */
const REFERENCE = '/usr/lib/cni/host-local';

let scratch: string;
let from: string;
let bin: string;
beforeEach(() => {
  scratch = mkdtempSync('/tmp/cnictl-install-');
  [from, bin] = [join(scratch, 'release'), join(scratch, 'opt/cni/bin')];
  mkdirSync(from);
  pack({ 'host-local': ours('2.0.0'), ipvlan: ours('2.0.0') });
});
afterEach(() => rmSync(scratch, { recursive: true }));

/** A script that speaks, and ends, as an executable of a release does. */
const ours = (version: string, generation = '02') =>
  `#!/bin/sh\nprintf 'does something\\nCNI versions: 1.0.0\\nversion ${version}\\n' >&2\nexit 0\nCNIAOT${generation}`;

function pack(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(from, name), content, { mode: 0o755 });
  const lines = Object.keys(files).map((name) => `${sha256(readFileSync(join(from, name)))}  ${name}\n`);
  writeFileSync(join(from, 'SHA256SUMS'), lines.join(''));
}

function put(name: string, content: string): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), content, { mode: 0o755 });
}

const run = (...words: string[]): Outcome => runFree({}, 'install', ...words, '--bin-dir', bin);
const install = (...words: string[]): Outcome => run(...words, '--from', from);
const installed = (name: string) => readFileSync(join(bin, name), 'utf8');
const visible = () => readdirSync(bin).filter((name) => name !== '.cnictl');

test('into a directory that is not there yet: executable for all, whatever the umask', () => {
  const umask = process.umask(0o077);
  const { status, stdout, stderr } = install();
  process.umask(umask);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toBe(
    [
      'installed  host-local  release 2.0.0  was not there',
      'installed  ipvlan      release 2.0.0  was not there',
      `directory  ${bin}`,
      '',
    ].join('\n'),
  );
  expect(visible().map((name) => [name, statSync(join(bin, name)).mode & 0o777])).toEqual([
    ['host-local', 0o755],
    ['ipvlan', 0o755],
  ]);
  expect(installed('ipvlan')).toBe(ours('2.0.0'));
});

test('only what is named; what is there already is left alone', () => {
  expect(install('ipvlan').status).toBe(0);
  expect(visible()).toEqual(['ipvlan']);
  const { ino } = statSync(join(bin, 'ipvlan'));
  expect(JSON.parse(install('--json').stdout)).toEqual({
    directory: bin,
    files: [
      { action: 'installed', name: 'host-local', is: 'release 2.0.0', before: 'not there' },
      { action: 'unchanged', name: 'ipvlan', is: 'release 2.0.0' },
    ],
  });
  expect(statSync(join(bin, 'ipvlan')).ino).toBe(ino);
});

test('over another release, and back', () => {
  put('ipvlan', ours('1.0.0', '01'));
  expect(install().stdout).toContain('installed  ipvlan      release 2.0.0  was release 1.0.0\n');
  expect(run('--rollback').stdout).toBe(`removed    host-local\nrestored   ipvlan  release 1.0.0\ndirectory  ${bin}\n`);
  expect(visible()).toEqual(['ipvlan']);
  expect(installed('ipvlan')).toBe(ours('1.0.0', '01'));
  expect(run('--rollback')).toMatchObject({ status: 1, stderr: `cnictl: nothing to roll back in ${bin} (code 5)\n` });
});

test('an install that changes nothing keeps the way back', () => {
  put('ipvlan', ours('1.0.0'));
  install();
  install();
  expect(run('--rollback').status).toBe(0);
  expect(installed('ipvlan')).toBe(ours('1.0.0'));
});

test('the reference plugin is not overwritten without --force, nor anything beside it', () => {
  mkdirSync(bin, { recursive: true });
  copyFileSync(REFERENCE, join(bin, 'host-local'));
  chmodSync(join(bin, 'host-local'), 0o755);
  const { status, stdout, stderr } = install();
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    new RegExp(
      `^cnictl: ${bin} has files of others by the same names, nothing was changed \\(code 5\\)\n` +
        '  host-local is the reference plugin \\(CNI host-local plugin .*\\)\n  --force overwrites them',
    ),
  );
  expect(visible()).toEqual(['host-local']);
  expect(install('--force').stdout).toMatch(/^installed {2}host-local {2}release 2\.0\.0 {2}was the reference plugin/);
  run('--rollback');
  expect(readFileSync(join(bin, 'host-local')).equals(readFileSync(REFERENCE))).toBe(true);
});

test.each([
  ['a script', '#!/bin/sh\necho hello\n', 'something else (hello)'],
  ['a program of another machine', 'no program', 'something else'],
])('%s of that name is somebody else’s', (_, content, what) => {
  put('ipvlan', content);
  expect(install()).toMatchObject({ status: 1, stderr: expect.stringContaining(`  ipvlan is ${what}\n`) });
  expect(installed('ipvlan')).toBe(content);
});

test.each(['/usr/lib/cni/host-local', '/none'])(
  'a link to %s is replaced, not what it leads to, and comes back',
  (target) => {
    mkdirSync(bin, { recursive: true });
    symlinkSync(target, join(bin, 'host-local'));
    expect(install().status).toBe(1);
    expect(install('--force').status).toBe(0);
    expect(lstatSync(join(bin, 'host-local')).isFile()).toBe(true);
    expect(run('--rollback').status).toBe(0);
    expect(readlinkSync(join(bin, 'host-local'))).toBe(target);
  },
);

test('a damaged file of the release: nothing is installed', () => {
  writeFileSync(join(from, 'ipvlan'), 'half');
  const { status, stderr } = install();
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^cnictl: \S+\/ipvlan is damaged: its SHA-256 is [0-9a-f]{64}, SHA256SUMS says [0-9a-f]{64} \(co/,
  );
  expect(() => visible()).toThrow('ENOENT');
});

test('--verify: what is missing, and what is not the release’s', () => {
  install();
  expect(install('--verify')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^verified.*\nverified/) });
  const bytes = readFileSync(join(bin, 'host-local'));
  bytes[20] = 0x41;
  writeFileSync(join(bin, 'host-local'), bytes);
  rmSync(join(bin, 'ipvlan'));
  const { status, stdout } = install('--verify');
  expect(status).toBe(1);
  expect(stdout).toMatch(/^differs {4}host-local {2}.*\nmissing {4}ipvlan\n/);
  expect(visible()).toEqual(['host-local']);
});

test('what somebody changed since is not rolled back without --force', () => {
  put('ipvlan', ours('1.0.0'));
  install();
  put('ipvlan', 'mine');
  put('host-local', 'mine too');
  const { status, stderr } = run('--rollback');
  expect([status, installed('ipvlan')]).toEqual([1, 'mine']);
  expect(stderr).toContain(`changed in ${bin} since the install: host-local, ipvlan (code 5)`);
  expect(run('--rollback', '--force').status).toBe(0);
  expect([visible(), installed('ipvlan')]).toEqual([['ipvlan'], ours('1.0.0')]);
});

test('stopped at any step: each file is the old one or the new one, and a rollback brings the old ones', () => {
  const rename = syscalls.rename;
  for (let allowed = 0; allowed < 2; allowed++) {
    put('host-local', ours('1.0.0'));
    put('ipvlan', ours('1.0.0'));
    let count = 0;
    syscalls.rename = (...names) => (count++ < allowed ? rename(...names) : -28);
    expect(install()).toMatchObject({ status: 1, stderr: expect.stringContaining('ENOSPC') });
    syscalls.rename = rename;
    expect(readdirSync(join(bin, '.cnictl')).filter((name) => name.endsWith('.new'))).toEqual([]);
    expect(['host-local', 'ipvlan'].filter((name) => installed(name) === ours('2.0.0'))).toHaveLength(allowed);
    expect(run('--rollback').status).toBe(0);
    expect(['host-local', 'ipvlan'].map(installed)).toEqual([ours('1.0.0'), ours('1.0.0')]);
  }
});

test('a disk that is full changes nothing', () => {
  put('ipvlan', ours('1.0.0'));
  const write = syscalls.write;
  let count = 0;
  syscalls.write = (...call) => (count++ < 1 ? write(...call) : -28);
  const { status } = install();
  syscalls.write = write;
  expect([status, visible(), installed('ipvlan')]).toEqual([1, ['ipvlan'], ours('1.0.0')]);
  expect(run('--rollback').status).toBe(1);
});

test.each<[string, string[], number, string]>([
  ['a name that is not in the release', ['macvlan'], 1, 'macvlan: not in this release, which has host-local, ipvlan'],
  ['both ways at once', ['--verify', '--rollback'], 2, '--verify and --rollback exclude each other'],
  ['a part of a rollback', ['--rollback', 'ipvlan'], 2, '--rollback takes back all that the last install did'],
])('refused: %s', (_, words, expected, message) => {
  const { status, stderr } = install(...words);
  expect(status).toBe(expected);
  expect(stderr).toContain(message);
});

test('no release where it should be, and a list of checksums that is none', () => {
  rmSync(join(from, 'SHA256SUMS'));
  expect(install().stderr).toContain(
    `no SHA256SUMS in ${from}: name the directory a release was unpacked into, --from`,
  );
  writeFileSync(join(from, 'SHA256SUMS'), 'abc  ../ipvlan\n');
  expect(install().stderr).toContain('SHA256SUMS:1: expected a SHA-256 and a name (got "abc  ../ipvlan")');
});
