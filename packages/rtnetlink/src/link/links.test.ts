import type { Netns } from '@cni/sys';
import { answerTo, goldens, hex, payloadsOf, replay, rows, scriptedKernel, sentBy } from '@cni/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetlinkError } from '../error.ts';
import { decodeBody } from '../message.ts';
import { type Rtnl, rtnlOver } from '../rtnl.ts';
import { linkShape, RTM_NEWLINK, RTM_SETLINK } from './codec.ts';
import { sent as sentText } from './link.golden.ts';
import type { LinkChange, LinkInfo, NewLink } from './link.ts';
import { answers as answersText } from './reply.golden.ts';
import { addBody, setBody } from './request.ts';

const sent = goldens(sentText);
const answers = goldens(answersText);

const sentFor = (act: (links: Rtnl['links']) => void) => sentBy((kernel) => act(rtnlOver(kernel).links))[0];

/** The link that a kernel describes by this message. */
function read(captured: Uint8Array) {
  return rtnlOver(scriptedKernel((request) => [replay(captured, request)])).links.get({ index: 1 });
}

describe('add, as iproute2 sends it', () => {
  const rowsOf: [keyof typeof sent, NewLink][] = [
    ['ipvlan', { name: 'ipvl0', parent: 1, info: { kind: 'ipvlan', data: { mode: 'l2' } } }],
    [
      'ipvlanPrivate',
      { name: 'ipvl0', parent: 1, mtu: 1400, info: { kind: 'ipvlan', data: { mode: 'l3s', flag: 'private' } } },
    ],
    [
      'macvlan',
      { name: 'macv0', parent: 1, address: '02:00:00:00:00:01', info: { kind: 'macvlan', data: { mode: 'bridge' } } },
    ],
    [
      'veth',
      {
        name: 'v0',
        mtu: 1400,
        info: { kind: 'veth', data: { peer: { name: 'v1', mtu: 1300, address: '02:00:00:00:00:02' } } },
      },
    ],
    ['ifb', { name: 'ifb0', txQueueLength: 32, group: 7, info: { kind: 'ifb' } }],
    ['dummy', { name: 'd0', info: { kind: 'dummy' } }],
    ['bridge', { name: 'br0', up: true, info: { kind: 'bridge' } }],
  ];
  test.each(rowsOf)('%s', (name, link) => {
    expect(sentFor((links) => links.add(link))).toBe(rows(sent[name]));
  });
});

describe('set, as iproute2 sends it but for the type, which never creates a link', () => {
  const rowsOf: [keyof typeof sent, LinkChange][] = [
    ['setUp', { up: true }],
    ['setDown', { up: false }],
    ['rename', { mtu: 1400, address: '02:00:00:00:00:03', alias: 'pod', name: 'eth0' }],
    ['setMaster', { master: 4 }],
  ];
  test.each(rowsOf)('%s', (name, change) => {
    const expected = sent[name].slice();
    expected[4] = RTM_SETLINK;
    expect(sentFor((links) => links.set(3, change))).toBe(rows(expected));
  });
});

test('delete, as iproute2 sends it', () => {
  expect(sentFor((links) => links.delete(3))).toBe(rows(sent.remove));
});

describe('what the kernel answers', () => {
  const common = { up: false, running: false, loopback: false, arp: true, mtu: 1500, group: 0, txQueueLength: 1000 };

  test('a veth', () => {
    expect(read(answers.veth)).toEqual({
      ...common,
      index: 3,
      name: 'v0',
      up: true,
      running: true,
      operState: 'up',
      mtu: 1400,
      address: '02:00:00:00:00:01',
      parent: 2,
      alias: 'pod',
      txQueueLength: 500,
      group: 7,
      info: { kind: 'veth' },
    });
  });

  test('a macvlan', () => {
    expect(read(answers.macvlan)).toMatchObject({
      name: 'm0',
      up: false,
      operState: 'down',
      address: '02:00:00:00:00:02',
      parent: 3,
      info: { kind: 'macvlan', data: { mode: 'private' } },
    });
  });

  test('an ipvlan of 6.1', () => {
    expect(read(answers.ipvlanOf61)).toMatchObject({
      ...common,
      name: 'ipvl0',
      mtu: 1400,
      info: { kind: 'ipvlan', data: { mode: 'l3s', flag: 'private' } },
    });
  });

  test('the port of a bridge', () => {
    expect(read(answers.port)).toMatchObject({ name: 'v0', master: 4, info: { kind: 'veth' } });
  });

  test('the loopback, which has no kind', () => {
    const link = read(answers.loopback);
    expect(link).toMatchObject({ index: 1, name: 'lo', loopback: true, address: '00:00:00:00:00:00', mtu: 65536 });
    expect(link).not.toHaveProperty('info');
  });

  test.each(['ifb', 'dummyOf61'] as const)('%s', (name) => {
    const txQueueLength = name === 'ifb' ? 32 : 1000;
    expect(read(answers[name])).toMatchObject({ ...common, arp: false, txQueueLength });
  });

  test.each(Object.keys(answers) as (keyof typeof answers)[])('every beginning of %s: a link, or an error', (name) => {
    const [{ body } = { body: hex`` }] = payloadsOf(answers[name]);
    for (let length = 0; length < body.length; length++) {
      const short = { type: RTM_NEWLINK, body: body.subarray(0, length) };
      const links = rtnlOver(scriptedKernel((request) => [answerTo(request, short)])).links;
      try {
        expect(links.get({ index: 1 }).mtu).toBeTypeOf('number');
      } catch (error) {
        expect(error).toBeInstanceOf(NetlinkError);
        expect((error as NetlinkError).errno).toBe('EBADMSG');
      }
    }
  });
});

describe('a kernel newer than this package', () => {
  const header = new Uint8Array(16);
  const info = (data: Uint8Array) => Uint8Array.of(...header, ...data);
  const readInfo = (data: Uint8Array): LinkInfo | undefined =>
    rtnlOver(scriptedKernel((request) => [answerTo(request, { type: RTM_NEWLINK, body: info(data) })])).links.get({
      index: 1,
    }).info;

  test('an attribute it does not know, with the flag for network byte order', () => {
    expect(readInfo(hex`08006361 01020304`)).toBeUndefined();
  });

  test('a mode it does not know', () => {
    const raw = hex`06000100 09000000`;
    expect(readInfo(hex`1c001200 0b000100 6970766c 616e0000 0c000200 06000100 09000000`)).toEqual({
      kind: 'ipvlan',
      raw,
    });
  });

  test('a kind it does not know', () => {
    expect(readInfo(hex`18001200 08000100 6e65776b 0c000200 08000100 01000000`)).toEqual({
      kind: 'newk',
      raw: hex`08000100 01000000`,
    });
  });
});

describe('what is sent, read by our own codec', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,14}$/);
  const mac = fc
    .uint8Array({ minLength: 6, maxLength: 6 })
    .map((bytes) => Buffer.from(bytes).toString('hex').match(/../g)?.join(':') ?? '');
  const settings = fc.record(
    {
      mtu: fc.nat(),
      address: mac,
      txQueueLength: fc.nat(),
      group: fc.nat(),
      netns: fc.nat(1000).map((fd): Netns => ({ fd, path: '/x', id: '0:0', close() {} })),
    },
    { requiredKeys: [] },
  );
  const data = fc.record({
    mode: fc.constantFrom('l2', 'l3', 'l3s'),
    flag: fc.constantFrom('bridge', 'private', 'vepa'),
  });
  const decoded = (body: Uint8Array) => decodeBody(linkShape, body, 0, body.length);
  const withFd = ({ netns, ...rest }: { netns?: Netns }) => ({ ...rest, ...(netns && { netnsFd: netns.fd }) });

  test('a new ipvlan', () => {
    fc.assert(
      fc.property(name, settings, data, fc.nat(), (linkName, options, ipvlan, parent) => {
        const body = addBody({ name: linkName, parent, ...options, info: { kind: 'ipvlan', data: ipvlan } } as NewLink);
        expect(decoded(body).attributes).toEqual({
          name: linkName,
          parent,
          ...withFd(options as { netns?: Netns }),
          info: { kind: 'ipvlan', data: ipvlan },
        });
      }),
    );
  });

  test('a new veth', () => {
    fc.assert(
      fc.property(name, name, settings, (linkName, peerName, options) => {
        const peer = { name: peerName, ...options };
        const body = addBody({ name: linkName, info: { kind: 'veth', data: { peer } } } as NewLink);
        const expected = { name: peerName, ...withFd(options as { netns?: Netns }) };
        expect(decoded(body).attributes.info).toEqual({ kind: 'veth', data: { peer: expected } });
      }),
    );
  });

  test('a change', () => {
    fc.assert(
      fc.property(
        settings,
        fc.stringMatching(/^[ -~]{1,255}$/),
        fc.boolean(),
        fc.nat(),
        (options, alias, up, index) => {
          const { header, attributes } = decoded(setBody(index, { ...options, alias, up } as LinkChange));
          expect(attributes).toEqual({ ...withFd(options as { netns?: Netns }), alias });
          expect([header.index, header.flags?.up === true, header.change?.up]).toEqual([index, up, true]);
        },
      ),
    );
  });
});
