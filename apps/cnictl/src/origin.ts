import { exec, findEnd, text } from '@cni/sys';

/** What a file in a directory of plugins is. */
export interface Origin {
  /** `undefined` for what is not made by this project. */
  readonly release: string | undefined;
  /** For a sentence: `release 0.1.0`, `the reference plugin (CNI host-local plugin v1.1.1)`. */
  readonly text: string;
}

/** The end of an executable of `@cni/aot`, whatever the generation of its trailer. */
const MAGIC = /^CNIAOT\d\d$/;

/** Who made the executable at `path`: told by its trailer, and by what it says when it is started without a command. */
export function originOf(path: string): Origin {
  const end = findEnd(path, 8);
  const said = introductionOf(path);
  if (end !== undefined && MAGIC.test(text(end))) {
    const release = /^(?:version|cnictl) (\S+)$/m.exec(said)?.[1] ?? 'unknown';
    return { release, text: `release ${release}` };
  }
  const [first = ''] = said.split('\n');
  if (/^CNI \S+ plugin/.test(first)) return { release: undefined, text: `the reference plugin (${first})` };
  return { release: undefined, text: first === '' ? 'something else' : `something else (${first.slice(0, 80)})` };
}

/** Reference plugins, and ours, introduce themselves on stderr. What cannot be started says nothing. */
function introductionOf(path: string): string {
  try {
    const { stdout, stderr } = exec(path, {
      args: ['--version'],
      env: {},
      stdin: new Uint8Array(0),
      timeout: 5000,
      limit: 65_536,
    });
    return `${text(stdout)}${text(stderr)}`.trim();
  } catch {
    return '';
  }
}
