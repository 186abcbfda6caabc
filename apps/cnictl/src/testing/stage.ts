import { exec, findText, listDirectory, makeDirectories, randomHex, readText, text, writeFile } from '@cni/sys';
import { cnictl } from '../cnictl.ts';

/** What a run of the program came to. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One call of one of the stage's plugins, as it saw it. */
export interface Call {
  readonly type: string;
  readonly verb: string;
  /** Its whole environment. */
  readonly env: Record<string, string>;
  readonly stdin: Record<string, unknown>;
}

/** Writes down how it was called, and answers from a file named after it and the verb. */
const SCRIPT = `#!/bin/sh
stage=\${0%/bin/*}
name=\${0##*/}
call=$stage/calls/$(ls "$stage/calls" | wc -l)
mkdir "$call"
echo "$name" >"$call/type"
env >"$call/env"
cat >"$call/stdin"
answer=$stage/answers/$name.$CNI_COMMAND
[ ! -f "$answer.stderr" ] || cat "$answer.stderr" >&2
[ ! -f "$answer" ] || cat "$answer"
[ ! -f "$answer.status" ] || exit "$(cat "$answer.status")"
`;

/** Plugins, networks and a cache in a directory of their own, removed at the end of its scope. */
export class Stage {
  readonly path: string = `/tmp/cnictl-${randomHex(6)}`;
  readonly confDir: string = `${this.path}/conf`;
  readonly binDir: string = `${this.path}/bin`;
  readonly cacheDir: string = `${this.path}/cache`;

  constructor() {
    for (const name of ['conf', 'bin', 'calls', 'answers']) makeDirectories(`${this.path}/${name}`);
  }

  /** A plugin that answers each verb with a document, or with nothing. */
  plugin(type: string, answers: Record<string, unknown> = {}): void {
    this.executable(type, SCRIPT);
    for (const [verb, answer] of Object.entries(answers)) this.answer(type, verb, JSON.stringify(answer));
  }

  /** A script in the place of a plugin. */
  executable(type: string, script: string): void {
    writeFile(`${this.binDir}/${type}`, script, { permissions: 0o755 });
  }

  /** What a plugin says to a verb from now on. */
  answer(
    type: string,
    verb: string,
    stdout: string,
    { status = 0, stderr = '' }: { status?: number; stderr?: string } = {},
  ): void {
    const path = `${this.path}/answers/${type}.${verb}`;
    writeFile(path, stdout);
    writeFile(`${path}.status`, String(status));
    writeFile(`${path}.stderr`, stderr);
  }

  /** A file below the configuration directory. */
  configure(name: string, document: object | string): string {
    const path = `${this.confDir}/${name}`;
    makeDirectories(path.slice(0, path.lastIndexOf('/')));
    writeFile(path, typeof document === 'string' ? document : JSON.stringify(document));
    return path;
  }

  /** Runs a command with this stage's directories. */
  run(command: string, ...words: string[]): Outcome {
    return this.runWith({}, command, ...words);
  }

  /** The same with variables of the environment. */
  runWith(env: Record<string, string>, command: string, ...words: string[]): Outcome {
    const places = ['--conf-dir', this.confDir, '--bin-dir', this.binDir, '--cache-dir', this.cacheDir];
    return runFree({ PATH: '/usr/bin:/bin', ...env }, command, ...words, ...places);
  }

  /** Every call of a plugin so far, and forgets them. */
  calls(): Call[] {
    const root = `${this.path}/calls`;
    const numbers = listDirectory(root).toSorted((a, b) => Number(a) - Number(b));
    const calls = numbers.map((number) => {
      const read = (name: string) => readText(`${root}/${number}/${name}`);
      const lines = read('env').trimEnd().split('\n');
      const env = Object.fromEntries(lines.map((line) => [line.split('=', 1)[0], line.replace(/^[^=]*=/, '')]));
      return { type: read('type').trim(), verb: String(env['CNI_COMMAND']), env, stdin: JSON.parse(read('stdin')) };
    });
    remove(root);
    makeDirectories(root);
    return calls;
  }

  /** The content of a file of the cache. */
  cached(name: string): string | undefined {
    return findText(`${this.cacheDir}/results/${name}`);
  }

  /** Puts a file into the cache. */
  cache(name: string, document: object | string): void {
    makeDirectories(`${this.cacheDir}/results`);
    writeFile(`${this.cacheDir}/results/${name}`, typeof document === 'string' ? document : JSON.stringify(document));
  }

  [Symbol.dispose](): void {
    remove(this.path);
  }
}

function remove(path: string): void {
  exec('/bin/rm', { args: ['-r', path], env: {}, stdin: new Uint8Array(0) });
}

/** Runs the program as a function. */
export function runFree(env: Record<string, string>, ...words: string[]): Outcome {
  const out: string[] = [];
  const err: string[] = [];
  const status = cnictl(words, env, { stdout: (said) => out.push(said), stderr: (said) => err.push(said) });
  return { status, stdout: out.join(''), stderr: err.join('') };
}

/** Runs the executable. */
export function runExecutable(path: string, env: Record<string, string>, ...words: string[]): Outcome {
  const { status, stdout, stderr } = exec(path, { args: words, env, stdin: new Uint8Array(0) });
  return { status: status ?? -1, stdout: text(stdout), stderr: text(stderr) };
}
