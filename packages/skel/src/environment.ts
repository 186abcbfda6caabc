import { utf8 } from '@cni/sys';
import { CniError } from './error.ts';
import { quote } from './schema.ts';

/** Variables of the environment as received. */
export type Environment = Readonly<Record<string, string>>;

export type Verb = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';

/** The variable, `''` when it is not set: to a plugin the two are one. */
export function variable(env: Environment, name: string): string {
  return (Object.hasOwn(env, name) && env[name]) || '';
}

/** Whether somebody wants to watch. */
export function isDebugging(env: Environment): boolean {
  return !['', '0'].includes(variable(env, 'CNI_DEBUG'));
}

/** What each verb cannot do without, in the order in which variables are looked at. */
const REQUIRED: ReadonlyMap<string, readonly string[]> = new Map<Verb, readonly string[]>([
  ['ADD', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME']],
  ['DEL', ['CNI_CONTAINERID', 'CNI_IFNAME']],
  ['CHECK', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME']],
  ['GC', ['CNI_PATH']],
  ['STATUS', []],
  ['VERSION', []],
]);

/** First an ASCII letter or digit, then those and `_.-`. */
const IDENTIFIER = /^[a-z0-9][a-z0-9_.-]*$/i;

/** Whether a text can be a container id or the name of a network. */
export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text);
}

/** What Go and so every other plugin takes for white space, a slash and a colon. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN_IN_LINK_NAME = /[/:\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** IFNAMSIZ without the terminator. */
const LONGEST_LINK_NAME = 15;

/** What is wrong with a link name, `undefined` if nothing is. */
function faultOfLinkName(name: string): string | undefined {
  if (utf8(name).length > LONGEST_LINK_NAME) return `is longer than ${LONGEST_LINK_NAME} bytes`;
  if (name === '.' || name === '..') return 'is no name';
  return FORBIDDEN_IN_LINK_NAME.test(name) ? 'has a slash, a colon or white space in it' : undefined;
}

function faultOf(name: string, value: string): string | undefined {
  if (name === 'CNI_IFNAME') return faultOfLinkName(value);
  if (name !== 'CNI_CONTAINERID' || isIdentifier(value)) return undefined;
  return 'is not a letter or digit followed by letters, digits, "_", "." and "-"';
}

/**
 * The verb, after looking at what it requires: a wrong variable ends it at once, missing ones are told of together. Throws
 * {@link CniError} `INVALID_ENVIRONMENT` naming the variables.
 */
export function readVerb(env: Environment): Verb {
  const command = variable(env, 'CNI_COMMAND');
  const required = REQUIRED.get(command);
  if (required === undefined) {
    const message = `CNI_COMMAND: ${quote(command)} is not one of ${[...REQUIRED.keys()].join(', ')}`;
    throw new CniError('INVALID_ENVIRONMENT', message);
  }
  const missing = required.filter((name) => isMissing(name, variable(env, name)));
  if (missing.length > 0) throw new CniError('INVALID_ENVIRONMENT', `${missing.join(', ')}: required for ${command}`);
  return command as Verb;
}

function isMissing(name: string, value: string): boolean {
  if (value === '') return true;
  const fault = faultOf(name, value);
  if (fault !== undefined) throw new CniError('INVALID_ENVIRONMENT', `${name}: ${quote(value)} ${fault}`);
  return false;
}
