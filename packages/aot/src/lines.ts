/**
 * The line table of an executable: from places in the bundled script to lines of the sources. engine/lines.c reads it
 * and describes the format.
 */

/** The parts of a source map that matter here. https://tc39.es/ecma426/ */
export interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

interface Piece {
  readonly column: number;
  readonly file: number;
  readonly line: number;
}

/** Keeps what a stack needs: within a line of the script, only where another file or line begins. */
export function encodeLines(map: SourceMap, nameOf: (source: string) => string): Uint8Array {
  const bytes: number[] = [];
  writeNumber(bytes, map.sources.length);
  for (const source of map.sources) {
    const name = new TextEncoder().encode(nameOf(source));
    writeNumber(bytes, name.length);
    bytes.push(...name);
  }
  let previous: Piece = { column: 0, file: 0, line: 0 };
  for (const pieces of decodeMappings(map.mappings)) {
    writeNumber(bytes, pieces.length);
    let from = 0;
    for (const piece of pieces) {
      writeNumber(bytes, piece.column - from);
      writeSigned(bytes, piece.file - previous.file);
      writeSigned(bytes, piece.line - previous.line);
      from = piece.column;
      previous = piece;
    }
  }
  return Uint8Array.from(bytes);
}

/** The pieces of each line, source lines counted from 1; neighbours with the same file and line are one piece. */
function decodeMappings(mappings: string): Piece[][] {
  let file = 0;
  let line = 1;
  return mappings.split(';').map((text) => {
    const pieces: Piece[] = [];
    let column = 0;
    for (const [columns = 0, files, lines = 0] of text.split(',').map(decodeSegment)) {
      column += columns;
      if (files === undefined) continue;
      file += files;
      line += lines;
      const last = pieces.at(-1);
      if (last?.file !== file || last.line !== line) pieces.push({ column, file, line });
    }
    return pieces;
  });
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 VLQ: five bits a character, low bits first, the sign in the lowest. */
function decodeSegment(segment: string): number[] {
  const numbers: number[] = [];
  let number = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = BASE64.indexOf(character);
    number |= (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(number & 1 ? -(number >> 1) : number >> 1);
    number = 0;
    shift = 0;
  }
  return numbers;
}

function writeNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
}

function writeSigned(bytes: number[], value: number): void {
  writeNumber(bytes, ((value << 1) ^ (value >> 31)) >>> 0);
}
