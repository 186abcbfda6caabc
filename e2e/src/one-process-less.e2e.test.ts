/**
 * Where the host-local that ipvlan finds is of the same build, it is called without a process; where it is not, it is
 * executed. Nothing else may differ.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { conflist } from './network.ts';
import { type Conflist, Runtime } from './runtime.ts';
import { ours, type Pod, test, type World } from './world.ts';

/** The identity of the bundle ends eight bytes before the file does. */
const IDENTITY_END = 9;

/** A directory with a host-local that does the same and is of another build. */
let other: string;
beforeAll(() => {
  other = mkdtempSync(join(tmpdir(), 'cni-other-'));
  const bytes = readFileSync(join(ours, 'host-local'));
  const at = bytes.length - IDENTITY_END;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  writeFileSync(join(other, 'host-local'), bytes);
  chmodSync(join(other, 'host-local'), 0o755);
});
afterAll(() => rmSync(other, { recursive: true }));

interface Story {
  readonly answers: readonly string[];
  readonly files: readonly string[];
  /** How often CNI_DEBUG tells of a call without a process. */
  readonly calls: number;
}

/** ADD, CHECK, a refused ADD, DEL, with everything that can be seen of them from outside. */
function tell(world: World, path: readonly string[]): Story {
  const pod = world.pod();
  const list = conflist(world, 'l2', 'dual stack', { dad: 'off' });
  const answers: string[] = [];
  const files: string[] = [];
  let calls = 0;
  const run = (verb: 'ADD' | 'CHECK' | 'DEL', more: object = {}): string => {
    const { stdout, stderr } = execute(world, path, list, pod, verb, more);
    answers.push(`${verb}: ${stdout.replaceAll(pod.name, 'pod')}`);
    files.push(`${verb}: ${world.reservations().sort().join(' ')}`);
    calls += stderr.split('without a process').length - 1;
    return stdout;
  };
  const prevResult = JSON.parse(run('ADD'));
  run('CHECK', { prevResult });
  run('ADD');
  run('DEL', { prevResult });
  run('ADD', { ipam: { ...Object(list.plugins[0]?.['ipam']), ranges: [[{ subnet: '10.1.0.0/24', gateway: 'x' }]] } });
  return { answers, files, calls };
}

function execute(
  world: World,
  path: readonly string[],
  list: Conflist,
  pod: Pod,
  verb: 'ADD' | 'CHECK' | 'DEL',
  more: object,
) {
  const runtime = new Runtime(world.host, ...path);
  const { cniVersion, name, plugins } = list;
  const stdin = JSON.stringify({ cniVersion, name, ...plugins[0], ...more });
  const env = { ...runtime.environment(verb, pod.attachment), CNI_DEBUG: '1' };
  return world.host.try([join(ours, 'ipvlan')], { env, stdin });
}

test('with and without a process: the same answers, the same files', ({ world }) => {
  const without = tell(world, [ours]);
  const executed = tell(world, [other, ours]);
  expect(executed.answers.map(withoutAddresses)).toEqual(without.answers.map(withoutAddresses));
  expect(executed.files.map(withoutAddresses)).toEqual(without.files.map(withoutAddresses));
  expect(without.calls).toBeGreaterThanOrEqual(3);
  expect(executed.calls).toBe(0);
});

/** The second story gets the next addresses, in both families alike. */
function withoutAddresses(text: string): string {
  return text.replace(/10\.1\.0\.\d+|fd00:1::\w+/g, 'ADDRESS');
}
