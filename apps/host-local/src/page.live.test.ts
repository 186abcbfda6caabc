/** The examples of the plugin's page, run as they stand there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostLocal } from '@cni/plugin-host-local';
import type { Schema } from '@cni/skel';
import { netnsTest as test } from '@cni/testkit';
import { afterAll, expect } from 'vitest';
import { Executable, type Request } from './testing/executable.ts';

const executable = await Executable.build();
afterAll(() => executable[Symbol.dispose]());

const page = readFileSync(join(import.meta.dirname, '../../../packages/host-local/README.md'), 'utf8');

interface Example {
  readonly document: Record<string, unknown>;
  /** What the text before it promises. */
  readonly gets: readonly string[];
}

const examples: Example[] = [...page.matchAll(/([^\n]*)\n\n```json\n([\s\S]*?)^```/gm)].map(
  ([, text = '', json = '']) => ({
    document: JSON.parse(json),
    gets: /gets (.*):$/.exec(text)?.[1]?.match(/[0-9a-f.:]+\/\d+/g) ?? [],
  }),
);
const poolsFiles = examples.filter(({ document }) => document['pools'] !== undefined && document['type'] === undefined);
const configs = examples.filter((example) => !poolsFiles.includes(example));

/** The `ipam` of an example, which may be that alone, a configuration or a conflist; with paths of this test's own. */
function configOf({ document }: Example, dataDir: string): object {
  const { plugins } = document as { plugins?: object[] };
  const config = {
    cniVersion: '1.0.0',
    master: 'ens192',
    ...(plugins?.[0] ?? (document['ipam'] ? document : { ipam: document })),
  };
  const { ipam } = config as { ipam?: Record<string, unknown> };
  const files = {
    ...(ipam?.['poolsFile'] !== undefined && {
      poolsFile: executable.file('pools.json', JSON.stringify(poolsFiles[0]?.document)),
    }),
    ...(ipam?.['resolvConf'] !== undefined && { resolvConf: executable.file('resolv.conf', 'nameserver 10.0.0.10\n') }),
  };
  return { ...config, name: 'underlay', ipam: { ...ipam, ...files, dataDir } };
}

function addressesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => /^[0-9a-f]+[.:]/.test(name)) : [];
}

test.for(configs.map((example, at) => [`example ${at + 1}`, example] as const))('%s', ([name, example], { host }) => {
  host.ip('link', 'add', 'ens192', 'type', 'veth', 'peer', 'name', 'wire');
  for (const link of ['ens192', 'wire']) host.ip('link', 'set', link, 'up');
  const dataDir = executable.directory(name);
  const config = configOf(example, dataDir);
  const ask = (request: Request, keys: object = {}) =>
    executable.run({ ...config, ...keys }, { ...request, by: ['nsenter', `--net=${host.path}`] });
  const added = ask({ verb: 'ADD', args: 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=db-0' });
  expect(added).toMatchObject({ status: 0 });
  const addresses = added.document.ips.map(({ address }: { address: string }) => address);
  expect(addresses).not.toEqual([]);
  if (example.gets.length > 0) expect(addresses).toEqual(example.gets);
  expect(ask({ verb: 'CHECK' }, { prevResult: added.document })).toMatchObject({ status: 0 });
  expect(ask({ verb: 'STATUS' }, { cniVersion: '1.1.0' })).toMatchObject({ status: 0 });
  expect(addressesIn(join(dataDir, 'underlay'))).toHaveLength(addresses.length);
  expect(ask({ verb: 'DEL' })).toMatchObject({ status: 0 });
  expect(addressesIn(join(dataDir, 'underlay'))).toEqual([]);
});

/** What is read of a schema's definition. */
interface Definition {
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly innerType?: Schema;
  readonly in?: Schema;
}

/** The members of the objects that a schema takes. */
function shapeOf(schema: Schema): Readonly<Record<string, Schema>> {
  const { shape, innerType, in: before } = schema._zod.def as unknown as Definition;
  const inner = innerType ?? before;
  return shape ?? (inner === undefined ? {} : shapeOf(inner));
}

function keysOfIpam(): string[] {
  const { ipam } = shapeOf(hostLocal.definition.config);
  return ipam === undefined ? [] : Object.keys(shapeOf(ipam));
}

/** The keys in the first columns of the page's tables. */
const documented = new Set(
  [...page.matchAll(/^\| ((?:`\w+` ?\*? ?)+)[^|]*\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, key = '']) => key),
  ),
);

function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(keysIn)];
}

test('every key of the schema is in a table of the page and in an example', () => {
  const keys = keysOfIpam();
  expect(keys).toContain('lockTimeout');
  expect(keys.filter((key) => !documented.has(key))).toEqual([]);
  const shown = new Set(examples.flatMap(({ document }) => keysIn(document)));
  expect(keys.filter((key) => !shown.has(key))).toEqual([]);
  expect(poolsFiles).toHaveLength(1);
});
