import { hex, rows } from '@cni/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AttributeSet, attribute, attributes, byKind, list } from './attributes.ts';
import {
  be16,
  be32,
  binary,
  type Codec,
  cstring,
  decodeAll,
  flag,
  oneOf,
  pad,
  s8,
  s16,
  s32,
  string,
  u8,
  u16,
  u32,
  u64,
  WireError,
} from './codec.ts';
import { afterStruct, struct } from './struct.ts';
import { ipBytes, macBytes } from './values.ts';

function hexOf<T>(codec: Codec<T>, value: T): string {
  return Buffer.from(codec.encode(value)).toString('hex');
}

function roundTrip<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  const check = (value: T) => void expect(decodeAll(codec, codec.encode(value))).toEqual(value);
  fc.assert(fc.property(values, check));
}

describe('integers', () => {
  test.each([
    ['u8', u8, 0xfe, 'fe'],
    ['s8', s8, -2, 'fe'],
    ['u16', u16, 0x1234, '3412'],
    ['s16', s16, -2, 'feff'],
    ['u32', u32, 0x12345678, '78563412'],
    ['u32 with its upper bit', u32, 0xffffffff, 'ffffffff'],
    ['s32', s32, -2, 'feffffff'],
    ['be16', be16, 0x1234, '1234'],
    ['be32', be32, 0x12345678, '12345678'],
  ])('%s', (_, codec, value, bytes) => {
    expect(hexOf(codec, value)).toBe(bytes);
    expect(decodeAll(codec, codec.encode(value))).toBe(value);
  });

  test('u64', () => {
    expect(hexOf(u64, 0x0102030405060708n)).toBe('0807060504030201');
    roundTrip(u64, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
    expect(() => u64.encode(2n ** 64n)).toThrow(WireError);
  });

  test('every value back and forth', () => {
    roundTrip(u32, fc.integer({ min: 0, max: 0xffffffff }));
    roundTrip(s32, fc.integer());
    roundTrip(s16, fc.integer({ min: -0x8000, max: 0x7fff }));
  });

  test('one that does not fit', () => {
    expect(() => u8.encode(256)).toThrow('256 is not between 0 and 255');
    expect(() => s8.encode(-129)).toThrow('-129 is not between -128 and 127');
    expect(() => u32.encode(1.5)).toThrow('1.5 is not between');
  });

  test('another length', () => {
    expect(() => decodeAll(u32, hex`0102`)).toThrow('2 bytes, not 4');
  });
});

describe('text', () => {
  test('with and without a terminator', () => {
    expect(hexOf(string, 'eth0')).toBe('65746830');
    expect(hexOf(cstring, 'eth0')).toBe('6574683000');
    for (const codec of [string, cstring]) {
      expect(decodeAll(codec, hex`65746830`)).toBe('eth0');
      expect(decodeAll(codec, hex`6574683000`)).toBe('eth0');
      expect(decodeAll(codec, hex``)).toBe('');
    }
  });
});

test('a word for a value', () => {
  const mode = oneOf(u16, { l2: 0, l3: 1 });
  expect(hexOf(mode, 'l3')).toBe('0100');
  expect(decodeAll(mode, hex`0000`)).toBe('l2');
  expect(() => decodeAll(mode, hex`0900`)).toThrow('unknown value 9');
});

test('addresses', () => {
  expect(() => decodeAll(ipBytes, hex`0a0100`)).toThrow('3 bytes are not an IP address');
  expect(decodeAll(macBytes, hex`0a580a010005`)).toBe('0a:58:0a:01:00:05');
});

interface Point {
  readonly x: number;
  readonly y: number;
}
const point = struct<Point>('point', 8, { x: u16, pad: pad(2), y: s32 });

describe('struct', () => {
  test('members in order, with their padding', () => {
    expect(hexOf(point, { x: 1, y: -1 })).toBe('01000000ffffffff');
    roundTrip(point, fc.record({ x: fc.nat(0xffff), y: fc.integer() }));
  });

  test('one that does not add up', () => {
    expect(() => struct<Point>('point', 8, { x: u16, y: s32 })).toThrow(
      'struct point: members add up to 6, sizeof is 8',
    );
  });

  test('too short, and longer than known', () => {
    expect(() => decodeAll(point, hex`010000`)).toThrow('3 bytes, not the 8 of struct point');
    expect(decodeAll(point, hex`01000000 02000000 ffffffff`)).toEqual({ x: 1, y: 2 });
  });

  test('a member that does not fit, by its name', () => {
    expect(() => point.encode({ x: -1, y: 0 })).toThrow('x: -1 is not between 0 and 65535');
  });
});

interface Inner {
  readonly mode?: 'l2' | 'l3';
}
interface Outer {
  readonly name?: string;
  readonly mtu?: number;
  readonly up?: true;
  readonly inner?: Inner;
  readonly bytes?: Uint8Array;
}
const inner = attributes<Inner>('INNER', { mode: attribute(1, oneOf(u16, { l2: 0, l3: 1 })) });
const outerSet: AttributeSet<Outer> = {
  name: attribute(3, cstring),
  mtu: attribute(4, u32),
  up: attribute(5, flag),
  inner: attribute(18, inner, { nested: true }),
  bytes: attribute(20, binary),
};
const outer = attributes<Outer>('OUTER', outerSet);

describe('attributes', () => {
  test('in the order of the keys, padded', () => {
    expect(rows(outer.encode({ mtu: 1500, name: 'a' })).split('\n')).toEqual([
      '08000400',
      'dc050000',
      '06000300',
      '61000000',
    ]);
  });

  test('a nest with its flag', () => {
    expect(rows(outer.encode({ inner: { mode: 'l3' } })).split('\n')).toEqual(['0c001280', '06000100', '01000000']);
  });

  test('every value back and forth', () => {
    const mode = fc.constantFrom('l2', 'l3');
    roundTrip(
      outer,
      fc.record(
        {
          name: fc.stringMatching(/^[a-z]{0,15}$/),
          mtu: fc.nat(),
          up: fc.constant(true),
          inner: fc.record({ mode }, { requiredKeys: [] }),
          bytes: fc.uint8Array(),
          unknown: fc.array(fc.record({ type: fc.integer({ min: 21, max: 0x3fff }), payload: fc.uint8Array() }), {
            minLength: 1,
          }),
        },
        { requiredKeys: [] },
      ) as fc.Arbitrary<Outer>,
    );
  });

  test('unknown ones are kept, or passed over', () => {
    const bytes = hex`08006300 01020304 08000400 dc050000`;
    expect(decodeAll(outer, bytes)).toEqual({ mtu: 1500, unknown: [{ type: 99, payload: hex`01020304` }] });
    expect(decodeAll(attributes<Outer>('OUTER', outerSet, { skipRest: true }), bytes)).toEqual({ mtu: 1500 });
  });

  test('an unknown value, by its path', () => {
    expect(() => decodeAll(outer, hex`0c001280 06000100 09000000`)).toThrow('inner.mode: unknown value 9');
  });

  test('one longer than the rest, and one shorter than its header', () => {
    expect(() => decodeAll(outer, hex`10000400 dc050000`)).toThrow('attribute 4 is 16 bytes of 8');
    expect(() => decodeAll(outer, hex`03000400`)).toThrow('attribute 4 is 3 bytes of 4');
  });

  test('a last one without its padding', () => {
    expect(decodeAll(outer, hex`06000300 6100`)).toEqual({ name: 'a' });
  });

  test('two of one type in a set', () => {
    const twice = { x: attribute(1, u8), y: attribute(1, u8) };
    expect(() => attributes<{ x?: number; y?: number }>('TWICE', twice)).toThrow('TWICE: two attributes of type 1');
  });

  test('one larger than a length can say', () => {
    expect(() => outer.encode({ bytes: new Uint8Array(65532) })).toThrow('attribute 20 is 65536 bytes long');
  });

  test('the path of an offset', () => {
    const bytes = outer.encode({
      name: 'eth0',
      inner: { mode: 'l3' },
      unknown: [{ type: 99, payload: hex`01` }],
    } as Outer);
    const at = (offset: number) => outer.locate?.(bytes, 0, bytes.length, offset);
    expect(at(0)).toEqual(['name']);
    expect(at(5)).toEqual(['name']);
    expect(at(12)).toEqual(['inner']);
    expect(at(16)).toEqual(['inner', 'mode']);
    expect(at(24)).toEqual(['#99']);
    expect(at(99)).toEqual([]);
  });
});

describe('a kind and its data', () => {
  const info = byKind({ kind: 1, data: 2 }, { inner });

  test('a kind that is known', () => {
    const bytes = info.encode({ kind: 'inner', data: { mode: 'l3' } });
    expect(rows(bytes).split('\n')).toEqual(['09000100', '696e6e65', '72000000', '0c000200', '06000100', '01000000']);
    expect(decodeAll(info, bytes)).toEqual({ kind: 'inner', data: { mode: 'l3' } });
  });

  test('one that is not, and one with a value that is not', () => {
    const other = info.encode({ kind: 'other', raw: hex`01020304` });
    expect(decodeAll(info, other)).toEqual({ kind: 'other', raw: hex`01020304` });
    const newer = info.encode({ kind: 'inner', raw: hex`06000100 09000000` });
    expect(decodeAll(info, newer)).toEqual({ kind: 'inner', raw: hex`06000100 09000000` });
  });

  test('the path of an offset', () => {
    const bytes = info.encode({ kind: 'inner', data: { mode: 'l3' } });
    const at = (offset: number) => info.locate?.(bytes, 0, bytes.length, offset);
    expect([at(0), at(12), at(16)]).toEqual([['kind'], ['data'], ['data', 'mode']]);
  });
});

test('attributes behind a struct', () => {
  const codec = afterStruct(4, inner);
  expect(decodeAll(codec, codec.encode({ mode: 'l3' }))).toEqual({ mode: 'l3' });
  expect(() => decodeAll(codec, hex`0102`)).toThrow('2 bytes, not at least 4');
});

describe('a list of attributes of one type', () => {
  const names = list(attribute(1, inner, { nested: true }));
  const bytes = names.encode([{ mode: 'l2' }, { mode: 'l3' }]);

  test('in order, and whatever else is between them passed over', () => {
    expect(rows(bytes).split('\n')).toEqual(['0c000180', '06000100', '00000000', '0c000180', '06000100', '01000000']);
    const between = hex`05000700 01000000`;
    const all = Uint8Array.of(...bytes.subarray(0, 12), ...between, ...bytes.subarray(12));
    expect(decodeAll(names, all)).toEqual([{ mode: 'l2' }, { mode: 'l3' }]);
  });

  test('the path of an error, and of an offset', () => {
    const wrong = bytes.slice();
    wrong[20] = 9;
    expect(() => decodeAll(names, wrong)).toThrow('1.mode: unknown value 9');
    const at = (offset: number) => names.locate?.(bytes, 0, bytes.length, offset);
    expect([at(0), at(4), at(12), at(20), at(24)]).toEqual([['0'], ['0', 'mode'], ['1'], ['1', 'mode'], []]);
  });
});
