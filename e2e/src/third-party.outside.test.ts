/**
 * The example plugin as somebody else would build it: in a directory of its own, with our packages as they are published and all else
 * from the registry. The executable stays where the tests on an ipvlan kernel find it.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { thirdParty } from './world.ts';

const repository = join(import.meta.dirname, '../..');
const published = ['ip', 'sys', 'rtnetlink', 'skel', 'aot', 'aot-linux-x64', 'aot-linux-arm64'];
const minutes = 60_000;

const scratch = mkdtempSync(join(tmpdir(), 'cni-third-party-'));
const project = join(scratch, 'project');

beforeAll(() => {
  const filters = published.map((name) => `--filter=@cni/${name}`);
  run(repository, 'pnpm', ...filters, 'pack', '--pack-destination', join(scratch, 'tarballs'));
  cpSync(join(repository, 'examples/sysctl'), project, {
    recursive: true,
    filter: (path) => !['node_modules', 'dist', '.turbo'].includes(basename(path)),
  });
  const tarballs = globSync(join(scratch, 'tarballs/*.tgz'));
  expect(tarballs).toHaveLength(published.length);
  run(project, 'npm', 'install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs);
}, 5 * minutes);
afterAll(() => rmSync(scratch, { recursive: true }));

test('its types are right', { timeout: minutes }, () => {
  run(project, 'npm', 'run', 'check');
});

test('every declaration is there, for Node and for bundlers, and tells right from wrong', { timeout: minutes }, () => {
  const packages = ['ip', 'sys', 'sys/syscalls', 'rtnetlink', 'skel', 'aot'];
  const code = `
    ${packages.map((name) => `export type * as ${name.replace('/', '_')} from '@cni/${name}';`).join('\n')}
    import { definePlugin } from '@cni/skel';
    import * as z from 'zod/mini';
    const parts = { name: 'x', about: 'does x', config: z.object({ mtu: z.number() }), del() {}, check() {} };
    definePlugin({ ...parts, add: ({ config }) => ({ interfaces: [{ name: 'a', mtu: config.mtu }] }) });
    // @ts-expect-error a verb is missing
    definePlugin(parts);
    // @ts-expect-error no such key in the schema
    definePlugin({ ...parts, add: ({ config }) => ({ interfaces: [{ name: 'a', mtu: config.mut }] }) });
    // @ts-expect-error no such member of a result
    definePlugin({ ...parts, add: () => ({ interface: [] }) });`;
  writeFileSync(join(project, 'every.ts'), code);
  // zod's declarations speak of URL, aot's dependencies of Node.
  const flags = ['--skipLibCheck', 'false', '--lib', 'es2023,dom', '--types', 'node'];
  run(project, 'npx', 'tsc', ...flags);
  run(project, 'npx', 'tsc', ...flags, '--module', 'esnext', '--moduleResolution', 'bundler');
  rmSync(join(project, 'every.ts'));
});

test('it is built, and speaks', { timeout: minutes }, () => {
  run(project, 'npm', 'run', 'build');
  const executable = join(project, 'dist/sysctl');
  const answer = run(project, 'env', '-i', 'CNI_COMMAND=VERSION', executable);
  expect(JSON.parse(answer)).toMatchObject({ supportedVersions: expect.arrayContaining(['0.1.0', '1.1.0']) });
  expect(run(project, 'env', 'CNI_COMMAND=VERSION', 'node', 'main.ts')).toBe(answer);
  mkdirSync(thirdParty, { recursive: true });
  copyFileSync(executable, join(thirdParty, 'sysctl'));
});

test('it is built for another machine', { timeout: minutes }, () => {
  run(project, 'npx', 'cni-aot', 'build', 'main.ts', '-o', 'other', '--target', 'aarch64');
  expect(run(project, 'od', '-An', '-tx2', '-j18', '-N2', 'other').trim()).toBe('00b7');
});

/** What a program printed; throws with all of it when it fails. */
function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', input: '' });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: ${error?.message ?? status}\n${stdout}${stderr}`);
  return stdout;
}
