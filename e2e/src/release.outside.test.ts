/**
 * Releases, made by the one command in two copies of the repository, and installed from their tarballs. The second one stays where the
 * tests on an ipvlan kernel find it.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneTo, commitAll, run } from './clone.ts';
import { release as kept, reference } from './world.ts';

const architecture = arch() === 'arm64' ? 'arm64' : 'amd64';
const minutes = 60_000;
/** Any: the dates of the files in the tarball. */
const EPOCH = 1_700_000_000;

const scratch = mkdtempSync(join(tmpdir(), 'cni-release-'));
const [one, two] = [join(scratch, 'one'), join(scratch, 'far/away/two')];
const [old, latest, bin] = ['old', 'latest', 'opt/cni/bin'].map((name) => join(scratch, name)) as [
  string,
  string,
  string,
];

/** Runs `npm run release` without its set-up; gives the path of the tarball. */
function release(copy: string, umask: string, ...names: string[]): string {
  const command = ['--conditions=@cni/source', 'release/src/main.ts', '--dry-run', '--arch', architecture, ...names];
  run(copy, 'sh', '-c', `umask ${umask} && exec node "$@"`, 'sh', ...command);
  const [name = ''] = readdirSync(join(copy, 'dist/release')).filter((file) => file.endsWith('.tgz'));
  return join(copy, 'dist/release', name);
}

function unpack(tarball: string, directory: string): void {
  mkdirSync(directory);
  run(directory, 'tar', '-xzf', tarball);
}

const names = ['cnictl', 'host-local'];

beforeAll(() => {
  cloneTo(one, EPOCH);
  cloneTo(two, EPOCH);
  // As another person has it: later, and for nobody else to read.
  run(two, 'sh', '-c', 'chmod -R go= . && find . -type f -exec touch -d 2033-03-03 {} +');
}, 5 * minutes);
afterAll(() => rmSync(scratch, { recursive: true }));

describe('from sources to a node', () => {
  test('two builds, at different places and times, by different people: the same bytes', {
    timeout: 5 * minutes,
  }, () => {
    const [first, second] = [release(one, '022', ...names), release(two, '077', ...names)];
    expect(first).toMatch(new RegExp(`/cni-ipvlan-plugins-linux-${architecture}-v\\d+\\.\\d+\\.\\d+\\.tgz$`));
    for (const path of ['', '.sha256'])
      expect(readFileSync(`${first}${path}`).equals(readFileSync(`${second}${path}`))).toBe(true);
    expect(run(join(one, 'dist/release'), 'sha256sum', '-c', `${first}.sha256`)).toContain(': OK');
    unpack(first, old);
    const list = run(old, 'tar', '--utc', '-tvzf', first).split('\n').filter(Boolean);
    for (const line of list)
      expect(line).toMatch(/^(-rwxr-xr-x|-rw-r--r--|drwxr-xr-x) 0\/0 +\d+ 2023-11-14 22:13 [\w.]/);
  });

  test('the next version, by changesets', { timeout: 5 * minutes }, () => {
    writeFileSync(join(two, '.changeset/one-more.md'), "---\n'@cni/app-cnictl': minor\n---\n\nOne thing more.\n");
    commitAll(two, EPOCH);
    run(two, 'changeset', 'version');
    commitAll(two, EPOCH);
    const tarball = release(two, '022');
    unpack(tarball, latest);
    const version = /-v(.*)\.tgz$/.exec(tarball)?.[1] ?? '';
    expect(run(latest, './cnictl', '--version')).toBe(`cnictl ${version}\n`);
    expect(run(old, './cnictl', '--version')).not.toBe(`cnictl ${version}\n`);
    expect(spawnSync(join(latest, 'ipvlan'), { env: {}, encoding: 'utf8' }).stderr).toContain(`\nversion ${version}\n`);
    expect(readFileSync(join(latest, 'CHANGELOG.md'), 'utf8')).toMatch(`# Changes\n\n## ${version}\n`);
    expect(readFileSync(join(latest, 'CHANGELOG.md'), 'utf8')).toContain('- One thing more.\n');
    rmSync(kept, { recursive: true, force: true });
    mkdirSync(kept, { recursive: true });
    for (const name of [tarball, `${tarball}.sha256`]) cpSync(name, join(kept, name.slice(name.lastIndexOf('/') + 1)));
  });

  test('every app is in it, and the notices of all that is inside', () => {
    const sums = readFileSync(join(latest, 'SHA256SUMS'), 'utf8');
    const apps = readdirSync(join(two, 'apps'));
    expect(
      sums
        .trim()
        .split('\n')
        .map((line) => line.slice(66)),
    ).toEqual(apps.toSorted());
    expect(run(latest, 'sha256sum', '-c', 'SHA256SUMS').match(/: OK$/gm)).toHaveLength(apps.length);
    const notices = readFileSync(join(latest, 'NOTICES'), 'utf8');
    for (const name of [
      'QuickJS-ng',
      'quickjs-wasi',
      'wasi-libc',
      'musl-dev',
      'wabt',
      'libgcc-',
      'zod',
      'ip-num',
      'netlink',
    ])
      expect(notices).toContain(`\n=== ${name}`);
    for (const holder of ['Fabrice Bellard', 'Rich Felker', 'Colin McDonnell', 'Alba Mendez', 'Apache License'])
      expect(notices).toContain(holder);
  });

  test('only a clean, versioned tree of somebody logged in is published', () => {
    writeFileSync(join(two, 'dirt'), '');
    const env = { ...process.env, NPM_CONFIG_USERCONFIG: '/dev/null', NPM_CONFIG_REGISTRY: 'http://127.0.0.1:9/' };
    const command = ['--conditions=@cni/source', 'release/src/main.ts'];
    const { status, stderr } = spawnSync('node', command, { cwd: two, env, encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      1,
      'release: not published:\n  1 files are not committed\n  npm is not logged in: npm login\n',
    ]);
    rmSync(join(two, 'dirt'));
  });
});

describe('cnictl install, from the tarballs', () => {
  const install = (from: string, ...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(join(from, 'cnictl'), ['install', '--bin-dir', bin, ...words], {
      encoding: 'utf8',
      env: {},
    });
    return { status, stdout, stderr };
  };
  const hostLocal = join(bin, 'host-local');
  const config = (name: string) => ({
    cniVersion: '1.0.0',
    name,
    ipam: { type: 'host-local', subnet: '10.1.0.0/24', dataDir: join(scratch, 'networks') },
  });
  const attachment = { CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_NETNS: '/none', CNI_PATH: bin };

  test('over the reference plugin: refused, forced, rolled back', () => {
    mkdirSync(bin, { recursive: true });
    copyFileSync(join(reference, 'host-local'), hostLocal);
    const refused = install(old);
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/\n {2}host-local is the reference plugin \(CNI host-local plugin .*\)\n/);
    expect(readdirSync(bin).filter((name) => !name.startsWith('.'))).toEqual(['host-local']);
    expect(install(old, '--force')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(hostLocal).equals(readFileSync(join(old, 'host-local')))).toBe(true);
    expect(install(old, '--rollback')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(hostLocal).equals(readFileSync(join(reference, 'host-local')))).toBe(true);
    expect(install(old, '--force').status).toBe(0);
  });

  test('over a plugin that runs: it goes on to its end', async () => {
    const running = spawn(hostLocal, { env: { CNI_COMMAND: 'ADD', ...attachment } });
    const said = text(running.stdout);
    const ended = new Promise((resolve) => running.once('close', resolve));
    running.stdin.write(JSON.stringify(config('running')).slice(0, 10));
    expect(install(latest)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(hostLocal).equals(readFileSync(join(latest, 'host-local')))).toBe(true);
    running.stdin.end(JSON.stringify(config('running')).slice(10));
    expect(await ended).toBe(0);
    expect(JSON.parse(await said)).toMatchObject({ ips: [{ address: '10.1.0.2/24' }] });
  });

  test('back and forth while plugins are started: each start finds one, whole', { timeout: minutes }, async () => {
    const script =
      'i=0; while [ $i -lt 300 ]; do CNI_COMMAND=VERSION "$0" </dev/null || echo "failed $?"; i=$((i+1)); done';
    const starting = spawn('/bin/sh', ['-c', script, hostLocal], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = text(starting.stdout);
    const isRunning = () => starting.exitCode === null;
    let changes = 0;
    for (; isRunning() || changes < 4; changes++) {
      expect(install(changes % 2 === 0 ? old : latest, 'host-local').status).toBe(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const lines = (await said).trim().split('\n');
    expect(lines).toHaveLength(300);
    expect(lines.filter((line) => !line.startsWith('{"cniVersion"'))).toEqual([]);
  });

  test('--verify, and a flipped byte', () => {
    expect(install(latest).status).toBe(0);
    expect(install(latest, '--verify')).toMatchObject({ status: 0, stderr: '' });
    flipByte(hostLocal);
    const { status, stdout } = install(latest, '--verify', '--json');
    expect(status).toBe(1);
    const files: { name: string; action: string }[] = JSON.parse(stdout).files;
    expect(files.filter(({ action }) => action !== 'verified')).toMatchObject([
      { name: 'host-local', action: 'differs' },
    ]);
    flipByte(join(latest, 'ipvlan'));
    expect(install(latest)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('/ipvlan is damaged: its SHA-256'),
    });
    flipByte(join(latest, 'ipvlan'));
    expect(install(latest).stdout).toMatch(/^installed {2}host-local/m);
    expect(install(latest, '--verify').status).toBe(0);
  });
});

/** In the middle, where only a checksum sees it. */
function flipByte(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
