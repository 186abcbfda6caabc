import { exec, listDirectory, text, utf8, writeFile } from '@cni/sys';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Node, type Request } from './testing/plugin.ts';

/** The reference plugin, of Debian's package containernetworking-plugins. */
const REFERENCE = '/usr/lib/cni/host-local';

const dual = { ranges: [[{ subnet: '10.1.0.0/28' }, { subnet: '10.1.1.0/29' }], [{ subnet: 'fd00:1::/120' }]] };
const config = { cniVersion: '1.0.0' };

interface Answer {
  readonly status: number;
  readonly stdout: string;
}

/** Either plugin on one node. */
const plugins = {
  reference(node: Node, command: string, request: Request): Answer {
    const { env, stdin } = node.request(command, { config, ...request });
    const { status, stdout } = exec(REFERENCE, { env, stdin: utf8(stdin) });
    return { status: status ?? -1, stdout: text(stdout) };
  },
  ours: (node: Node, command: string, request: Request): Answer => node.run(command, { config, ...request }),
};

type Who = keyof typeof plugins;
const both: Who[] = ['reference', 'ours'];

function addressesOf({ status, stdout }: Answer): string[] {
  expect(status, stdout).toBe(0);
  return JSON.parse(stdout).ips.map(({ address }: { address: string }) => address);
}

test.each<[Who, Who]>([
  ['reference', 'ours'],
  ['ours', 'reference'],
])('what %s reserves, %s checks, refuses twice, goes on after, and frees', (first, second) => {
  using node = new Node(dual);
  expect(addressesOf(plugins[first](node, 'ADD', { id: 'a' }))).toEqual(['10.1.0.2/28', 'fd00:1::2/120']);
  expect(plugins[second](node, 'CHECK', { id: 'a' }).status).toBe(0);
  const refused = JSON.parse(plugins[second](node, 'ADD', { id: 'a' }).stdout);
  expect(refused.msg).toContain('duplicate allocation is not allowed');
  expect(addressesOf(plugins[second](node, 'ADD', { id: 'b' }))).toEqual(['10.1.0.3/28', 'fd00:1::3/120']);
  expect(addressesOf(plugins[first](node, 'ADD', { id: 'c' }))).toEqual(['10.1.0.4/28', 'fd00:1::4/120']);
  for (const id of ['a', 'b', 'c']) expect(plugins[second](node, 'DEL', { id }).status).toBe(0);
  expect(node.held()).toEqual({});
});

test('both leave the same bytes and print the same result', () => {
  const steps: [string, Request][] = [
    ['ADD', { id: 'a' }],
    ['ADD', { id: 'b', ifName: 'net1' }],
    ['ADD', { id: 'c', args: 'IP=10.1.0.9' }],
    ['DEL', { id: 'b', ifName: 'net1' }],
    ['ADD', { id: 'd' }],
    ['DEL', { id: 'nobody' }],
    ['DEL', { id: 'a' }],
  ];
  const [reference, ours] = both.map((who) => {
    using node = new Node({ ...dual, routes: [{ dst: '0.0.0.0/0' }, { dst: '10.9.0.0/16', gw: '10.1.0.9' }] });
    const results = steps.map(([command, request]) => plugins[who](node, command, request).stdout);
    return { files: node.files(), results: results.map((result) => (result === '' ? '' : withoutDns(result))) };
  });
  expect(ours).toEqual(reference);
});

/** 1.1.1 prints an empty `dns`. */
function withoutDns(result: string): unknown {
  const { dns, ...rest } = JSON.parse(result);
  expect(dns ?? {}).toEqual({});
  return rest;
}

test('what is ours alone is nothing to the reference plugin', () => {
  using node = new Node(dual);
  node.add({ id: 'a' });
  writeFile(node.path('10.1.0.9'), 'old');
  expect(node.add({ id: 'b' })).toHaveLength(2);
  plugins.reference(node, 'DEL', { id: 'a' });
  plugins.reference(node, 'DEL', { id: 'old' });
  expect(listDirectory(node.path('')).sort()).toEqual(
    ['10.1.0.3', 'fd00:1::3', 'last_reserved_ip.0', 'last_reserved_ip.1', 'lock'].sort(),
  );
  expect(node.add({ id: 'a' })).toHaveLength(2);
  expect(node.say('DEL', { id: 'old' })).toBe('');
});

const step = fc.record({
  who: fc.constantFrom(...both),
  command: fc.constantFrom('ADD', 'ADD', 'DEL', 'CHECK'),
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  ifName: fc.constantFrom('eth0', 'net1'),
});

test('any order of both plugins on one directory', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) => {
      using node = new Node(dual);
      const model = new Map<string, string[]>();
      for (const { who, command, id, ifName } of steps) {
        const key = `${id}\r\n${ifName}`;
        const had = model.has(key);
        const answer = plugins[who](node, command, { id, ifName });
        expect(answer.status, `${who} ${command} ${key}: ${answer.stdout}`).toBe(
          command === 'DEL' || had === (command === 'CHECK') ? 0 : 1,
        );
        if (command === 'ADD' && !had)
          model.set(
            key,
            addressesOf(answer).map((address) => address.split('/')[0] ?? ''),
          );
        // A repeated ADD of the reference plugin frees what the attachment has when the second set refuses it.
        if (command === 'DEL') model.delete(key);
        const expected = [...model].flatMap(([owner, addresses]) => addresses.map((address) => [address, owner]));
        expect(node.held()).toEqual(Object.fromEntries(expected));
      }
    }),
    { numRuns: 60 },
  );
});
