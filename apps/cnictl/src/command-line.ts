import { closest } from './closest.ts';

/** A command line that cannot be understood: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** One `--option`. */
export interface Option {
  /** What stands for its value in the help; absent: it has none. */
  readonly value?: string;
  /** One letter, for `-x`. */
  readonly short?: string;
  /** It may be given more than once. */
  readonly repeat?: boolean;
  /** One line of help. */
  readonly about: string;
}

export type Options = Readonly<Record<string, Option>>;

/** A command line taken apart. An option without a value has the value `''`. */
export interface CommandLine {
  readonly operands: readonly string[];
  readonly given: ReadonlyMap<string, readonly string[]>;
}

/** Takes words apart: `--name value`, `--name=value`, `-x value`; `--` ends the options. Throws {@link UsageError}. */
export function parseCommandLine(words: readonly string[], options: Options): CommandLine {
  const operands: string[] = [];
  const given = new Map<string, string[]>();
  const rest = words.values();
  for (const word of rest) {
    if (word === '--') return { operands: [...operands, ...rest], given };
    if (!word.startsWith('-') || word === '-') {
      operands.push(word);
      continue;
    }
    const { name, inline } = optionOf(word, options);
    const { value, repeat = false } = options[name] ?? {};
    const values = given.get(name) ?? [];
    if (values.length > 0 && !repeat) throw new UsageError(`--${name} is given twice`);
    given.set(name, [...values, value === undefined ? flag(name, inline) : (inline ?? following(rest, name, value))]);
  }
  return { operands, given };
}

function optionOf(word: string, options: Options): { name: string; inline: string | undefined } {
  const [, long, short, , inline] = /^(?:--([^=]+)|-([^=-]))(=(.*))?$/s.exec(word) ?? [];
  const name = long ?? Object.keys(options).find((key) => short !== undefined && options[key]?.short === short);
  if (name !== undefined && Object.hasOwn(options, name)) return { name, inline };
  const meant = closest(long ?? '', Object.keys(options));
  throw new UsageError(`unknown option ${word}${meant === undefined ? '' : `; did you mean --${meant}?`}`);
}

function flag(name: string, inline: string | undefined): string {
  if (inline !== undefined) throw new UsageError(`--${name} takes no value`);
  return '';
}

function following(rest: Iterator<string>, name: string, value: string): string {
  const { done, value: word } = rest.next();
  if (done === true) throw new UsageError(`--${name} needs a value: --${name} ${value}`);
  return word;
}
