import { parseArgs } from 'node:util';

/** The name that the field gives to an architecture, and the one of `cni-aot`. */
export const ARCHITECTURES = { amd64: 'x86_64', arm64: 'aarch64' } as const;

export type Architecture = keyof typeof ARCHITECTURES;

export interface Options {
  readonly dryRun: boolean;
  readonly architectures: readonly Architecture[];
  /** Of the executables; empty: all. */
  readonly names: readonly string[];
  readonly help: boolean;
}

export const USAGE: string = `Usage: npm run release -- --dry-run [--arch amd64|arm64] [NAME...]
       npm run release

Builds dist/release: a tarball of the executables for each architecture, and the npm packages, checked.
Without --dry-run the npm packages are then published, if the working tree is clean, every changeset is in a version,
and npm is logged in. With NAME or --arch: only those executables, and no npm packages.
`;

/** What a person can do something about. */
export class Refusal extends Error {}

/** Throws {@link Refusal}. */
export function parseOptions(argv: readonly string[]): Options {
  const { values, positionals } = parse(argv);
  const dryRun = values['dry-run'] === true;
  const chosen = values.arch ?? [];
  const known = Object.keys(ARCHITECTURES) as Architecture[];
  const wrong = chosen.find((name) => !known.some((one) => one === name));
  if (wrong !== undefined) throw new Refusal(`--arch ${wrong}: expected ${known.join(' or ')}`);
  if (!dryRun && (positionals.length > 0 || chosen.length > 0))
    throw new Refusal('a part of a release is for a dry run only: add --dry-run');
  const architectures = known.filter((name) => chosen.length === 0 || chosen.includes(name));
  return { dryRun, architectures, names: positionals, help: values.help === true };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        'dry-run': { type: 'boolean' },
        arch: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : String(error));
  }
}
