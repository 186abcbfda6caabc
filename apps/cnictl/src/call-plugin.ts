import { CniError, type Environment, execPlugin, findPlugin, type JsonObject, parseJson, type Verb } from '@cni/skel';
import { type ExecResult, monotonic, text, utf8 } from '@cni/sys';
import { type Attachment, formatPairs } from './attachment.ts';

/** What every call of a plugin has around it. */
export interface Runtime {
  /** Passed on to plugins. */
  readonly env: Environment;
  /** CNI_PATH: absolute directories, separated by colons. */
  readonly cniPath: string;
  readonly cacheDir: string;
  /** Told of each call when it is over. */
  readonly finished: (call: FinishedCall) => void;
}

/** One call of a plugin, for those who want to look at it. */
export interface FinishedCall {
  readonly type: string;
  readonly verb: Verb;
  readonly path: string;
  /** The variables of the protocol. */
  readonly env: Environment;
  readonly stdin: JsonObject;
  readonly ended: ExecResult;
  readonly milliseconds: number;
}

/** What a plugin is to do. */
export interface PluginCall {
  readonly type: string;
  readonly verb: Verb;
  /** Absent for verbs that are about no attachment. */
  readonly attachment?: Attachment;
  /** The request. */
  readonly stdin: JsonObject;
}

/** Calls a plugin and returns its stdout. Throws {@link CniError}: the plugin's own code, words and details. */
export function callPlugin(runtime: Runtime, { type, verb, attachment, stdin }: PluginCall): Uint8Array {
  const path = findPlugin(type, runtime.cniPath);
  const env = variables(verb, attachment, runtime.cniPath);
  const start = monotonic();
  const ended = execPlugin(path, {
    env: { ...runtime.env, ...env },
    stdin: utf8(JSON.stringify(stdin)),
    limit: OUTPUT_LIMIT,
  });
  runtime.finished({ type, verb, path, env, stdin, ended, milliseconds: monotonic() - start });
  if (ended.status !== 0) throw errorOf(`plugin ${type} ${verb}`, ended);
  return ended.stdout;
}

/** All six, whatever the verb: one that is inherited must not be taken for ours. */
function variables(verb: Verb, attachment: Attachment | undefined, cniPath: string): Environment {
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: attachment?.containerId ?? '',
    CNI_NETNS: attachment?.netns ?? '',
    CNI_IFNAME: attachment?.ifName ?? '',
    CNI_ARGS: formatPairs(attachment?.cniArgs ?? []),
    CNI_PATH: cniPath,
  };
}

/** Bytes of each output that are looked at; more than any answer has. */
const OUTPUT_LIMIT = 1_048_576;

/** What the plugin wrote to stderr has been shown by then. */
function errorOf(what: string, { status, signal, stdout }: ExecResult): CniError {
  if (status === undefined) return new CniError('DELEGATE_FAILED', `${what}: killed by signal ${signal}`);
  const told = text(stdout).trim() === '' ? undefined : decodeError(stdout);
  if (told !== undefined) return new CniError(told.code, `${what}: ${told.msg}`, { details: told.details });
  const said = text(stdout).trim();
  const message = `${what}: exit status ${status} and no error object on stdout`;
  return new CniError('DELEGATE_FAILED', message, { details: said && `stdout: ${said}` });
}

interface Told {
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

function decodeError(stdout: Uint8Array): Told | undefined {
  try {
    const { code, msg, details } = parseJson(stdout, 'the answer') as JsonObject;
    if (!Number.isSafeInteger(code) || typeof msg !== 'string') return undefined;
    return { code: code as number, msg, ...(typeof details === 'string' && { details }) };
  } catch {
    return undefined;
  }
}
