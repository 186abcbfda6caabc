import { listDirectory, stat } from '@cni/sys';
import { expect, test } from 'vitest';
import { eachFault, type Fault, withFault } from './testing/faults.ts';
import { Node } from './testing/plugin.ts';

const dual = { ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]] };
const EIO = 5;
const ENOSPC = 28;

const faults: [string, Omit<Fault, 'at'>][] = [
  ['refused once', { kind: 'once', errno: EIO }],
  ['killed', { kind: 'crash', errno: ENOSPC }],
  ['cut short', { kind: 'once', errno: ENOSPC, torn: true }],
  ['killed while it writes', { kind: 'crash', errno: EIO, torn: true }],
];

/** What the attachment of `victim` holds, next to the one of `bystander`. */
function heldBy(node: Node, id: string): number {
  return Object.values(node.held()).filter((record) => record === `${id}\r\neth0`).length;
}

/** Runs a command into a fault and the next command after it; whether the fault was reached. */
function disturb(node: Node, command: string, fault: Fault): { hit: boolean; said: string } {
  node.add({ id: 'bystander' });
  const { value: said, hit } = withFault(fault, () => node.say(command, { id: 'victim' }));
  expect(node.say('CHECK', { id: 'bystander' })).toBe('');
  expect(listDirectory(`${node.dataDir}/.host-local/pods`)).not.toContain('aside');
  expect(Object.values(node.held())).not.toContain('');
  return { hit, said };
}

/** Half a journal does not tell what an ADD was about: all that it has done stays until the runtime's DEL, or nothing is there. */
function undoIfTorn(node: Node, { torn }: Fault): void {
  if (!torn) return;
  node.say('CHECK', { id: 'victim' });
  expect([0, 2]).toContain(heldBy(node, 'victim'));
  expect(node.say('DEL', { id: 'victim' })).toBe('');
}

test.each(faults)('an ADD that is %s at any call leaves nothing or everything', (_, kind) => {
  const reached = eachFault(kind, (fault) => {
    using node = new Node(dual);
    const { hit, said } = disturb(node, 'ADD', fault);
    const failed = !said.includes('"ips"');
    if (failed) undoIfTorn(node, fault);
    expect(heldBy(node, 'victim')).toBe(failed ? 0 : 2);
    expect(heldBy(node, 'bystander')).toBe(2);
    if (failed) expect(node.add({ id: 'victim' })).toHaveLength(2);
    return hit;
  });
  expect(reached).toBeGreaterThan(8);
});

test.each(faults)('a first ADD that is %s at any call', (_, kind) => {
  eachFault(kind, (fault) => {
    using node = new Node(dual);
    const { value, hit } = withFault(fault, () => node.add({ id: 'victim' }));
    if (typeof value === 'string') undoIfTorn(node, fault);
    if (typeof value === 'string') expect(node.add({ id: 'victim' })).toHaveLength(2);
    expect(node.say('CHECK', { id: 'victim' })).toBe('');
    expect(Object.keys(node.held())).toHaveLength(2);
    return hit;
  });
});

test.each(faults)('a DEL that is %s at any call frees both addresses or none, and can be repeated', (_, kind) => {
  eachFault(kind, (fault) => {
    using node = new Node(dual);
    node.add({ id: 'victim' });
    const { hit, said } = disturb(node, 'DEL', fault);
    expect([0, 2]).toContain(heldBy(node, 'victim'));
    if (said === '') expect(heldBy(node, 'victim')).toBe(0);
    expect(node.say('DEL', { id: 'victim' })).toBe('');
    expect(heldBy(node, 'victim')).toBe(0);
    return hit;
  });
});

test.each(faults)('a GC that is %s at any call frees nothing that is valid, and can be repeated', (_, kind) => {
  const config = { 'cni.dev/valid-attachments': [{ containerID: 'bystander', ifname: 'eth0' }] };
  eachFault(kind, (fault) => {
    using node = new Node(dual);
    for (const id of ['x', 'y', 'bystander']) node.add({ id });
    const { hit } = withFault(fault, () => node.say('GC', { config }));
    expect(node.say('CHECK', { id: 'bystander' })).toBe('');
    expect(node.say('GC', { config })).toBe('');
    expect(Object.values(node.held())).toEqual(['bystander\r\neth0', 'bystander\r\neth0']);
    return hit;
  });
});

test('a full disk: ADD says so, DEL works', () => {
  using node = new Node(dual);
  node.add({ id: 'victim' });
  const full = { at: 0, kind: 'crash', errno: ENOSPC } as const;
  expect(withFault(full, () => node.add({ id: 'other' })).value).toMatch(/^5 .*: ENOSPC$/);
  expect(heldBy(node, 'other')).toBe(0);
});

test.each([
  ['EROFS', 30],
  ['EACCES', 13],
  ['ENOSPC', 28],
])('STATUS where nothing can be written: %s', (name, errno) => {
  using node = new Node(dual);
  node.add({ id: 'victim' });
  const { value } = withFault({ at: 0, kind: 'crash', errno }, () => node.say('STATUS'));
  expect(value).toBe(`50 use the store: open ${node.path('.probe')}: ${name}`);
  expect(node.say('STATUS')).toBe('');
});

test('a journal of many addresses does not stay', () => {
  using node = new Node({ subnet: '10.1.0.0/16' });
  for (let n = 0; n < 100; n++) node.add({ id: `c${n}` });
  node.say('GC');
  expect(stat(`${node.dataDir}/.host-local/pods/index/journal`).size).toBeLessThan(400);
});
