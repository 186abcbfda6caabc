import { expect, test } from 'vitest';
import { parseCniArgs } from './cni-args.ts';

const kubernetes = 'K8S_POD_UID=1;IgnoreUnknown=1;K8S_POD_NAMESPACE=n;K8S_POD_NAME=p;K8S_POD_INFRA_CONTAINER_ID=c';

test.each([
  ['', undefined],
  ['IP=10.0.0.1', '10.0.0.1'],
  ['IP=', ''],
  ['IP=a;IP=b', 'b'],
  [`${kubernetes};IP=a`, 'a'],
  ['X=1;IP=a;IgnoreUnknown=TRUE', 'a'],
  [kubernetes, undefined],
])('%s: IP is %s', (value, ip) => {
  expect(parseCniArgs(value, ['IP']).get('IP')).toBe(ip);
});

test.each([
  ['IP=a;', 'CNI_ARGS: "" is not of the form KEY=VALUE'],
  ['IP', 'CNI_ARGS: "IP" is not of the form KEY=VALUE'],
  ['IP=a=b', 'CNI_ARGS: "IP=a=b" is not of the form KEY=VALUE'],
  ['=a', 'CNI_ARGS: "=a" is not of the form KEY=VALUE'],
  ['ip=a', 'CNI_ARGS: unknown "ip"; IgnoreUnknown=1 would let it pass'],
  ['X=1;Y=2;IgnoreUnknown=0', 'CNI_ARGS: unknown "X", "Y"; IgnoreUnknown=1 would let it pass'],
  ['IgnoreUnknown=yes', 'CNI_ARGS: IgnoreUnknown is "yes", expected 1, true, 0 or false'],
])('%s', (value, message) => {
  expect(() => parseCniArgs(value, ['IP'])).toThrow(expect.objectContaining({ code: 4, message }));
});

test('not looked at by a plugin that declares no keys', () => {
  expect(parseCniArgs('junk;;', []).get('IP' as never)).toBeUndefined();
});
