import { expect, test } from 'vitest';
import { encodeTrailer, TRAILER_SIZE } from './trailer.ts';

test('the trailer as the engine reads it: little-endian, the magic last', () => {
  const bytes = encodeTrailer({
    snapshotOffset: 0x0102_0304_0506,
    snapshotLength: 0x11121314,
    memoryPages: 0x21,
    mainFunction: 0x31323334,
    linesLength: 0x4142,
    program: new Uint8Array(32).fill(0x5a),
  });
  expect(bytes.length).toBe(TRAILER_SIZE);
  expect(Buffer.from(bytes).toString('hex')).toBe(
    `0605040302010000${'14131211'}${'21000000'}${'34333231'}${'42410000'}${'5a'.repeat(32)}${Buffer.from('CNIAOT02').toString('hex')}`,
  );
});
