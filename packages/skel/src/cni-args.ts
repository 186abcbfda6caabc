import { CniError } from './error.ts';
import { quote } from './schema.ts';

/** The pairs of CNI_ARGS that a plugin has declared. */
export interface CniArgs<Key extends string = string> {
  /** `undefined` when the pair is not there. */
  get(key: Key): string | undefined;
}

const IGNORE_UNKNOWN = 'IgnoreUnknown';

/**
 * Parses CNI_ARGS, `K=V;K2=V2`. A key that is not among `known` is an error unless `IgnoreUnknown` is true; with no `known`
 * keys the variable is not looked at. Throws {@link CniError} `INVALID_ENVIRONMENT`.
 */
export function parseCniArgs<Key extends string>(value: string, known: readonly Key[]): CniArgs<Key> {
  if (known.length === 0 || value === '') return { get: () => undefined };
  const pairs = new Map(value.split(';').map(parsePair));
  const ignoreUnknown = parseBoolean(pairs.get(IGNORE_UNKNOWN) ?? 'false');
  const unknown = [...pairs.keys()].filter(
    (key) => key !== IGNORE_UNKNOWN && !(known as readonly string[]).includes(key),
  );
  if (unknown.length > 0 && !ignoreUnknown)
    throw invalid(`unknown ${unknown.map(quote).join(', ')}; ${IGNORE_UNKNOWN}=1 would let it pass`);
  return { get: (key) => pairs.get(key) };
}

function parsePair(piece: string): [string, string] {
  const [key = '', value, ...rest] = piece.split('=');
  if (key === '' || value === undefined || rest.length > 0)
    throw invalid(`${quote(piece)} is not of the form KEY=VALUE`);
  return [key, value];
}

function parseBoolean(text: string): boolean {
  if (/^(1|true)$/i.test(text)) return true;
  if (/^(0|false)$/i.test(text)) return false;
  throw invalid(`${IGNORE_UNKNOWN} is ${quote(text)}, expected 1, true, 0 or false`);
}

function invalid(message: string): CniError {
  return new CniError('INVALID_ENVIRONMENT', `CNI_ARGS: ${message}`);
}
