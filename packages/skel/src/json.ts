import { text } from '@cni/sys';
import { CniError } from './error.ts';

/** An object as received: read its keys with {@link own}. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Deeper than any configuration, shallow enough for every stack. */
export const DEEPEST = 256;

/** Whether a value is an object in JSON's sense. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a key, `undefined` when the object itself has none; `null` is told apart. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** As runtimes and people are used to see it. */
export function printJson(value: unknown): string {
  return `${JSON.stringify(value, null, 4)}\n`;
}

/** Parses UTF-8 JSON nested at most {@link DEEPEST} deep. Throws {@link CniError} `UNDECODABLE`, its message starting with `what`. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  if (isTooDeep(bytes)) throw new CniError('UNDECODABLE', `${what}: nested deeper than ${DEEPEST} levels`);
  const source = text(bytes);
  if (source.trim() === '') throw new CniError('UNDECODABLE', `${what}: empty`);
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new CniError('UNDECODABLE', `${what}: not JSON`, { cause });
  }
}

/** Looks closely only at what has brackets enough to be too deep: a parser must not be trusted with it, its stack is finite. */
function isTooDeep(bytes: Uint8Array): boolean {
  if (OPENING.reduce((sum, bracket) => sum + countOf(bracket, bytes), 0) <= DEEPEST) return false;
  const scan = new JsonScan();
  scan.feed(bytes);
  return scan.deepest > DEEPEST;
}

function countOf(byte: number, bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) count++;
  return count;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = [0x7b, 0x5b];
const CLOSING = [0x7d, 0x5d];
const SPACE = 0x20;
const WHITE_SPACE = [0x09, 0x0a, 0x0d, SPACE];

/** Follows brackets and strings through JSON that arrives in pieces, without parsing it. */
export class JsonScan {
  /** The deepest nesting seen. */
  deepest = 0;
  #depth = 0;
  #inString = false;
  /** Whether the next byte of a string means nothing. */
  #escaped = false;
  #started = false;

  /** Where in `bytes` the first value ended; `undefined` while it goes on. What is no object or array ends at once. */
  feed(bytes: Uint8Array): number | undefined {
    let end: number | undefined;
    for (let at = 0; at < bytes.length; at++) {
      if (this.#inString) at = this.#endOfString(bytes, at);
      else if (this.#step(bytes[at] ?? 0)) end ??= at + 1;
      if (this.deepest > DEEPEST) break;
    }
    return end;
  }

  /** Whether the first value ends with this byte, which is in no string. */
  #step(byte: number): boolean {
    if (byte <= SPACE && (this.#started || WHITE_SPACE.includes(byte))) return false;
    const starts = !this.#started;
    this.#started = true;
    if (byte === QUOTE) this.#inString = true;
    else if (byte === OPENING[0] || byte === OPENING[1]) this.deepest = Math.max(this.deepest, ++this.#depth);
    else if (byte === CLOSING[0] || byte === CLOSING[1]) return --this.#depth === 0;
    return starts && this.#depth === 0;
  }

  /** Where the quote is that ends the string; the end of `bytes` when it goes on. A search is faster than a look at each byte. */
  #endOfString(bytes: Uint8Array, from: number): number {
    const start = this.#escaped ? from + 1 : from;
    this.#escaped = false;
    for (let at = bytes.indexOf(QUOTE, start); at !== -1; at = bytes.indexOf(QUOTE, at + 1)) {
      if (backslashesBefore(bytes, start, at) % 2 === 1) continue;
      this.#inString = false;
      return at;
    }
    this.#escaped = backslashesBefore(bytes, start, bytes.length) % 2 === 1;
    return bytes.length;
  }
}

function backslashesBefore(bytes: Uint8Array, start: number, end: number): number {
  let first = end;
  while (first > start && bytes[first - 1] === BACKSLASH) first--;
  return end - first;
}
