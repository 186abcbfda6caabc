import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Conflist } from '../runtime.ts';
import { nodeAddresses, outsideAddresses } from '../world.ts';
import { type Network, withPlugin } from './chain.ts';
import type { Containerd } from './containerd.ts';
import { CriPod, type Limits } from './cri/pod.ts';
import { expectMore, expectRates } from './iperf.ts';
import { eventually, type Site } from './site.ts';

const LIMITS: Limits = { ingress: '8M', egress: '4M' };
const [INGRESS, EGRESS] = [8e6, 4e6];
const [OUTSIDE = ''] = outsideAddresses;

/** A network to make pods on. */
export interface Tested {
  readonly network: Network;
  readonly list: Conflist;
}

/** The handlers that {@link podCases} asks for: the network, and the same with a plugin at the end that cannot succeed. */
export function handlersOf({ network, list }: Tested): Record<string, Conflist> {
  const refusing = withPlugin(list, { type: 'tuning', sysctl: { 'net.ipv4.no_such_key': '1' } });
  return { [network]: list, [`${network}-refusing`]: refusing };
}

/** What a kubelet does with pods, and what may befall them. */
export function podCases(title: string, { network }: Tested, on: () => { site: Site; containerd: Containerd }): void {
  const run = (limits?: Limits, handler: string = network) => CriPod.run(on().containerd.cri, handler, limits);

  describe(title, () => {
    test('annotated limits between pods and to the outside, both ways', async ({ annotate }) => {
      const [limited, free] = [await run(LIMITS), await run()];
      for (const address of [...(await free.addresses()), ...outsideAddresses])
        await expectRates(limited, address, { out: EGRESS, back: INGRESS }, annotate);
      await expectMore(free, OUTSIDE, 2 * INGRESS);
      await remove(limited, free);
    });

    test('exec; pod, outside and node reach each other; Stop and Remove, each repeated', async () => {
      const [one, two] = [await run(LIMITS), await run()];
      const addresses = await one.addresses();
      const shown = await one.run('ip', 'address', 'show', 'eth0');
      for (const address of addresses) {
        expect(shown).toContain(` ${address}/`);
        on().site.node.ping(address);
      }
      for (const address of [...addresses, ...outsideAddresses, ...nodeAddresses])
        await two.run('ping', '-c', '1', '-W', '5', address);
      for (const _ of [1, 2, 3]) await one.stop();
      for (const _ of [1, 2]) await one.remove();
      await remove(two);
    });

    test('containerd is killed and started: pods go on, new ones come', async () => {
      const old = await run(LIMITS);
      const before = await old.status();
      await on().containerd.restart();
      expect(await old.status()).toEqual(before);
      const young = await run();
      const [address] = await young.addresses();
      await old.run('ping', '-c', '1', '-W', '5', address);
      await remove(old, young);
    });

    test('the namespace of a sandbox vanished', async () => {
      const pod = await run(LIMITS);
      const { pid, netns } = await pod.sandbox();
      process.kill(pid, 'SIGKILL');
      await eventually(async () => expect((await pod.status()).state).toBe('SANDBOX_NOTREADY'));
      on().site.node.run('umount', netns);
      rmSync(netns);
      await remove(pod);
    });

    test('a plugin behind ours fails: the pod is refused, and its text is heard', async () => {
      const refused = run(LIMITS, `${network}-refusing`);
      await expect(refused).rejects.toThrow(/plugin type="tuning" failed \(add\).*no_such_key/);
    });
  });
}

/** As a kubelet does it. */
export async function remove(...pods: CriPod[]): Promise<void> {
  for (const pod of pods) {
    await pod.stop();
    await pod.remove();
  }
}
