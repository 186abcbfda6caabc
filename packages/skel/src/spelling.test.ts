import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { spellingOf } from './spelling.ts';

const respell = spellingOf(
  z.object({
    bandwidth: z.optional(z.object({ ingressRate: z.optional(z.number()) })),
    portMappings: z._default(z.array(z.object({ hostPort: z.number() })), []),
    dns: z.nullable(z.object({ searches: z.optional(z.array(z.string())) })),
    ips: z.optional(
      z.pipe(
        z.array(z.string()),
        z.transform((ips) => ips.length),
      ),
    ),
  }),
);

test.each([
  [{ bandwidth: { IngressRate: 8 } }, { bandwidth: { ingressRate: 8 } }],
  [{ Bandwidth: { INGRESSRATE: 8, Other: 1 } }, { bandwidth: { ingressRate: 8, Other: 1 } }],
  [{ portMappings: [{ HostPort: 1 }, { hostPort: 2 }] }, { portMappings: [{ hostPort: 1 }, { hostPort: 2 }] }],
  [{ dns: { Servers: ['a'], Searches: null } }, { dns: { Servers: ['a'] } }],
  [{ 'io.kubernetes.cri.pod-annotations': null }, {}],
  [{ IPS: ['a'] }, { ips: ['a'] }],
  [
    { bandwidth: 'x', portMappings: {} },
    { bandwidth: 'x', portMappings: {} },
  ],
  [{ bandwidth: { IngressRate: 1, ingressRate: 2 } }, { bandwidth: { ingressRate: 2 } }],
  [{ bandwidth: { ingressRate: 2, IngressRate: 1 } }, { bandwidth: { ingressRate: 2 } }],
  [[], []],
])('%j', (received, spelled) => {
  expect(respell(received)).toEqual(spelled);
});

test('a key that is a trap elsewhere is a key like others', () => {
  const spelled = respell(JSON.parse('{"__proto__":{"bandwidth":1},"constructor":2}')) as object;
  expect(Object.keys(spelled)).toEqual(['__proto__', 'constructor']);
  expect(Object.getPrototypeOf(spelled)).toBe(Object.prototype);
});
