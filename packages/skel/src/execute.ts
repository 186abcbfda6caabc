import { monotonic, programVersion, utf8 } from '@cni/sys';
import { type Environment, isDebugging, readVerb, type Verb, variable } from './environment.ts';
import { type Failure, toFailure } from './error.ts';
import { isObject, JsonScan, own, parseJson, printJson } from './json.ts';
import { logOf } from './log.ts';
import type { Parts } from './parts.ts';
import type { Network, Plugin } from './plugin.ts';
import { commonKeys, decodeRequest, negotiate, networkName, requestedVersion } from './request.ts';
import { describeThrown } from './stack.ts';
import { perform } from './verbs.ts';
import { isSpecVersion, NEWEST, type SpecVersion } from './versions.ts';

/** What a program has around it. */
export interface Surroundings {
  readonly env: Environment;
  /** Standard input to its end; or, with `first`, to the end of the first JSON value if that comes soon. */
  readStdin(extent: 'all' | 'first'): Uint8Array;
  /** Takes the one answer. One that throws is given the error instead. */
  stdout(text: string): void;
  stderr(text: string): void;
  /** Plugins that are parts of the program. */
  readonly parts?: Parts;
}

export interface ExecuteInput {
  readonly env: Environment;
  readonly stdin: string | Uint8Array;
}

export interface Executed {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of a plugin as a function of its environment and input: what the program would write, and its exit status. */
export function execute(plugin: Plugin, { env, stdin }: ExecuteInput): Executed {
  const bytes = typeof stdin === 'string' ? utf8(stdin) : stdin;
  const [answers, said]: [string[], string[]] = [[], []];
  const stdout = (text: string) => void answers.push(text);
  const stderr = (text: string) => void said.push(text);
  const status = answer(plugin, { env, readStdin: () => bytes, stdout, stderr });
  return { status, stdout: answers.join(''), stderr: said.join('') };
}

/** One run of a plugin in given surroundings; its exit status. Never throws. */
export function answer(plugin: Plugin, around: Surroundings): number {
  if (variable(around.env, 'CNI_COMMAND') === '') return introduce(plugin, around);
  const run: Run = { version: newestOf(plugin), failed: () => {} };
  try {
    const verb = readVerb(around.env);
    if (verb === 'VERSION') tellVersions(plugin, around);
    else attach(plugin, verb, around, run);
    return 0;
  } catch (error) {
    if (isDebugging(around.env)) around.stderr(describeThrown(error));
    const failure = toFailure(error);
    run.failed(failure);
    tellFailure(failure, run.version, around);
    return 1;
  }
}

/** What is known of a run so far, should it fail. */
interface Run {
  version: SpecVersion;
  failed: (failure: Failure) => void;
}

function newestOf({ versions }: Plugin): SpecVersion {
  return versions.at(-1) ?? NEWEST;
}

function introduce({ versions, definition }: Plugin, { stderr }: Surroundings): number {
  const release = programVersion();
  stderr(
    `${definition.about}\nCNI versions: ${versions.join(', ')}\n${release === undefined ? '' : `version ${release}\n`}`,
  );
  return 0;
}

/** Where no runtime can be told, a person may. */
function tellFailure({ code, msg, details }: Failure, cniVersion: SpecVersion, around: Surroundings): void {
  try {
    around.stdout(printJson({ cniVersion, code, msg, ...(details !== '' && { details }) }));
  } catch (error) {
    around.stderr(`${toFailure(error).msg}\n`);
  }
}

function tellVersions(plugin: Plugin, around: Surroundings): void {
  const cniVersion = askedVersion(around) ?? newestOf(plugin);
  around.stdout(`${JSON.stringify({ cniVersion, supportedVersions: plugin.versions })}\n`);
}

/** The version given on stdin. There may be none, or no stdin: runtimes differ, and the answer must not depend on it. */
function askedVersion(around: Surroundings): string | undefined {
  try {
    const bytes = around.readStdin('first');
    const asked = parseJson(bytes.subarray(0, new JsonScan().feed(bytes)), 'stdin');
    const version = isObject(asked) ? own(asked, 'cniVersion') : undefined;
    return typeof version === 'string' && version !== '' ? version : undefined;
  } catch {
    return undefined;
  }
}

/** Every verb but VERSION. */
function attach(plugin: Plugin, verb: Exclude<Verb, 'VERSION'>, around: Surroundings, run: Run): void {
  const request = decodeRequest(around.readStdin('all'));
  const requested = requestedVersion(request);
  if (isSpecVersion(requested) && plugin.versions.includes(requested)) run.version = requested;
  const name = networkName(request);
  const network: Network = { name, cniVersion: negotiate(requested, verb, plugin.versions) };
  const common = commonKeys(request, verb);
  const log = logOf(common);
  const subject = () => ({
    plugin: plugin.name,
    command: verb,
    network: name,
    containerId: variable(around.env, 'CNI_CONTAINERID'),
    ifName: variable(around.env, 'CNI_IFNAME'),
  });
  const begun = monotonic();
  const outcome = () => ({ ...subject(), ms: Math.round(monotonic() - begun) });
  run.failed = (failure) => log('error', () => ({ ...outcome(), ...failure }));
  const debug = (line: string) => log('debug', () => ({ ...subject(), trace: line }));
  const trace = tracer(around, common.logLevel === 'debug' && debug);
  plugin.definition.trace?.(trace);
  try {
    perform(plugin, verb, { parts: {}, ...around, request, network, common });
    log('info', outcome);
  } finally {
    plugin.definition.trace?.(undefined);
  }
}

type Sink = (line: string) => void;

/** Where a plugin's trace goes: to stderr where CNI_DEBUG is set, and to a log that wants it. */
function tracer(around: Surroundings, logged: Sink | false): Sink | undefined {
  if (!isDebugging(around.env)) return logged || undefined;
  return (line) => {
    around.stderr(`${line}\n`);
    if (logged) logged(line);
  };
}
