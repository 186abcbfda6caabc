import { parseCidr, parseIp } from '@cni/ip';
import { hex, rows } from '@cni/testkit';
import { formatRouteVia } from 'netlink/dist/rt/gen_structs.js';
import { formatInfo, parseLinkAttrs } from 'netlink/dist/rt/ifla.js';
import { getString, parseError } from 'netlink/dist/structs.js';
import { describe, expect, test } from 'vitest';
import { cstring, decodeAll } from './codec/codec.ts';
import { linkShape } from './link/codec.ts';
import { setBody } from './link/request.ts';
import { attributeOf, bytesOf, formatLinkAttrs, given, infoBytes, type LinkAttrs, unword, word } from './npm.ts';
import { addBody } from './route/request.ts';

const lines = (bytes: Uint8Array) => rows(bytes).split('\n');

describe('faults of npm netlink, and what we do instead', () => {
  test('unknown attributes are dropped; ours are passed over or kept, and never an error', () => {
    const unknown = hex`08006300 01020304`;
    expect(parseLinkAttrs(Buffer.from(unknown))).toEqual({});
    expect(decodeAll(linkShape.attributes, unknown)).toEqual({});
  });

  test('an attribute with the flag for network byte order is an error to it', () => {
    const bytes = hex`08000440 dc050000`;
    expect(() => parseLinkAttrs(Buffer.from(bytes))).toThrow('Unexpected attribute with NO set');
    expect(decodeAll(linkShape.attributes, bytes)).toEqual({ mtu: 1500 });
  });

  test('text without a terminator is an error to it', () => {
    expect(() => getString(Buffer.from('eth0'))).toThrow('Not null terminated');
    expect(decodeAll(cstring, hex`65746830`)).toBe('eth0');
  });

  test('it decodes statistics that nobody asked for, and fails on a length of another kernel', () => {
    const stats = hex`08000700 01020304`;
    expect(() => parseLinkAttrs(Buffer.from(stats))).toThrow('Unexpected length for LinkStats');
    expect(decodeAll(linkShape.attributes, stats)).toEqual({});
  });

  test('a nest ends before the padding of its last attribute', () => {
    const info = Buffer.from(hex`09000100 76657468 00`);
    const raw = given<LinkAttrs>({ linkinfo: info });
    expect(lines(bytesOf(formatLinkAttrs(raw)))[0]).toBe('0d001200');
    const padded = given<LinkAttrs>({ linkinfo: bytesOf(info) });
    expect(lines(bytesOf(formatLinkAttrs(padded)))[0]).toBe('10001200');
  });

  test('a kind is sent with a NUL that iproute2 does not send', () => {
    expect(lines(bytesOf(formatInfo({ kind: 'ifb' })))).toEqual(['08000100', '69666200']);
    expect(lines(infoBytes(hex`696662`, undefined))).toEqual(['07000100', '69666200']);
  });

  test('an alias is sent with a NUL, so that one of 255 bytes is too long', () => {
    const alias = 'x'.repeat(255);
    expect(lines(bytesOf(formatLinkAttrs({ ifalias: alias })))[0]).toBe('04011400');
    expect(lines(setBody(0, { alias }))[4]).toBe('03011400');
  });

  test('a gateway of the other family is three bytes to it', () => {
    expect(formatRouteVia({ family: 10 })).toHaveLength(3);
    const body = addBody({ destination: parseCidr('10.0.0.0/8'), gateway: parseIp('fd00::1'), link: 1 });
    expect(lines(body).slice(5, 10)).toEqual(['16001200', '0a00fd00', '00000000', '00000000', '00000000']);
  });

  test('what the kernel adds to an error is not read', () => {
    const error = new Uint8Array(20 + 8);
    expect(parseError(Buffer.from(error), 0x200)).not.toHaveProperty('tlvData');
  });

  test('its words are upper case, and numbers where it has none', () => {
    expect([word('LINK'), word(77), word(undefined)]).toEqual(['link', 77, 0]);
    expect([unword<'LINK'>('link'), unword(77)]).toEqual(['LINK', 77]);
  });
});

test('an attribute that is not given', () => {
  expect(bytesOf(attributeOf(20, undefined))).toHaveLength(0);
  expect(bytesOf(formatLinkAttrs(given<LinkAttrs>({ mtu: undefined })))).toHaveLength(0);
});
