/** The networks of `examples/`: conflists as files, and those inside YAML for Kubernetes. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const root = join(import.meta.dirname, '../..');

/** A document of a YAML file, as far as everything in Kubernetes has it. */
export interface Manifest {
  readonly file: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly document: Readonly<Record<string, unknown>>;
}

/** Every document of every YAML file; throws for one that is no YAML, or repeats a key. */
export function manifests(): Manifest[] {
  return globSync('examples/**/*.{yaml,yml}', { cwd: root, exclude: (name) => name === 'node_modules' })
    .toSorted()
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(root, file), 'utf8'), { strict: true, uniqueKeys: true }).map((parsed) => {
        if (parsed.errors.length > 0 || parsed.warnings.length > 0)
          throw new Error(
            `${file}: ${[...parsed.errors, ...parsed.warnings].map(({ message }) => message).join('; ')}`,
          );
        const document = parsed.toJS();
        return { file, kind: document.kind, metadata: document.metadata, document };
      }),
    );
}

/** Each network as JSON, by where it stands. */
export function networks(): [where: string, json: string][] {
  const files = globSync('examples/conflists/*.conflist', { cwd: root }).toSorted();
  const definitions = manifests().filter(({ kind }) => kind === 'NetworkAttachmentDefinition');
  return [
    ...files.map((file): [string, string] => [file, readFileSync(join(root, file), 'utf8')]),
    ...definitions.map(({ file, metadata, document }): [string, string] => {
      const { config } = document['spec'] as { config: string };
      return [`${file}: ${metadata.name}`, config];
    }),
  ];
}

/** What stands in an example for the file of this node. */
export const poolsFile: { readonly written: string; readonly path: string } = {
  written: '/etc/cni/pools.json',
  path: join(root, 'examples/kubernetes/pools.json'),
};
