import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crowd, isOfCrowd, meddle } from './testing/crowd.ts';
import { withFault } from './testing/faults.ts';
import { Node } from './testing/plugin.ts';

const ipam = { ranges: [[{ subnet: '10.1.0.0/29' }, { subnet: '10.1.1.0/30' }], [{ subnet: 'fd00:1::/125' }]] };
const PATTERN = /^(10\.1\.0\.[2-6]|10\.1\.1\.2|fd00:1::[2-7])$/;
const ids = ['a', 'b', '10.1.0.3', 'c', 'd', 'e', 'f', 'g', 'h'];
const ifNames = ['eth0', 'net1'];

const attachment = fc.record({ id: fc.constantFrom(...ids), ifName: fc.constantFrom(...ifNames) });
const pods = ['db-0', 'db-1', 'db-2'].map((name) => `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}`);
const wishes = ['IP=10.1.0.4', 'IP=fd00:1::5', 'IP=10.1.0.1', 'IP=10.9.0.1'];
const wish = fc.constantFrom(undefined, ...wishes, ...pods, `${pods[0]};${wishes[0]}`);
const crashAt = fc.option(fc.nat(30), { nil: undefined });

type Step =
  | { command: 'ADD'; id: string; ifName: string; args: string | undefined; at: number | undefined }
  | { command: 'DEL'; id: string; ifName: string; at: number | undefined }
  | { command: 'GC'; valid: { id: string; ifName: string }[]; at: number | undefined };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({ command: fc.constant('ADD' as const), args: wish, at: crashAt })
      .chain((add) => attachment.map((who) => ({ ...add, ...who }))),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ command: fc.constant('DEL' as const), at: crashAt })
      .chain((del) => attachment.map((who) => ({ ...del, ...who }))),
  },
  {
    weight: 1,
    arbitrary: fc.record({ command: fc.constant('GC' as const), valid: fc.array(attachment), at: crashAt }),
  },
);

const keyOf = ({ id, ifName }: { id: string; ifName: string }) => `${id}\r\n${ifName}`;

/** Owner to addresses, as the files have it. */
function ownersIn(node: Node): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const [name, record = ''] of Object.entries(node.held())) {
    if (isOfCrowd(name)) continue;
    expect(name).toMatch(PATTERN);
    owners.set(record, [...(owners.get(record) ?? []), name]);
  }
  return owners;
}

/** Who may hold what after a step, given who did before: without the step, or with it. */
function expectStep(node: Node, before: Map<string, string[]>, taken: Step, succeeded: boolean | undefined): void {
  const after = ownersIn(node);
  const touched = (key: string) =>
    taken.command === 'GC' ? !taken.valid.some((valid) => keyOf(valid) === key) : keyOf(taken) === key;
  for (const [key, addresses] of before) {
    if (!touched(key)) expect(after.get(key)).toEqual(addresses);
  }
  for (const [key, addresses] of after) {
    expect(addresses).toHaveLength(2);
    if (!touched(key)) expect(before.get(key)).toEqual(addresses);
  }
  if (taken.command !== 'GC' && succeeded === true) expect(after.has(keyOf(taken))).toBe(taken.command === 'ADD');
  if (taken.command === 'ADD' && succeeded === false) expect(after.get(keyOf(taken))).toEqual(before.get(keyOf(taken)));
  if (taken.command === 'GC' && succeeded === true) for (const key of after.keys()) expect(touched(key)).toBe(false);
}

function take(node: Node, taken: Step): boolean | undefined {
  const run = () =>
    taken.command === 'GC'
      ? node.run('GC', {
          config: {
            'cni.dev/valid-attachments': taken.valid.map(({ id, ifName }) => ({ containerID: id, ifname: ifName })),
          },
        })
      : node.run(taken.command, {
          id: taken.id,
          ifName: taken.ifName,
          ...('args' in taken && taken.args !== undefined && { args: taken.args }),
        });
  if (taken.at === undefined) return run().status === 0;
  const { value, hit } = withFault({ at: taken.at, kind: 'crash', errno: 5 }, run);
  // Any command puts right what the last one left.
  node.say('CHECK', { id: 'nobody' });
  return hit ? undefined : value.status === 0;
}

/** A store that is read anew at each step, with so much in it that it is sorted at the next one. */
const crowded = { prepare: crowd, before: meddle, runs: 30 };

test.each<[string, object, typeof crowded?]>([
  ['plainly', ipam],
  ['kept for pods', { ...ipam, sticky: 3600 }],
  ['among many that others made', ipam, crowded],
])('whatever happens, no address is held twice, lost or outside: %s', (_, ipam, others) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      using node = new Node(ipam);
      others?.prepare(node);
      node.add({ id: 'first' });
      node.say('DEL', { id: 'first' });
      for (const [at, taken] of steps.entries()) {
        if (at % 3 > 0) others?.before(node);
        const before = ownersIn(node);
        const succeeded = take(node, taken);
        expectStep(node, before, taken, succeeded);
      }
      for (const key of ownersIn(node).keys()) {
        const [id = '', ifName = ''] = key.split('\r\n');
        expect(node.say('CHECK', { id, ifName })).toBe('');
        expect(node.say('DEL', { id, ifName })).toBe('');
      }
      expect(ownersIn(node)).toEqual(new Map());
    }),
    { numRuns: others?.runs ?? 60 },
  );
});

/** Whom each address was last given to. */
type Memory = Map<string, string>;

/** What a pod had last of a family, unless somebody else has had it since. */
function remembered(memory: Memory, pod: string): string[] {
  return [...memory].flatMap(([address, owner]) => (owner === pod ? [address] : []));
}

const visit = fc.record({
  id: fc.constantFrom(...ids),
  pod: fc.constantFrom(...pods, 'IP='),
  leave: fc.constantFrom('DEL', 'GC', undefined),
});

test('a pod gets back what it had, unless somebody had to have it', () => {
  fc.assert(
    fc.property(fc.array(visit, { maxLength: 25 }), (visits) => {
      using node = new Node({ ...ipam, sticky: 3600, reuseDelay: 0 });
      const memory: Memory = new Map();
      for (const { id, pod, leave } of visits) {
        const free = remembered(memory, pod).filter((address) => !(address in node.held()));
        const added = node.add({ id, args: pod });
        if (typeof added !== 'string') {
          const got = added.map((address) => address.replace(/\/.*/, ''));
          if (pod !== 'IP=') expect(got).toEqual(expect.arrayContaining(free));
          for (const address of remembered(memory, pod)) memory.delete(address);
          for (const address of got) memory.set(address, pod);
        }
        if (leave !== undefined) expect(node.say(leave, { id })).toBe('');
      }
    }),
    { numRuns: 60 },
  );
});
