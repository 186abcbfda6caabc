import { type ExecOptions, type ExecResult, exec, isErrno, monotonic, sleep, stat, text, utf8 } from '@cni/sys';
import { type Environment, isDebugging, type Verb, variable } from './environment.ts';
import { CniError } from './error.ts';
import { isObject, own, parseJson } from './json.ts';
import { type Part, type Parts, partAt } from './parts.ts';
import { quote } from './schema.ts';

/** One call of another plugin. */
export interface DelegateCall {
  /** Its `type`: the name of its file. */
  readonly type: string;
  readonly verb: Verb;
  readonly env: Environment;
  /** The request as received. */
  readonly stdin: Uint8Array;
  /** Given what the delegate writes to its stderr. */
  readonly stderr: (text: string) => void;
  /** Plugins that can be called without a process. */
  readonly parts: Parts;
  /** Milliseconds until it is killed. Default: a minute, longer than any sane plugin takes. */
  readonly timeout?: number;
}

const TIMEOUT = 60_000;

/** Bytes of stdout, and of stderr, that are read. A result has some hundred. */
const LARGEST_ANSWER = 1_048_576;

/** Characters of a complaint that fit into a message. */
const LONGEST_COMPLAINT = 1_000;

/**
 * Calls another plugin and returns its stdout. Its error becomes ours: same code, message and details. Throws
 * {@link CniError}.
 */
export function delegate(call: DelegateCall): Uint8Array {
  const path = findPlugin(call.type, variable(call.env, 'CNI_PATH'), 'ipam.type');
  const timeout = call.timeout ?? TIMEOUT;
  const env = { ...call.env, CNI_COMMAND: call.verb };
  const part = partAt(path, call.type, call.parts);
  if (part !== undefined) {
    if (isDebugging(env)) call.stderr(`call ${path} ${call.verb} without a process: it is of this build\n`);
    return callPart(part, call, env);
  }
  const ended = execPlugin(path, { env, stdin: call.stdin, timeout, limit: LARGEST_ANSWER });
  if (ended.stderr.length > 0) call.stderr(text(ended.stderr));
  if (ended.status !== 0) throw errorOf(call, ended);
  if (ended.stdout.length > LARGEST_ANSWER) throw tooLarge(call);
  return ended.stdout;
}

/** The same request and the same answer, without a process. */
function callPart(part: Part, call: DelegateCall, env: Environment): Uint8Array {
  let answer = '';
  const stdout = (text: string) => {
    answer += text;
  };
  const status = part({ env, readStdin: () => call.stdin, stdout, stderr: call.stderr });
  const ended = { status, stdout: utf8(answer), stderr: new Uint8Array(0), signal: undefined, timedOut: false };
  if (status !== 0) throw errorOf(call, ended);
  return ended.stdout;
}

/**
 * The file of a plugin: the first regular file of that name on CNI_PATH. PATH is never looked at. `key` is where the name is
 * from. Throws {@link CniError}.
 */
export function findPlugin(type: string, cniPath: string, key = 'type'): string {
  if (type === '' || type.includes('/') || type === '.' || type === '..')
    throw new CniError('INVALID_CONFIG', `${key}: expected the name of a plugin, not a path (got ${quote(type)})`);
  if (cniPath === '') throw new CniError('INVALID_ENVIRONMENT', `CNI_PATH: required to find plugin ${quote(type)}`);
  const directories = cniPath.split(':').filter((directory) => directory.startsWith('/'));
  const found = directories.map((directory) => `${directory}/${type}`).find(isFile);
  if (found !== undefined) return found;
  const message = `find plugin ${quote(type)} on CNI_PATH: not in ${directories.join(', ') || quote(cniPath)}`;
  throw new CniError('DELEGATE_NOT_FOUND', message);
}

/** What cannot be looked at is no plugin; the next directory may have it. */
function isFile(path: string): boolean {
  try {
    return stat(path).type === 'file';
  } catch {
    return false;
  }
}

/** Milliseconds to wait for whoever is still writing the file. */
const BUSY_PATIENCE = 1_000;
const BUSY_PAUSE = 20;

/**
 * Runs a plugin to its end; one that is being installed cannot be run (ETXTBSY) for a moment, and is waited for. Throws
 * {@link CniError} when it cannot be started.
 */
export function execPlugin(path: string, options: ExecOptions): ExecResult {
  const deadline = monotonic() + BUSY_PATIENCE;
  for (;;) {
    try {
      return exec(path, options);
    } catch (cause) {
      if (!isErrno(cause, 'ETXTBSY')) throw new CniError('DELEGATE_FAILED', (cause as Error).message, { cause });
      if (monotonic() >= deadline)
        throw new CniError('TRY_AGAIN_LATER', `run ${path}: somebody has it open for writing`, { cause });
      sleep(BUSY_PAUSE);
    }
  }
}

function errorOf(
  { type, verb, timeout = TIMEOUT }: DelegateCall,
  { status, signal, timedOut, stdout, stderr }: ExecResult,
): CniError {
  const what = `plugin ${type} ${verb}`;
  if (timedOut) return new CniError('TRY_AGAIN_LATER', `${what}: no answer within ${timeout / 1000} s`);
  if (status === undefined) return new CniError('DELEGATE_FAILED', `${what}: killed by signal ${signal}`);
  const said = text(stdout).trim() === '' ? undefined : stdout;
  if (said !== undefined) return decodeError(said, `${what}: exit status ${status}`);
  const complaint = endOf(text(stderr).trim());
  return new CniError('DELEGATE_FAILED', `${what}: exit status ${status}${complaint && `: ${complaint}`}`);
}

/** The reason is rarely at the beginning. */
function endOf(complaint: string): string {
  return complaint.length > LONGEST_COMPLAINT ? `…${complaint.slice(-LONGEST_COMPLAINT)}` : complaint;
}

function tooLarge({ type, verb }: DelegateCall): CniError {
  return new CniError('DELEGATE_FAILED', `plugin ${type} ${verb}: more than ${LARGEST_ANSWER} bytes on stdout`);
}

function decodeError(stdout: Uint8Array, what: string): CniError {
  const unreadable = () =>
    new CniError('DELEGATE_FAILED', `${what}, and no error object on stdout`, {
      details: `stdout: ${quote(text(stdout))}`,
    });
  try {
    const told = parseJson(stdout, what);
    if (!isObject(told)) return unreadable();
    const [code, msg, details] = ['code', 'msg', 'details'].map((key) => own(told, key));
    if (!Number.isSafeInteger(code) || typeof msg !== 'string') return unreadable();
    return new CniError((code as number) || 'INTERNAL', msg, {
      details: typeof details === 'string' ? details : undefined,
    });
  } catch {
    return unreadable();
  }
}
