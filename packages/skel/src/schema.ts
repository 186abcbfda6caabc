import * as z from 'zod/mini';
import { CniError } from './error.ts';

/** Code made at run time is not allowed in an executable; zod would try once and then do without. */
z.config({ jitless: true });

/** A schema of zod or zod/mini. */
export type Schema<Output = unknown> = z.core.$ZodType<Output>;

/**
 * A string read by a function that throws an `Error` for what it does not understand: `parsed(parseCidr)`. The message of that
 * error is what the user is told.
 */
export function parsed<T>(parse: (text: string) => T): z.ZodMiniType<T, string> {
  return z.pipe(
    z.string(),
    z.transform((text, context) => {
      try {
        return parse(text);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        context.issues.push({ code: 'custom', message, input: text });
        return z.NEVER;
      }
    }),
  );
}

const REPORT: z.core.ParseContext<z.core.$ZodIssue> = { error: describe, reportInput: true, jitless: true };

/** The schema's output. Throws {@link CniError} `INVALID_CONFIG` with the first issue as its message and the others in `details`. */
export function parseWith<T>(schema: Schema<T>, value: unknown, at = ''): T {
  const result = z.safeParse(schema, value, REPORT);
  if (result.success) return result.data;
  const lines = [...new Set(result.error.issues.flatMap((issue) => linesOf(issue, at)))];
  const [first = at, ...others] = lines;
  throw new CniError('INVALID_CONFIG', first, { details: others.join('\n') || undefined });
}

/** `key.path: message (got value)`. Of a union, what its most promising branch says. */
function linesOf(issue: z.core.$ZodIssue, at: string): string[] {
  const path = issue.path.reduce<string>((text, key) => joinPath(text, key), at);
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const depth = (branch: z.core.$ZodIssue[]) => Math.max(...branch.map(({ path: keys }) => keys.length));
    const [best = []] = issue.errors.toSorted((a, b) => depth(b) - depth(a));
    if (depth(best) > 0) return best.flatMap((inner) => linesOf(inner, path));
    const choices = issue.errors.map(([first]) => first?.message.replace(/^expected /, '')).join(' or ');
    return [`${path}: expected ${choices}${got(issue.input)}`];
  }
  return [`${path}: ${issue.message}${got(issue.input)}`];
}

/** `ranges.0.subnet` is written `ranges[0].subnet`. */
export function joinPath(path: string, key: PropertyKey): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return path === '' ? String(key) : `${path}.${String(key)}`;
}

const LONGEST_VALUE = 80;

function got(value: unknown): string {
  if (value === undefined) return '';
  return ` (got ${quote(value)})`;
}

/** A received value as JSON, shortened. */
export function quote(value: unknown): string {
  // What a schema has made of it already may have integers of any size.
  const plain = (_: string, part: unknown) => (typeof part === 'bigint' ? String(part) : part);
  const text = JSON.stringify(value, plain) ?? String(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** The sentence for an issue whose schema brings none of its own. */
function describe(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'required';
      return `expected ${issue.expected === 'record' ? 'object' : issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((value) => quote(value)).join(', ')}`;
    case 'too_small':
      return `expected ${bound(issue.origin, issue.inclusive ? 'at least' : 'more than', Number(issue.minimum))}`;
    case 'too_big':
      return `expected ${bound(issue.origin, issue.inclusive ? 'at most' : 'less than', Number(issue.maximum))}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `expected text like ${issue.pattern}` : `not a valid ${issue.format}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'not a valid key';
    case 'unrecognized_keys':
      return `unknown key ${issue.keys.map((key) => quote(key)).join(', ')}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    default:
      return 'not valid';
  }
}

function bound(origin: string, words: string, limit: number): string {
  if (origin === 'string') return `${words} ${limit} characters`;
  return origin === 'array' ? `${words} ${limit} items` : `a number of ${words} ${limit}`;
}
