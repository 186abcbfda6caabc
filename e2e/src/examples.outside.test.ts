/** `examples/`, looked at: conflists by `cnictl lint`, YAML by the types of Kubernetes' API. examples.e2e.test.ts runs them. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { manifests, networks, poolsFile } from './examples.ts';
import { ours, reference } from './world.ts';

const root = join(import.meta.dirname, '../..');
const apps = readdirSync(join(root, 'apps'));
const scratch = mkdtempSync(join(tmpdir(), 'cni-examples-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function lint(json: string): string {
  const file = join(scratch, 'network.conflist');
  writeFileSync(file, json);
  const { stdout, stderr } = spawnSync(join(ours, 'cnictl'), ['lint', file], { encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

test.each(networks())('%s: nothing wrong, and all of its plugins are ours', (_, json) => {
  expect(lint(json)).toBe('nothing wrong\n');
  const { plugins } = JSON.parse(json);
  for (const { type, ipam } of plugins) {
    expect(apps).toContain(type);
    if (ipam !== undefined) expect(apps).toContain(ipam.type);
  }
});

test('a mistake in one would be found', () => {
  const [[, json] = ['', '']] = networks();
  expect(lint(json.replace('"l2"', '"l4"'))).toContain('error: plugins[0].mode: expected one of');
});

test('the pools of a node', () => {
  const { pools } = JSON.parse(readFileSync(poolsFile.path, 'utf8'));
  const plugin = { type: 'ipvlan', ipam: { type: 'host-local', pools, ipv4: Object.keys(pools) } };
  expect(lint(JSON.stringify({ cniVersion: '1.0.0', name: 'x', plugins: [plugin] }))).toBe('nothing wrong\n');
});

/** Where the compiler finds the types, and git does not look. */
const checked = join(import.meta.dirname, '../dist/examples');

/** What the compiler says of YAML documents as literals of their kinds' types: a key that is unknown, missing or wrong. */
function compile(documents: readonly Readonly<Record<string, unknown>>[]): string {
  mkdirSync(checked, { recursive: true });
  const literals = documents.map((document) => `${JSON.stringify(document, null, 2)} satisfies ${document['kind']};`);
  const code = `import type { DaemonSet, Deployment } from 'kubernetes-types/apps/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
interface NetworkAttachmentDefinition {
  apiVersion: 'k8s.cni.cncf.io/v1';
  kind: 'NetworkAttachmentDefinition';
  metadata: ObjectMeta;
  spec: { config: string };
}
`;
  writeFileSync(
    join(checked, 'all.ts'),
    `${code}${literals.map((literal) => `(${literal.replace(/;$/, '')});\n`).join('')}`,
  );
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
  return spawnSync('tsc', [...flags, '--ignoreConfig', join(checked, 'all.ts')], { encoding: 'utf8', cwd: checked })
    .stdout;
}

test('the YAML is what the API takes', () => {
  expect(compile(manifests().map(({ document }) => document))).toBe('');
});

test.each([
  ['a misspelled key', 'nodeSelector', 'nodeSelektor', `'"nodeSelektor"' does not exist in type 'PodSpec'`],
  ['a wrong version', 'apps/v1', 'apps/v2', '"apps/v2"'],
  ['a number for a name', '"name":"bin"', '"name":1', "Type 'number' is not assignable to type 'string'"],
])('%s would be found', (_, right, wrong, message) => {
  const install = JSON.stringify(manifests().find(({ kind }) => kind === 'DaemonSet')?.document);
  expect(install).toContain(right);
  expect(compile([JSON.parse(install.replace(right, wrong))])).toContain(message);
});

test('what the YAML names is there', () => {
  const all = manifests();
  const named = (kind: string) => all.filter((one) => one.kind === kind);
  const defined = named('NetworkAttachmentDefinition').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  for (const { document } of named('Deployment')) {
    const { annotations } = (document as { spec: { template: { metadata: { annotations: object } } } }).spec.template
      .metadata;
    expect(defined).toContain((annotations as Record<string, string>)['v1.multus-cni.io/default-network']);
  }
});

test('the DaemonSet installs over the reference plugins, with the words that stand there', () => {
  const daemonSet = JSON.stringify(manifests().find(({ kind }) => kind === 'DaemonSet')?.document);
  const words: string[] = JSON.parse(/"args":(\[[^\]]*\])/.exec(daemonSet)?.[1] ?? '[]');
  const [image, bin] = [join(scratch, 'release'), join(scratch, 'bin')];
  cpSync(ours, image, { recursive: true });
  const sums = spawnSync('sha256sum', apps, { cwd: image, encoding: 'utf8' }).stdout;
  writeFileSync(join(image, 'SHA256SUMS'), sums);
  cpSync(reference, bin, { recursive: true });
  const own = words.map((word) => word.replace('/host/opt/cni/bin', bin));
  expect(own).not.toEqual(words);
  const { status, stdout, stderr } = spawnSync(join(image, 'cnictl'), ['install', ...own], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^installed +host-local +release \S+ +was the reference plugin/m);
  expect(spawnSync('sha256sum', ['-c', join(image, 'SHA256SUMS')], { cwd: bin }).status).toBe(0);
});
