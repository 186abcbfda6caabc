import { expect } from 'vitest';
import { Runtime } from './runtime.ts';
import { conflist, gateways, reference, test } from './world.ts';

test('two pods of the reference reach each other and the outside', ({ world }) => {
  const runtime = new Runtime(world.host, reference);
  const list = conflist(world, 'l2', 'dual stack');
  const [one, two] = [world.pod(), world.pod()];
  const results = [one, two].map((pod) => runtime.add(list, pod.attachment));
  expect(results.map(({ ips }) => ips?.map(({ address }) => address))).toEqual([
    ['10.1.0.2/24', 'fd00:1::2/64'],
    ['10.1.0.3/24', 'fd00:1::3/64'],
  ]);
  for (const address of ['10.1.0.3', 'fd00:1::3', ...gateways]) one.ping(address);
  for (const pod of [one, two]) runtime.del(list, pod.attachment);
  expect(one.json('link', 'show').map(({ ifname }) => ifname)).toEqual(['lo']);
  expect(world.reservations()).toEqual([]);
});
