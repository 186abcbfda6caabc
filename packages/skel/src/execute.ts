import { monotonic, utf8 } from '@cni/sys';
import { type Environment, readVerb, type Verb, variable } from './environment.ts';
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
  stderr(text: string): void;
  /** Plugins that are parts of the program. */
  readonly parts?: Parts;
}

/** What the program says on stdout, and its exit status. */
export interface Answer {
  readonly status: number;
  readonly stdout: string;
}

export interface ExecuteInput {
  readonly env: Environment;
  readonly stdin: string | Uint8Array;
}

export interface Executed extends Answer {
  readonly stderr: string;
}

/** One run of a plugin as a function of its environment and input: what the program would write, and its exit status. */
export function execute(plugin: Plugin, { env, stdin }: ExecuteInput): Executed {
  const bytes = typeof stdin === 'string' ? utf8(stdin) : stdin;
  const said: string[] = [];
  const answered = answer(plugin, { env, readStdin: () => bytes, stderr: (text) => said.push(text) });
  return { ...answered, stderr: said.join('') };
}

/** One run of a plugin in given surroundings. Never throws. */
export function answer(plugin: Plugin, around: Surroundings): Answer {
  if (variable(around.env, 'CNI_COMMAND') === '') return introduce(plugin, around);
  const run: Run = { version: newestOf(plugin), failed: () => {} };
  try {
    const verb = readVerb(around.env);
    return { status: 0, stdout: verb === 'VERSION' ? tellVersions(plugin, around) : attach(plugin, verb, around, run) };
  } catch (error) {
    if (isDebugging(around)) around.stderr(describeThrown(error));
    const failure = toFailure(error);
    run.failed(failure);
    return { status: 1, stdout: errorObject(failure, run.version) };
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

function isDebugging({ env }: Surroundings): boolean {
  return variable(env, 'CNI_DEBUG') !== '';
}

function introduce({ versions, definition }: Plugin, { stderr }: Surroundings): Answer {
  stderr(`${definition.about}\nCNI versions: ${versions.join(', ')}\n`);
  return { status: 0, stdout: '' };
}

function errorObject({ code, msg, details }: Failure, cniVersion: SpecVersion): string {
  return printJson({ cniVersion, code, msg, ...(details !== '' && { details }) });
}

function tellVersions(plugin: Plugin, around: Surroundings): string {
  const cniVersion = askedVersion(around) ?? newestOf(plugin);
  return `${JSON.stringify({ cniVersion, supportedVersions: plugin.versions })}\n`;
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

/** Every verb but VERSION: the request is read, and what the verb prints is returned. */
function attach(plugin: Plugin, verb: Exclude<Verb, 'VERSION'>, around: Surroundings, run: Run): string {
  const request = decodeRequest(around.readStdin('all'));
  const requested = requestedVersion(request);
  if (isSpecVersion(requested) && plugin.versions.includes(requested)) run.version = requested;
  const name = networkName(request);
  const network: Network = { name, cniVersion: negotiate(requested, verb, plugin.versions) };
  const common = commonKeys(request, verb);
  const log = logOf(common);
  const subject = {
    plugin: plugin.name,
    command: verb,
    network: name,
    containerId: variable(around.env, 'CNI_CONTAINERID'),
    ifName: variable(around.env, 'CNI_IFNAME'),
  };
  const begun = monotonic();
  const taken = () => ({ ms: Math.round(monotonic() - begun) });
  run.failed = (failure) => log('error', { ...subject, ...taken(), ...failure });
  const trace = tracer(around, common.logLevel === 'debug' && ((line) => log('debug', { ...subject, trace: line })));
  plugin.definition.trace?.(trace);
  try {
    const printed = perform(plugin, verb, { parts: {}, ...around, request, network, common });
    log('info', { ...subject, ...taken() });
    return printed;
  } finally {
    plugin.definition.trace?.(undefined);
  }
}

type Sink = (line: string) => void;

/** Where a plugin's trace goes: to stderr where CNI_DEBUG is set, and to a log that wants it. */
function tracer(around: Surroundings, logged: Sink | false): Sink | undefined {
  if (!isDebugging(around)) return logged || undefined;
  return (line) => {
    around.stderr(`${line}\n`);
    if (logged) logged(line);
  };
}
