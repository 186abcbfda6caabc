import { afterEach, beforeEach, expect, test } from 'vitest';
import { addInterface, addNode, addPod, ask, json, must, run, type TestNode, type TestPod } from './testing/pods.ts';

let node: TestNode;
let pod: TestPod;

beforeEach(() => {
  node = addNode();
  pod = addPod();
  addInterface(pod, node, 'eth0', 10);
});

afterEach(() => {
  pod.remove();
  node.remove();
});

test('ADD, CHECK, DEL', () => {
  const result = must(pod, 'ADD');
  console.log(
    JSON.stringify(result, null, 1),
    run('ip', 'rule'),
    run('ip', 'route', 'list', 'table', '500'),
    pod.ip('route'),
    pod.ip('-6', 'route'),
    pod.ip('neigh'),
    pod.ip('rule'),
  );
  expect(pod.exec('ping', '-c1', '-W2', '10.9.0.2')).toContain('1 received');
  expect(pod.exec('ping', '-c1', '-W2', 'fd09::2')).toContain('1 received');
  expect(run('ping', '-c1', '-W2', '10.9.0.10')).toContain('1 received');
  expect(must(pod, 'CHECK')).toBe(undefined);
  must(pod, 'DEL');
  console.log(
    pod.ip('route'),
    pod.ip('rule'),
    run('ip', 'rule'),
    json('link').map((x) => x.ifname),
  );
  expect(ask(pod, 'CHECK').document.msg).toContain('no record');
});
