import { hex, netnsTest as test } from '@cni/testkit';
import { expect } from 'vitest';
import { concat } from './codec/codec.ts';
import { converse } from './conversation.ts';
import { linkShape, RTM_GETLINK, RTM_NEWLINK } from './link/codec.ts';
import { Flags } from './message.ts';
import { openTransport } from './transport.ts';

const twoByteMode = hex`06000100 04000000`;

test('the kernel points at the attribute it refuses', ({ host }) => {
  host.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  const attributes = { parent: 2, name: 'm0', info: { kind: 'macvlan', raw: twoByteMode } };
  const conversation = converse(openTransport('rtnetlink', host.netns));
  const add = () =>
    conversation.change({
      type: RTM_NEWLINK,
      flags: Flags.create | Flags.exclusive,
      body: concat([new Uint8Array(linkShape.size), linkShape.attributes.encode(attributes)]),
      shape: linkShape,
      doing: () => 'add link m0',
    });
  expect(add).toThrow('add link m0: ERANGE, kernel says "Attribute failed policy validation" at info.data.mode');
  conversation.close();
});

test('the kernel checks a list’s filter strictly', ({ host }) => {
  const conversation = converse(openTransport('rtnetlink', host.netns));
  const index = Uint8Array.of(0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const list = () =>
    conversation.dump(
      { type: RTM_GETLINK, flags: 0, body: index, shape: linkShape, doing: () => 'list links' },
      linkShape,
    );
  expect(list).toThrow('list links: EINVAL, kernel says "Filter by device index not supported for link dumps"');
  conversation.close();
});

test('two conversations at once, each with answers of its own', ({ host, pod }) => {
  const [one, other, third] = [
    openTransport('rtnetlink', host.netns),
    openTransport('rtnetlink', host.netns),
    openTransport('rtnetlink', pod.netns),
  ];
  expect(new Set([one.port, other.port, third.port]).size).toBe(3);
  for (const transport of [one, other, third]) transport.close();
});
