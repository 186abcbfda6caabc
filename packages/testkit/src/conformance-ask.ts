import { expect } from 'vitest';
import type { Place, Subject } from './conformance.ts';

export type Verb = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';

/** The verbs that read a request, oldest first. */
export const REQUEST_VERBS = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'] as const;

/** How a request differs from the plain one. */
export interface Question {
  readonly verb: string;
  /** Default: the newest version. `undefined` as `cniVersion` of `config` leaves the key out. */
  readonly version?: string;
  readonly config?: object;
  /** `''` is as good as unset. */
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of the configuration. */
  readonly stdin?: string;
}

/** What a plugin said. */
export interface Said {
  readonly status: number | undefined;
  /** What was on stdout; `undefined` for nothing. */
  // biome-ignore lint/suspicious/noExplicitAny: any document; a wrong one fails the expectation
  readonly document: any;
  readonly stderr: string;
}

export const NETWORK = 'conformance';
export const IF_NAME = 'eth0';

/** Asks once, and expects what holds for every answer: one document or nothing, errors of the right form, silence on stderr. */
export function ask({ run, versions }: Subject, place: Place, question: Question): Said {
  const { verb, version = versions.at(-1), config, env, stdin } = question;
  const request = { cniVersion: version, name: NETWORK, ...place.config, ...config };
  const { status, stdout, stderr } = run({
    env: { ...environment(place, verb), ...env },
    stdin: stdin ?? JSON.stringify(request),
  });
  const document = stdout === '' ? undefined : JSON.parse(stdout);
  const about = `${verb} said ${stdout || 'nothing'}`;
  if (status === 0) {
    expect(document !== undefined, about).toBe(verb === 'ADD' || verb === 'VERSION');
    if (verb !== '' && env?.['CNI_DEBUG'] === undefined) expect(stderr, 'stderr').toBe('');
  } else {
    expect(status, about).toBe(1);
    expect(document, about).toEqual(expect.objectContaining(ERROR));
  }
  return { status, document, stderr };
}

const ERROR = {
  cniVersion: expect.any(String) as string,
  code: expect.any(Number) as number,
  msg: expect.stringMatching(/./) as string,
};

/** As libcni does it: all variables are set, those of an attachment are empty where there is none. */
function environment(place: Place, verb: string): Record<string, string> {
  const attached = verb !== 'GC' && verb !== 'STATUS';
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: attached ? 'conformance-1' : '',
    CNI_NETNS: attached ? place.netns : '',
    CNI_IFNAME: attached ? IF_NAME : '',
    CNI_ARGS: '',
    CNI_PATH: '/opt/cni/bin',
    ...place.env,
  };
}

/** Expects an error of one of these codes whose message matches. */
export function expectRefusal({ status, document }: Said, codes: readonly number[], message: RegExp = /./): void {
  expect(status, 'exit status').toBe(1);
  expect(codes, `code of ${JSON.stringify(document)}`).toContain(document.code);
  expect(document.msg).toMatch(message);
}

/** Expects success. */
export function expectSuccess(said: Said): Said {
  expect({ status: said.status, refusal: said.document?.msg }).toEqual({ status: 0, refusal: undefined });
  return said;
}

/** An ADD that succeeds; its result. */
export function add(subject: Subject, place: Place, question: Omit<Question, 'verb'> = {}): object {
  const { version = subject.versions.at(-1) ?? '', config } = question;
  const prevResult = place.prevResult?.(version as never);
  const more = { ...(prevResult !== undefined && { prevResult }), ...config };
  return expectSuccess(ask(subject, place, { ...question, version, verb: 'ADD', config: more })).document;
}

/** Runs `work` in a fresh place. */
export function inPlace<T>(subject: Subject, work: (place: Place) => T): T {
  const place = subject.fixture.prepare();
  try {
    return work(place);
  } finally {
    place.remove();
  }
}

/** Expects that nothing of ours is left. */
export function expectNothingLeft(place: Place, after: string): void {
  expect(place.leftovers(), `left after ${after}`).toEqual([]);
}
