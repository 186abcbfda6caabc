import { formatCidr, parseCidr } from '@cni/ip';
import { answerTo, done, goldens, payloadsOf, replay, rows, scriptedKernel, sentBy } from '@cni/testkit';
import { describe, expect, test } from 'vitest';
import { NetlinkError } from '../error.ts';
import { type Rtnl, rtnlOver } from '../rtnl.ts';
import { RTM_NEWRULE } from './codec.ts';
import { answers as answersText } from './reply.golden.ts';
import { sent as sentText } from './rule.golden.ts';
import type { NewRule } from './rule.ts';

const answers = goldens(answersText);
const sent = goldens(sentText);

const sentFor = (act: (rules: Rtnl['rules']) => void) => sentBy((kernel) => act(rtnlOver(kernel).rules))[0];

describe('as iproute2 sends it', () => {
  const subnets = { source: parseCidr('10.1.0.0/24'), destination: parseCidr('10.2.0.0/16') };
  const rowsOf: [keyof typeof sent, NewRule][] = [
    ['table', { family: 4, priority: 1000, table: 500 }],
    ['source', { family: 4, priority: 1001, ...subnets, iif: 'lo', table: 100 }],
    ['mark', { family: 6, priority: 1002, fwmark: 1, fwmask: 0xff, table: 100 }],
    ['protocol', { family: 4, priority: 1000, table: 500, protocol: 172 }],
  ];
  test.each(rowsOf)('add: %s', (name, rule) => {
    expect(sentFor((rules) => rules.add(rule))).toBe(rows(sent[name]));
  });

  test('delete', () => {
    expect(sentFor((rules) => rules.delete({ family: 4, priority: 1000, table: 500 }))).toBe(rows(sent.remove));
  });

  test('delete those of a maker', () => {
    expect(sentFor((rules) => rules.delete({ family: 4, priority: 1000, protocol: 172 }))).toBe(
      rows(sent.removeOfProtocol),
    );
  });
});

test('what the kernel lists', () => {
  const kernel = scriptedKernel((request) => [replay(answers.v4, request), done(request)]);
  const found = rtnlOver(kernel)
    .rules.list({ family: 4 })
    .map(({ source, destination, ...rest }) => ({
      ...rest,
      ...(source && { source: formatCidr(source) }),
      ...(destination && { destination: formatCidr(destination) }),
    }));
  const kernels = { family: 4, protocol: 2 };
  const ours = { family: 4, protocol: 0 };
  expect(found).toEqual([
    { ...kernels, priority: 0, table: 255 },
    { ...ours, priority: 1001, source: '10.1.0.0/24', destination: '10.2.0.0/16', iif: 'lo', table: 500 },
    { ...ours, priority: 1002, invert: true, fwmark: 1, fwmask: 255, table: 100, suppressPrefixLength: 0 },
    { ...kernels, priority: 32766, table: 254 },
    { ...kernels, priority: 32767, table: 253 },
  ]);
});

test('every beginning of an answer: a rule, or an error', () => {
  for (const { body } of payloadsOf(answers.v4)) {
    for (let length = 0; length < body.length; length++) {
      const short = { type: RTM_NEWRULE, body: body.subarray(0, length) };
      const kernel = scriptedKernel((request) => [answerTo(request, short), done(request)]);
      try {
        expect(rtnlOver(kernel).rules.list({ family: 4 }).length).toBeLessThan(2);
      } catch (error) {
        expect(error).toBeInstanceOf(NetlinkError);
        expect((error as NetlinkError).errno).toBe('EBADMSG');
      }
    }
  }
});
