import { utf8 } from '@cni/sys';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEEPEST, JsonScan, own, parseJson } from './json.ts';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

test.each([
  ['empty', '', 'x: empty'],
  ['white space', ' \n', 'x: empty'],
  ['cut short', '{"a":', 'x: not JSON'],
  ['text after the value', '{} {}', 'x: not JSON'],
  ['a byte order mark', '\ufeff{}', 'x: not JSON'],
  ['a trailing comma', '{"a":1,}', 'x: not JSON'],
  ['a comment', '{} // no', 'x: not JSON'],
  ['NaN', 'NaN', 'x: not JSON'],
  ['too deep', nested(DEEPEST + 1), `x: nested deeper than ${DEEPEST} levels`],
  ['a mebibyte of brackets', '['.repeat(1 << 20), `x: nested deeper than ${DEEPEST} levels`],
])('refused: %s', (_, source, message) => {
  expect(() => parseJson(utf8(source), 'x')).toThrow(expect.objectContaining({ name: 'CniError', code: 6, message }));
});

test('as deep as may be, and wide without being deep', () => {
  expect(parseJson(utf8(nested(DEEPEST)), 'x')).toBeInstanceOf(Array);
  expect(parseJson(utf8(`[${Array(1000).fill('[]').join(',')}]`), 'x')).toHaveLength(1000);
  expect(parseJson(utf8(JSON.stringify(['['.repeat(1000), '"[\\"'.repeat(300)])), 'x')).toHaveLength(2);
});

test('only own members are read', () => {
  const object = JSON.parse('{"__proto__":{"name":"x"},"a":null}');
  expect(own(object, 'name')).toBeUndefined();
  expect(own(object, 'toString')).toBeUndefined();
  expect(own(object, '__proto__')).toEqual({ name: 'x' });
  expect(own(object, 'a')).toBeNull();
});

test.each([
  ['{}', 2],
  [' {"a":"}"} {}', 10],
  ['[{"a":"\\"]"}]x', 13],
  ['{"a":', undefined],
  ['"a', 1],
  ['x{}', 1],
  ['  ', undefined],
  ['', undefined],
])('the first value of %s ends at %s', (source, end) => {
  expect(new JsonScan().feed(utf8(source))).toBe(end);
});

test('a value in pieces', () => {
  const scan = new JsonScan();
  expect(['{"a', '":"', '\\', '"', '"', '}'].map((piece) => scan.feed(utf8(piece)))).toEqual([
    ...Array(5).fill(undefined),
    1,
  ]);
});

test('any value ends where its text ends, in whatever pieces it comes', () => {
  const anyObject = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()));
  fc.assert(
    fc.property(anyObject, fc.nat(), fc.integer({ min: 0, max: 2 }), (value, cut, indent) => {
      const bytes = utf8(JSON.stringify(value, null, indent));
      const at = cut % bytes.length;
      const scan = new JsonScan();
      expect(scan.feed(bytes.subarray(0, at))).toBeUndefined();
      expect(scan.feed(bytes.subarray(at))).toBe(bytes.length - at);
      expect(parseJson(bytes, 'x')).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('strings full of quotes and backslashes, a byte at a time and whole', () => {
  const text = fc.string({ unit: fc.constantFrom('"', '\\', '[', '}', 'a'), maxLength: 12 });
  fc.assert(
    fc.property(fc.dictionary(text, text), (value) => {
      const bytes = utf8(JSON.stringify(value));
      const [whole, single] = [new JsonScan(), new JsonScan()];
      expect(whole.feed(bytes)).toBe(bytes.length);
      const ends = Array.from(bytes, (byte) => single.feed(Uint8Array.of(byte)));
      expect(ends.indexOf(1)).toBe(bytes.length - 1);
      expect([whole.deepest, single.deepest]).toEqual([1, 1]);
    }),
  );
});
