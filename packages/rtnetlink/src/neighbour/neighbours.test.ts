import { formatIp, parseIp } from '@cni/ip';
import { answerTo, done, goldens, payloadsOf, replay, rows, scriptedKernel, sentBy } from '@cni/testkit';
import { describe, expect, test } from 'vitest';
import { NetlinkError } from '../error.ts';
import { type Rtnl, rtnlOver } from '../rtnl.ts';
import { RTM_NEWNEIGH } from './codec.ts';
import { sent as sentText } from './neighbour.golden.ts';
import type { NeighbourFilter } from './neighbour.ts';
import { answers as answersText } from './reply.golden.ts';

const sent = goldens(sentText);
const answers = goldens(answersText);

const sentFor = (act: (neighbours: Rtnl['neighbours']) => void) =>
  sentBy((kernel) => act(rtnlOver(kernel).neighbours))[0];
const mac = '02:00:00:00:00:09';

describe('as iproute2 sends it', () => {
  test('replace', () => {
    const v4 = { link: 3, ip: parseIp('10.1.0.9'), mac };
    expect(sentFor((neighbours) => neighbours.replace(v4))).toBe(rows(sent.v4));
    const v6 = { link: 3, ip: parseIp('fd00::9'), mac, state: 'reachable' as const };
    expect(sentFor((neighbours) => neighbours.replace(v6))).toBe(rows(sent.v6));
  });

  test('delete, but for the state, which the kernel does not look at', () => {
    const expected = sent.remove.slice();
    expected[24] = 0;
    expect(sentFor((neighbours) => neighbours.delete(3, parseIp('10.1.0.9')))).toBe(rows(expected));
  });
});

function read(filter: NeighbourFilter) {
  const kernel = scriptedKernel((request) => [replay(answers.permanent, request), done(request)]);
  return rtnlOver(kernel)
    .neighbours.list(filter)
    .map((found) => ({ ...found, ip: formatIp(found.ip) }));
}

test('what the kernel lists', () => {
  expect(read({ link: 3, family: 4 })).toEqual([{ link: 3, ip: '10.1.0.9', mac, state: 'permanent' }]);
});

test('only what was asked for, from a kernel that does not filter', () => {
  expect(read({ link: 4 })).toEqual([]);
});

test('every beginning of an answer: a neighbour, or an error', () => {
  for (const { body } of payloadsOf(answers.permanent)) {
    for (let length = 0; length < body.length; length++) {
      const short = { type: RTM_NEWNEIGH, body: body.subarray(0, length) };
      const kernel = scriptedKernel((request) => [answerTo(request, short), done(request)]);
      try {
        expect(rtnlOver(kernel).neighbours.list().length).toBeLessThan(2);
      } catch (error) {
        expect(error).toBeInstanceOf(NetlinkError);
        expect((error as NetlinkError).errno).toBe('EBADMSG');
      }
    }
  }
});
