import { parseArgs } from 'node:util';
import type { BuildOptions } from './build.ts';
import { BuildError } from './build-error.ts';
import { targets } from './target.ts';

export const USAGE: string = `Usage: cni-aot build <entry> -o <file> [--target ${targets.join('|')}]

Builds one static executable out of a CNI plugin in TypeScript.

  <entry>                    the module that calls start, usually through run of @cni/skel
  -o, --outfile FILE         the executable to write
  -t, --target ARCH          the machine it shall run on; without it, this one's kind
      --contains NAME=ENTRY  the plugin of another program is a part of this one too, and is
                             called without a process where the file NAME is of this build;
                             may be given more than once
      --notices FILE         also writes the licence notices of all that is inside the executable
  -h, --help                 this text
`;

/** What the command line asks for; undefined for the usage. Anything it does not know is a {@link BuildError}. */
export function parseArguments(argv: readonly string[]): BuildOptions | undefined {
  const { values, positionals } = parse(argv);
  if (values.help) return undefined;
  const [command, entry, ...rest] = positionals;
  if (command !== 'build') throw usageError(command === undefined ? 'no command' : `unknown command ${command}`);
  if (entry === undefined) throw usageError('no entry');
  if (rest.length > 0) throw usageError(`one entry at a time, not also ${rest.join(' ')}`);
  if (values.outfile === undefined) throw usageError('no outfile: -o <file>');
  const target = targets.find((name) => name === values.target);
  if (values.target !== undefined && target === undefined)
    throw usageError(`unknown target ${values.target}: ${targets.join(' or ')}`);
  const contains = values.contains && Object.fromEntries(values.contains.map(parsePart));
  const { outfile, notices } = values;
  return {
    ...{ entry, outfile },
    ...(target && { target }),
    ...(contains && { contains }),
    ...(notices !== undefined && { notices }),
  };
}

function parsePart(text: string): [name: string, entry: string] {
  const [, name, entry] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || entry === undefined) throw usageError(`--contains ${text}: not NAME=ENTRY`);
  return [name, entry];
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        outfile: { type: 'string', short: 'o' },
        target: { type: 'string', short: 't' },
        contains: { type: 'string', multiple: true },
        notices: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}

function usageError(message: string): BuildError {
  return new BuildError(`${message} (cni-aot --help)`);
}
