import { describe, expect } from 'vitest';
import type { Netns } from './netns.ts';
import { conflist, type Mode, modes, nothingIn } from './network.ts';
import { type Conflist, type Result, Runtime } from './runtime.ts';
import { ours, type Pod, reference, test, type World } from './world.ts';

type Directory = typeof ours;
const switches: { what: string; before: Directory; after: Directory }[] = [
  { what: 'from the reference to ours', before: reference, after: ours },
  { what: 'from ours to the reference', before: ours, after: reference },
];

test('two pods of the reference reach each other and the outside', ({ world }) => {
  const runtime = new Runtime(world.host, reference);
  const list = conflist(world, 'l2', 'IPv4');
  const [one, two] = [world.pod(), world.pod()];
  for (const pod of [one, two]) runtime.add(list, pod.attachment);
  for (const address of ['10.1.0.3', '10.1.0.1']) one.ping(address);
  for (const pod of [one, two]) runtime.del(list, pod.attachment);
  expect([nothingIn(one), nothingIn(two), world.reservations()]).toEqual([true, true, []]);
});

describe('the same conflist through the reference and through ours', () => {
  test.for(modes)('%s: the same result, and the kernel says the same', (mode, { world }) => {
    const theirs = attach(world, reference, mode);
    const list = conflist(world, mode, 'dual stack');
    new Runtime(world.host, reference).del(list, theirs.pod.attachment, theirs.result);
    const own = attach(world, ours, mode);
    expect(own.described).toEqual(theirs.described);
    expect(own.state).toEqual(theirs.state);
  });
});

describe('a live node switches', () => {
  test.for(switches)('$what: CHECK, siblings, DEL', ({ before, after }, { world }) => {
    const list = conflist(world, 'l2', 'IPv4');
    const [old, young] = [new Runtime(world.host, before), new Runtime(world.host, after)];
    const [one, two] = [world.pod(), world.pod()];
    const result = old.add(list, one.attachment);
    young.check(list, one.attachment, result);
    expect(young.add(list, two.attachment).ips?.[0]?.address).toBe('10.1.0.3/24');
    two.ping('10.1.0.2');
    young.del(list, one.attachment, result);
    expect(nothingIn(one)).toBe(true);
    expect(world.reservations()).toEqual(['10.1.0.3']);
  });
});

/** One pod with the network's first addresses: what the plugins said, and what the kernel says then. */
function attach(
  world: World,
  directory: string,
  mode: Mode,
): { pod: Pod; result: Result; described: unknown; state: unknown } {
  const pod = world.pod();
  const list = firstAddresses(conflist(world, mode, 'dual stack'));
  const result = new Runtime(world.host, directory).add(list, pod.attachment);
  return { pod, result, described: describeResult(result), state: stateOf(pod) };
}

/** host-local goes round: without this the second run would get the next ones. */
function firstAddresses(list: Conflist): Conflist {
  return {
    ...list,
    plugins: list.plugins.map((plugin) => ({ ...plugin, args: { cni: { ips: ['10.1.0.2', 'fd00:1::2'] } } })),
  };
}

/** Less what has to differ. An empty `dns` means the same as none. */
function describeResult({ interfaces = [], dns = {}, ...result }: Result): unknown {
  return { ...result, dns, interfaces: interfaces.map(({ sandbox: _, ...named }) => named) };
}

/** Link, addresses and routes of `eth0`, less indices, times and names; less the queue length too, that newer references leave to the kernel. */
function stateOf(pod: Netns): unknown {
  const [link = {}] = pod.json('link', 'show', 'eth0');
  const [{ addr_info: addresses = [] } = {}] = pod.json('address', 'show', 'dev', 'eth0', 'scope', 'global');
  const routes = ['-4', '-6'].flatMap((family) => pod.json(family, 'route', 'show', 'table', 'all'));
  const kept = ['mtu', 'qdisc', 'operstate', 'link_type', 'address', 'linkinfo', 'flags'];
  return { link: pick(link, kept), addresses, routes: routes.filter(({ dst }) => !String(dst).startsWith('fe80')) };
}

function pick(object: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, object[key]]));
}
