import { parseCidr } from '@cni/ip';
import { ack, answerTo, hex, refuse, scriptedKernel } from '@cni/testkit';
import { afterEach, expect, test } from 'vitest';
import { rtnlOver, setTrace } from './index.ts';

afterEach(() => setTrace(undefined));

/** The lines traced while `act` runs. */
function linesOf(act: () => void): string[] {
  const lines: string[] = [];
  setTrace((line) => lines.push(line));
  act();
  setTrace(undefined);
  return lines;
}

test('a request and its answer, decoded', () => {
  const { links, addresses } = rtnlOver(scriptedKernel((request) => [ack(request)]));
  const lines = linesOf(() => {
    links.add({ name: 'eth0', parent: 2, info: { kind: 'ipvlan', data: { mode: 'l3s' } } });
    addresses.add(3, { address: parseCidr('10.1.0.5/24') });
  });
  expect(lines).toEqual([
    '> add link eth0 (ipvlan on link 2): {type: "NETROM"} {parent: 2, name: "eth0", info: {kind: "ipvlan", data: {mode: "l3s", flag: "bridge"}}}',
    '< done',
    '> add address 10.1.0.5/24 on link 3: {family: 2, prefixlen: 24, index: 3} {local: 10.1.0.5, address: 10.1.0.5}',
    '< done',
  ]);
});

test('an error', () => {
  const { links } = rtnlOver(scriptedKernel((request) => [refuse(request, 22, { message: 'no such thing' })]));
  const lines = linesOf(() => expect(() => links.delete(4)).toThrow());
  expect(lines.at(-1)).toBe('< EINVAL "no such thing"');
});

test('an answer that cannot be decoded, as it is', () => {
  const { links } = rtnlOver(scriptedKernel((request) => [answerTo(request, { type: 16, body: hex`0102` })]));
  const lines = linesOf(() => expect(() => links.get({ index: 4 })).toThrow());
  expect(lines.at(-1)).toBe('< 0102 (2 bytes are no link message)');
});

test('nothing, when nobody listens', () => {
  const lines = linesOf(() => {});
  rtnlOver(scriptedKernel((request) => [ack(request)])).links.delete(4);
  expect(lines).toEqual([]);
});
