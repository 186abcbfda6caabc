import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Options, build as tsup } from 'tsup';
import { BuildError } from './build-error.ts';
import type { SourceMap } from './lines.ts';
import { sourceName } from './source-name.ts';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** A program and all it imports as one script. */
export interface Bundle {
  readonly code: string;
  /** Its sources are absolute paths. */
  readonly map: SourceMap;
}

/** Bundles a program for the engine. A fault in the sources is a {@link BuildError} that names file and line. */
export async function bundle(entry: string): Promise<Bundle> {
  if (!existsSync(entry)) throw new BuildError(`build ${entry}: there is no such file`);
  const directory = mkdtempSync(join(tmpdir(), 'cni-aot-'));
  try {
    await runTsup(entry, directory);
    const map = JSON.parse(readFileSync(join(directory, 'plugin.js.map'), 'utf8')) as SourceMap;
    return {
      code: nameModules(readFileSync(join(directory, 'plugin.js'), 'utf8'), workingDirectory(entry)),
      map: { mappings: map.mappings, sources: map.sources.map((source) => resolve(directory, source)) },
    };
  } catch (error) {
    throw isBuildFailure(error) ? new BuildError(describe(error)) : error;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const shim = (name: string) => fileURLToPath(new URL(`../shims/${name}.js`, import.meta.url));

/** What packages written for Node ask for. Whoever asks for anything else of Node is refused by name and line. */
const substitutes: Plugin = {
  name: 'substitutes',
  setup(build) {
    // The slash tells npm's package from Node's own module.
    const buffer = createRequire(import.meta.url).resolve('buffer/');
    build.onResolve({ filter: /^(node:)?buffer$/ }, () => ({ path: buffer, sideEffects: false }));
    build.onResolve({ filter: /^(node:)?os$/ }, () => ({ path: shim('os') }));
  },
};

const workingDirectory = (entry: string) => resolve(dirname(entry));

/** esbuild calls a module that is a function by its path; the bytes of an executable shall not depend on where things lie. */
function nameModules(code: string, directory: string): string {
  return code.replaceAll(
    /^( *)"([^"]+)"(\((?:exports\b.*)?\) \{)$/gm,
    (_, indent: string, path: string, rest: string) => {
      return `${indent}"${sourceName(resolve(directory, path))}"${rest}`;
    },
  );
}

/** In the repository, packages are bundled from their sources; a published package has none. */
const inRepository = existsSync(new URL('../src/bundle.ts', import.meta.url));

async function runTsup(entry: string, outDir: string): Promise<void> {
  await tsup({
    config: false,
    entry: { plugin: resolve(entry) },
    outDir,
    outExtension: () => ({ js: '.js' }),
    format: 'iife',
    platform: 'neutral',
    target: 'es2023',
    sourcemap: true,
    silent: true,
    removeNodeProtocol: false,
    esbuildPlugins: [substitutes],
    esbuildOptions(options) {
      options.logLevel = 'silent';
      delete options.tsconfig; // the one of this process's directory: esbuild looks for each file's own
      options.absWorkingDir = workingDirectory(entry);
      options.conditions = ['cni-native', ...(inRepository ? ['@cni/source'] : [])];
      options.mainFields = ['module', 'main'];
      options.inject = [shim('buffer')];
      options.legalComments = 'none';
    },
  });
}

interface Failure {
  readonly errors: readonly {
    readonly text: string;
    readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
  }[];
}

function isBuildFailure(error: unknown): error is Failure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

function describe({ errors }: Failure): string {
  return errors
    .map(({ text, location }) =>
      location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text,
    )
    .join('\n');
}
