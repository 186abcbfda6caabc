/** containerd, asked through CRI as by a kubelet: pods on ipvlan with our whole chain. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Mode, modes } from '../network.ts';
import { ipvlanChain, withPlugin } from './chain.ts';
import { Containerd } from './containerd.ts';
import { CriPod } from './cri/pod.ts';
import { expectRate, throughput } from './iperf.ts';
import { skipOrFail } from './obstacle.ts';
import { eventually, Site } from './site.ts';

const LIMITS = { ingress: '20M', egress: '10M' };
const [INGRESS, EGRESS] = [20e6, 10e6];
const outside = { IPv4: '192.0.2.1', IPv6: '2001:db8:2::1' };

const obstacle = skipOrFail('containerd');
let site: Site;
let containerd: Containerd;
beforeEach(({ skip }) => skip(obstacle !== undefined, obstacle));
beforeAll(async () => {
  if (obstacle !== undefined) return;
  site = new Site('containerd');
  const failing = withPlugin(ipvlanChain('l2'), { type: 'tuning', sysctl: { 'net.ipv4.no_such_key': '1' } });
  const handlers = Object.fromEntries(modes.map((mode) => [mode, ipvlanChain(mode)]));
  containerd = await Containerd.start(site, { ...handlers, failing });
});
afterAll(async () => {
  await containerd?.stop();
  await site?.remove();
});

const run = (mode: Mode, limits?: typeof LIMITS) => CriPod.run(containerd.cri, mode, limits);

async function remove(...pods: CriPod[]): Promise<void> {
  for (const pod of pods) {
    await pod.stop();
    await pod.remove();
  }
}

describe.each(modes)('containerd, ipvlan %s', (mode) => {
  test('annotated limits between pods and to the outside, both ways', async () => {
    const [limited, free] = [await run(mode, LIMITS), await run(mode)];
    const [four, six] = await free.addresses();
    for (const [address, what] of [
      [four, 'a pod'],
      [six, 'a pod'],
      [outside.IPv4, 'the outside'],
      [outside.IPv6, 'the outside'],
    ] as const) {
      const { out, back } = await throughput(limited, address);
      expectRate(out, EGRESS, address, `${mode} to ${what}`);
      expectRate(back, INGRESS, address, `${mode} from ${what}`);
    }
    const unlimited = await throughput(free, outside.IPv4);
    expect(unlimited.out, 'a pod without annotations').toBeGreaterThan(2 * INGRESS);
    await remove(limited, free);
    site.expectNothingLeft();
  });

  test('exec; Stop and Remove, each repeated', async () => {
    const [one, two] = [await run(mode, LIMITS), await run(mode)];
    const [address] = await one.addresses();
    expect(await one.run('ip', 'address', 'show', 'eth0')).toContain(`inet ${address}/`);
    await two.run('ping', '-c', '1', '-W', '5', address);
    await two.run('ping', '-c', '1', '-W', '5', outside.IPv6);
    for (const pod of [one, two]) {
      for (const _ of [1, 2, 3]) await pod.stop();
      for (const _ of [1, 2]) await pod.remove();
    }
    expect(await containerd.pods()).toEqual([]);
    site.expectNothingLeft();
  });

  test('containerd is killed and started: pods go on, new ones come', async () => {
    const old = await run(mode, LIMITS);
    const before = await old.status();
    await containerd.restart();
    expect(await old.status()).toEqual(before);
    const young = await run(mode);
    const [address] = await young.addresses();
    await old.run('ping', '-c', '1', '-W', '5', address);
    await remove(old, young);
    site.expectNothingLeft();
  });

  test('the namespace of a sandbox vanished', async () => {
    const pod = await run(mode, LIMITS);
    const { pid, netns } = await pod.sandbox();
    process.kill(pid, 'SIGKILL');
    await eventually(async () => expect((await pod.status()).state).toBe('SANDBOX_NOTREADY'));
    site.node.run('umount', netns);
    rmSync(netns);
    await remove(pod);
    site.expectNothingLeft();
  });
});

describe('containerd, ipvlan', () => {
  test('a plugin behind ours fails: the pod is refused, and its text is heard', async () => {
    await expect(run('failing' as Mode, LIMITS)).rejects.toThrow(/plugin type="tuning" failed \(add\).*no_such_key/);
    expect(await containerd.pods()).toEqual([]);
    site.expectNothingLeft();
  });

  test('a network of another mode on the same master is refused, and pods go on', async () => {
    const [one, two] = [await run('l2'), await run('l2')];
    await expect(run('l3s')).rejects.toThrow('mode "l3s": master uplink has slaves in mode l2');
    const [address] = await two.addresses();
    await one.run('ping', '-c', '1', '-W', '5', address);
    await remove(one, two);
    site.expectNothingLeft();
  });
});
