import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addLink, type Ended, Herd, type Pod, stateOfPod } from './testing/herd.ts';

/** How long is killed. */
const SECONDS = Number(process.env['CNI_KILL_SECONDS'] ?? 8);
const PODS = 6;

const chance = (probability: number) => Math.random() < probability;
/** An ADD takes a few milliseconds. */
const sometime = () => (chance(0.6) ? Math.random() * 10 : undefined);
const shuffled = <T>(list: readonly T[]) =>
  list
    .map((one) => ({ one, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);

/** What the runtime may ask, whatever became of it before: with the namespace, without, twice. */
async function detach(herd: Herd, pod: Pod, id: string, ifName: string): Promise<void> {
  await herd.run({ verb: 'DEL', pod, id, ifName, kill: sometime() });
  if (chance(0.3)) await expectSuccess(herd.run({ verb: 'DEL', pod, id, ifName, netns: '' }));
  if (chance(0.2)) await expectSuccess(herd.run({ verb: 'DEL', pod, id, ifName, netns: '/run/netns/nowhere' }));
  await expectSuccess(herd.run({ verb: 'DEL', pod, id, ifName }));
  // What comes after it in the chain.
  if (ifName === 'net1') pod.ip('link', 'del', 'net1');
}

async function expectSuccess(running: Promise<Ended>): Promise<void> {
  expect(await running).toEqual({ status: 0, stdout: '' });
}

/** One container after another in a pod, with one interface or two, of which ADD or DEL may be killed. */
async function work(herd: Herd, pod: Pod, deadline: number): Promise<number> {
  const before = stateOfPod(pod);
  let killed = 0;
  for (let n = 0; performance.now() < deadline; n++) {
    const id = `c${pod.number}.${n}`;
    const names: string[] = ['eth0'];
    let isUp = false;
    const add = async (ifName: string) => {
      const first = await herd.run({ verb: 'ADD', pod, id, ifName, kill: sometime() });
      if (first.status === null) killed++;
      // The runtime asks again, now and then.
      const last = first.status === null && chance(0.5) ? await herd.run({ verb: 'ADD', pod, id, ifName }) : first;
      // A second interface has no way to a node that the first one has none to.
      if (last.status !== null && (ifName === 'eth0' || isUp)) expect(last.status, last.stdout).toBe(0);
      isUp ||= last.status === 0;
    };
    await add('eth0');
    if (chance(0.4)) {
      names.push('net1');
      addLink(pod, 'net1');
      await add('net1');
    }
    for (const name of shuffled(names)) await detach(herd, pod, id, name);
    expect(stateOfPod(pod)).toEqual(before);
  }
  return killed;
}

test(
  `${SECONDS} s of processes that are killed at random: DEL leaves pod and node as they were`,
  async () => {
    using herd = await Herd.of(PODS);
    const before = herd.stateOfNode();
    const deadline = performance.now() + SECONDS * 1000;
    const killed = await Promise.all(herd.pods.map((pod) => work(herd, pod, deadline)));
    expect(killed.reduce((sum, count) => sum + count)).toBeGreaterThan(SECONDS);
    expect(herd.stateOfNode()).toEqual(before);
  },
  (SECONDS + 60) * 1000,
);

test('pods that nobody asks for any more: GC leaves the node as it was, and the valid ones alone', async () => {
  using herd = await Herd.of(PODS);
  const before = herd.stateOfNode();
  const [valid, ...others] = herd.pods as [Pod, ...Pod[]];
  await Promise.all(others.map((pod) => herd.run({ verb: 'ADD', pod, id: `gone${pod.number}`, kill: sometime() })));
  expect((await herd.run({ verb: 'ADD', pod: valid, id: 'valid' })).status).toBe(0);
  const keys = { 'cni.dev/valid-attachments': [{ containerID: 'valid', ifname: 'eth0' }] };
  // As if there were many more of them: one after another takes no more files than one.
  await expectSuccess(herd.run({ verb: 'GC', keys, files: 14 }));
  await expectSuccess(herd.run({ verb: 'CHECK', pod: valid, id: 'valid' }));
  expect(herd.stateOfNode().filter((line) => /veth/.test(line) && !line.startsWith('veth'))).toHaveLength(4);
  await expectSuccess(herd.run({ verb: 'DEL', pod: valid, id: 'valid' }));
  expect(herd.stateOfNode()).toEqual(before);
});

test('one process that executes nothing else', async () => {
  using herd = await Herd.of(1);
  const [pod] = herd.pods as [Pod];
  const traced = async (verb: 'ADD' | 'CHECK' | 'DEL') => {
    const trace = `${herd.executable}.${verb}`;
    expect((await herd.run({ verb, pod, id: 'traced', trace })).status).toBe(0);
    return readFileSync(trace, 'utf8').match(/exec\w+|clone\w*|v?fork/g);
  };
  expect(await traced('ADD')).toEqual(['execve']);
  expect(await traced('CHECK')).toEqual(['execve']);
  // A child waits for the kernel to be through with the link.
  expect((await traced('DEL'))?.filter((call) => call.startsWith('exec'))).toEqual(['execve']);
});
