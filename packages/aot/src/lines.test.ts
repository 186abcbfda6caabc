import { describe, expect, test } from 'vitest';
import { encodeLines } from './lines.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const encode = (mappings: string, sources: string[] = ['a.ts']) =>
  hex(encodeLines({ mappings, sources }, (name) => name));

/** One file, `a.ts`: its number, the length of its name, the name. */
const oneFile = `0104${Buffer.from('a.ts').toString('hex')}`;

describe('line table', () => {
  test('nothing mapped: one line without pieces', () => {
    expect(encode('')).toBe(`${oneFile}00`);
  });

  test('a piece is column, file, line; source lines count from 1', () => {
    // AAAA: column 0, file 0, line 0, column 0
    expect(encode('AAAA')).toBe(oneFile + ['01', '00', '00', '02'].join(''));
  });

  test('each number but the column of a line is relative to the piece before', () => {
    // line 1 → a.ts:1; line 2, column 2 → a.ts:3, column 10 → a.ts:2
    expect(encode('AAAA;EAEA,QADA')).toBe(oneFile + ['01', '000002', '02', '020004', '080001'].join(''));
  });

  test('neighbours of the same source line are one piece', () => {
    expect(encode('AAAA,IAAI,IAAI')).toBe(encode('AAAA'));
  });

  test('what has no source is left out', () => {
    expect(encode('A,IAAA')).toBe(oneFile + ['01', '04', '00', '02'].join(''));
  });

  test('lines without pieces keep their place', () => {
    expect(encode(';;AAAA')).toBe(oneFile + ['0000', '01000002'].join(''));
  });

  test('numbers above 127 take two bytes, low bits first', () => {
    // 4rB: column 700
    expect(encode('4rBAAA')).toBe(oneFile + ['01', 'bc05', '00', '02'].join(''));
  });

  test('names as they are given, in UTF-8', () => {
    const names = encodeLines({ mappings: '', sources: ['/x/é'] }, (path) => path.slice(3));
    expect(hex(names)).toBe('0102c3a900');
  });
});
