import { listDirectory, readText, writeFile } from '@cni/sys';
import { expect, onTestFinished, test } from 'vitest';
import { openSticky } from './sticky.ts';
import { Node, removeTree } from './testing/plugin.ts';

const small = { subnet: '10.1.0.0/24', rangeStart: '10.1.0.2', rangeEnd: '10.1.0.5', reuseDelay: 0, sticky: 3600 };

function podArgs(name: string): string {
  return `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name};K8S_POD_INFRA_CONTAINER_ID=x`;
}

let containers = 0;

/** A pod in a new container; the container and what it got. */
function start(node: Node, pod: string, request: object = {}): [id: string, got: string[] | string] {
  const id = `c${containers++}`;
  return [id, node.add({ id, args: podArgs(pod), ...request })];
}

/** A pod that had its turn; what it got. */
function visit(node: Node, pod: string): string[] | string {
  const [id, got] = start(node, pod);
  expect(node.say('DEL', { id })).toBe('');
  return got;
}

/** Lets time pass for what is kept. */
function age(node: Node, seconds: number): void {
  const directory = `${node.dataDir}/.host-local/${node.network}/sticky/addresses`;
  for (const name of listDirectory(directory)) {
    const later = (_: string, address: string, since: string) => `${address} ${Number(since) - seconds * 1000} `;
    writeFile(`${directory}/${name}`, readText(`${directory}/${name}`).replace(/^(\S+) (\d{6,}) /gm, later));
  }
}

test('a pod gets its address back in a new container, others do not get it', () => {
  using node = new Node(small);
  expect(visit(node, 'web-0')).toEqual(['10.1.0.2/24']);
  expect(visit(node, 'web-1')).toEqual(['10.1.0.3/24']);
  expect(['a', 'b', 'a', 'c'].map((pod) => visit(node, pod)[0])).toEqual([
    '10.1.0.4/24',
    '10.1.0.5/24',
    '10.1.0.4/24',
    // Nothing else is left: what is kept the longest.
    '10.1.0.2/24',
  ]);
  expect(visit(node, 'web-1')).toEqual(['10.1.0.3/24']);
});

test('each interface has an address of its own to get back', () => {
  using node = new Node(small);
  const first = ['eth0', 'net1'].map((ifName) => start(node, 'web-0', { ifName }));
  for (const [at, [id]] of first.entries()) node.say('DEL', { id, ifName: ['eth0', 'net1'][at] as string });
  expect(start(node, 'web-0', { ifName: 'net1' })[1]).toEqual(first[1]?.[1]);
  expect(start(node, 'web-0')[1]).toEqual(first[0]?.[1]);
});

test('of both families', () => {
  using node = new Node({ ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]], sticky: 60 });
  const got = visit(node, 'web-0');
  expect(visit(node, 'web-1')).not.toEqual(got);
  expect(visit(node, 'web-0')).toEqual(got);
});

test('not when its time is over, nor without sticky', () => {
  using node = new Node(small);
  visit(node, 'web-0');
  age(node, 3599);
  expect(visit(node, 'a')).toEqual(['10.1.0.3/24']);
  expect(visit(node, 'web-0')).toEqual(['10.1.0.2/24']);
  age(node, 3601);
  // The last of them gets what was web-0's; nothing that is kept has to yield.
  expect(['b', 'c', 'd', 'e'].map((pod) => visit(node, pod)[0])).toEqual(
    [3, 4, 5, 2].map((host) => `10.1.0.${host}/24`),
  );
  using plain = new Node({ ...small, sticky: 0 });
  expect([visit(plain, 'web-0'), visit(plain, 'web-0')]).toEqual([['10.1.0.2/24'], ['10.1.0.3/24']]);
  expect(listDirectory(`${plain.dataDir}/.host-local/${plain.network}`)).not.toContain('sticky');
});

test('what is asked for goes before what was had; a pod without a name has nothing to get back', () => {
  using node = new Node(small);
  visit(node, 'web-0');
  const [id, got] = start(node, 'web-0', { args: `${podArgs('web-0')};IP=10.1.0.4` });
  expect(got).toEqual(['10.1.0.4/24']);
  node.say('DEL', { id });
  expect(visit(node, 'web-0')).toEqual(['10.1.0.4/24']);
  expect(node.add({ id: 'x' })).toEqual(['10.1.0.5/24']);
  expect(node.add({ id: 'y', args: 'IP=10.1.0.4' })).toEqual(['10.1.0.4/24']);
  expect(start(node, 'web-0')[1]).toEqual(['10.1.0.2/24']);
});

test('while its old container lives a pod gets another address, and that from then on', () => {
  using node = new Node(small);
  const [old, first] = start(node, 'web-0');
  const [young, second] = start(node, 'web-0');
  expect(second).not.toEqual(first);
  for (const id of [old, young]) node.say('DEL', { id });
  expect(visit(node, 'web-0')).toEqual(second);
});

test('the time of an address that was freed by somebody else begins when it is found free', () => {
  using node = new Node(small);
  const [, got] = start(node, 'web-0');
  removeTree(node.path('10.1.0.2'));
  writeFile(node.path('last_reserved_ip.0'), '10.1.0.5');
  expect(visit(node, 'a')).toEqual(['10.1.0.3/24']);
  age(node, 3000);
  expect(visit(node, 'web-0')).toEqual(got);
});

test('GC keeps for a pod what it frees', () => {
  using node = new Node(small);
  const [, got] = start(node, 'web-0');
  expect(node.say('GC')).toBe('');
  expect(node.held()).toEqual({});
  expect(visit(node, 'a')).not.toEqual(got);
  expect(visit(node, 'web-0')).toEqual(got);
});

test('what cannot be read as it should be is nobody’s', () => {
  using node = new Node(small);
  visit(node, 'web-0');
  const directory = `${node.dataDir}/.host-local/${node.network}/sticky`;
  for (const kind of ['addresses', 'pods'])
    for (const name of listDirectory(`${directory}/${kind}`))
      writeFile(`${directory}/${kind}/${name}`, '\0\n\n10.1.0.2');
  expect(visit(node, 'web-0')).toEqual(['10.1.0.3/24']);
});

test('names of pods that are no more do not pile up', () => {
  const directory = `/tmp/host-local-sticky-${process.pid}`;
  onTestFinished(() => removeTree(directory));
  for (let count = 0; count < 3000; count++) {
    const sticky = openSticky(directory, 0);
    sticky.hold(`shop/job-${count}/eth0`, [`10.1.${count >> 8}.${count & 255}`]);
    sticky.free([`10.1.${count >> 8}.${count & 255}`]);
  }
  const lines = ['addresses', 'pods'].flatMap((kind) =>
    listDirectory(`${directory}/${kind}`).flatMap((name) => readText(`${directory}/${kind}/${name}`).split('\n')),
  );
  expect(lines.length).toBeLessThan(2 * 64 * 20);
});
