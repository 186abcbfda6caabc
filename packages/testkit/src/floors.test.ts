import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

/** A package imports packages of lower floors only. Beside the floors stand the tool that builds and the kit that tests. */
const FLOORS: Record<string, number> = {
  '@cni/ip': 0,
  '@cni/sys': 0,
  '@cni/arping': 1,
  '@cni/rtnetlink': 1,
  '@cni/skel': 1,
  '@cni/plugin-ipvlan': 2,
  '@cni/plugin-host-local': 2,
  '@cni/plugin-bandwidth': 2,
  '@cni/plugin-coordinator': 2,
  '@cni/app-ipvlan': 3,
  '@cni/app-host-local': 3,
  '@cni/app-bandwidth': 3,
  '@cni/app-coordinator': 3,
  '@cni/app-cnictl': 3,
};
const BESIDE = [
  '@cni/aot',
  '@cni/aot-linux-x64',
  '@cni/aot-linux-arm64',
  '@cni/testkit',
  '@cni/e2e',
  '@cni/bench',
  'cni-sysctl',
];

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
}

const folders = globSync('{packages,apps,examples}/*/package.json', { cwd: root }).map((path) =>
  path.replace('/package.json', ''),
);
const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
const packages = folders.map((folder) => ({ folder, manifest: manifestOf(folder) }));
const floored = packages.filter(({ manifest }) => FLOORS[manifest.name] !== undefined);

const ofTests = /\.test(-d)?\.ts$|\/testing\//;

const importedBy = (folder: string): string[] =>
  globSync('src/**/*.ts', { cwd: join(root, folder) })
    .filter((path) => !ofTests.test(path))
    .map((path) => readFileSync(join(root, folder, path), 'utf8'))
    .flatMap((source) => [...source.matchAll(/from '(@cni\/[\w-]+)/g)].map(([, name]) => name ?? ''));

test('every package has a place', () => {
  const names = packages.map(({ manifest }) => manifest.name);
  expect(names.filter((name) => FLOORS[name] === undefined && !BESIDE.includes(name))).toEqual([]);
  expect(Object.keys(FLOORS).filter((name) => !names.includes(name))).toEqual([]);
});

test.each(floored)('$manifest.name stands on lower floors only', ({ folder, manifest }) => {
  const own = FLOORS[manifest.name] ?? 0;
  const used = [...Object.keys(manifest.dependencies ?? {}), ...importedBy(folder)].filter((name) =>
    name.startsWith('@cni/'),
  );
  expect(used.filter((name) => (FLOORS[name] ?? Number.POSITIVE_INFINITY) >= own)).toEqual([]);
});

test.each(floored)('$manifest.name declares what it imports', ({ folder, manifest }) => {
  const declared = Object.keys(manifest.dependencies ?? {});
  expect([...new Set(importedBy(folder))].filter((name) => !declared.includes(name))).toEqual([]);
});

test('the top level is what the design says', () => {
  const expected = [
    'packages',
    'apps',
    'e2e',
    'bench',
    'examples',
    'turbo.json',
    'package.json',
    'pnpm-workspace.yaml',
    'tsconfig.base.json',
  ];
  for (const name of expected) expect(existsSync(join(root, name)), name).toBe(true);
  for (const name of ['utils', 'common', 'types', 'helpers'])
    expect(existsSync(join(root, 'packages', name)), name).toBe(false);
});
