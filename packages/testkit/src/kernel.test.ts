import { describe, expect, test } from 'vitest';
import { ack, datagram, done, hex, payloadsOf, refuse, replay, rows, scriptedKernel, unnumbered } from './index.ts';

const request = hex`14000000 10000500 07000000 00000000 0a0b0c0d`;

describe('bytes', () => {
  test('of hexadecimal digits, and back in rows', () => {
    expect(hex`0a0b 0c`).toEqual(Uint8Array.of(10, 11, 12));
    expect(rows(hex`0a0b0c0d 0e`)).toBe('0a0b0c0d\n0e');
    expect(() => hex`0a0`).toThrow('not an even number of hexadecimal digits');
  });

  test('messages in a datagram, padded', () => {
    expect(rows(datagram(hex`0102`, hex`03`))).toBe('01020000\n03000000');
    expect(payloadsOf(datagram(request, request)).map(({ type, body }) => [type, rows(body)])).toEqual([
      [16, '0a0b0c0d'],
      [16, '0a0b0c0d'],
    ]);
  });

  test('without what differs each time', () => {
    expect(rows(unnumbered(request))).toBe('14000000\n10000500\n00000000\n00000000\n0a0b0c0d');
  });
});

describe('a scripted kernel', () => {
  const buffer = new Uint8Array(64);

  test('remembers what it is asked, and answers in order', () => {
    const kernel = scriptedKernel((asked) => [ack(asked), done(asked)]);
    kernel.send(request);
    expect(kernel.requests).toMatchObject([{ type: 16, flags: 5, sequence: 7, port: 4711, body: hex`0a0b0c0d` }]);
    expect(kernel.receive(buffer)).toBe(36);
    // sequence 7, port 4711, errno 0
    expect(rows(buffer.subarray(8, 20))).toBe('07000000\n67120000\n00000000');
    expect(kernel.receive(buffer)).toBe(20);
  });

  test('has nothing to say, or has lost it', () => {
    const kernel = scriptedKernel(() => ['overrun']);
    expect(() => kernel.receive(buffer)).toThrow('EAGAIN');
    kernel.send(request);
    expect(() => kernel.receive(buffer)).toThrow('ENOBUFS');
  });

  test('says how long a datagram is that does not fit', () => {
    const kernel = scriptedKernel((asked) => [refuse(asked, 22, { message: 'a long explanation' })]);
    kernel.send(request);
    expect(kernel.receive(new Uint8Array(4))).toBeGreaterThan(36);
  });

  test('makes a captured answer out to the one who asks', () => {
    const kernel = scriptedKernel((asked) => [replay(datagram(request, request), asked)], 9);
    kernel.send(request);
    kernel.receive(buffer);
    expect(rows(buffer.subarray(28, 36))).toBe('07000000\n09000000');
  });

  test('wants whole messages', () => {
    const kernel = scriptedKernel(() => []);
    expect(() => kernel.send(request.subarray(0, 16))).toThrow('messages of 20 in 16 bytes');
  });
});
