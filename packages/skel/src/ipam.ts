import { delegate } from './delegate.ts';
import type { Environment, Verb } from './environment.ts';
import { CniError, isCniError, toFailure, withDetails } from './error.ts';
import { parseJson } from './json.ts';
import type { Parts } from './parts.ts';
import type { Request } from './request.ts';
import { decodeResult, type Result } from './result.ts';
import { failedUndo, type Undo } from './undo.ts';
import type { SpecVersion } from './versions.ts';

/** The IPAM plugin of the configuration. Each verb throws {@link CniError} with the plugin's own code and words. */
export interface Ipam {
  /** Addresses for this attachment. Should ADD fail, here or further on, they are released again. */
  add(): Result;
  del(): void;
  check(): void;
  gc(): void;
  status(): void;
}

/** What calling the IPAM plugin takes. */
export interface IpamSource {
  readonly type: string;
  readonly env: Environment;
  readonly request: Request;
  readonly version: SpecVersion;
  readonly stderr: (text: string) => void;
  readonly parts: Parts;
  /** Only while an ADD is at work. */
  readonly undo?: Undo;
}

const RELEASE = 'release the addresses';

/** An IPAM plugin behind its verbs. */
export function ipamOf({ type, env, request, version, stderr, parts, undo }: IpamSource): Ipam {
  const call = (verb: Verb) => delegate({ type, verb, env, stdin: request.bytes, stderr, parts });
  let held = false;
  const release = () => {
    call('DEL');
    held = false;
  };
  return {
    add() {
      const added = addOrRelease(() => decodeAnswer(call('ADD'), version, `result of plugin ${type}`), release);
      held = true;
      undo?.defer(RELEASE, () => held && release());
      return added;
    },
    del: release,
    check: () => void call('CHECK'),
    gc: () => void call('GC'),
    status: () => void call('STATUS'),
  };
}

/** A plugin that fails to ADD may have done part of it: the specification wants a DEL. */
function addOrRelease(add: () => Result, release: () => void): Result {
  try {
    return add();
  } catch (error) {
    if (isRepeated(error)) throw error;
    try {
      release();
    } catch (second) {
      const known = toFailure(second).msg === toFailure(error).msg;
      throw withDetails(error, known ? [] : [failedUndo(RELEASE, second)]);
    }
    throw error;
  }
}

/** A repeated ADD is refused for what the first one holds, and a DEL would release that. The reference plugin only says so in words. */
function isRepeated(error: unknown): boolean {
  return isCniError(error, 'DUPLICATE_ALLOCATION') || toFailure(error).msg.includes('duplicate allocation');
}

function decodeAnswer(stdout: Uint8Array, version: SpecVersion, what: string): Result {
  try {
    const answer = parseJson(stdout, what);
    return answer === null ? {} : decodeResult(answer, version, what);
  } catch (cause) {
    if (isCniError(cause, 'INCOMPATIBLE_VERSION')) throw cause;
    const { msg, details } = toFailure(cause);
    throw new CniError('DELEGATE_FAILED', msg, { details });
  }
}
