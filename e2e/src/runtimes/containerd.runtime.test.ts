/** containerd, asked through CRI as by a kubelet: pods on ipvlan with our whole chain. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { modes } from '../network.ts';
import { ipvlanChain } from './chain.ts';
import { Containerd } from './containerd.ts';
import { CriPod } from './cri/pod.ts';
import { skipOrFail } from './obstacle.ts';
import { handlersOf, podCases, remove } from './pod-cases.ts';
import { Site } from './site.ts';

const tested = modes.map((network) => ({ network, list: ipvlanChain(network) }));

const obstacle = skipOrFail('containerd');
let site: Site;
let containerd: Containerd;
beforeEach(({ skip }) => skip(obstacle !== undefined, obstacle));
beforeAll(async () => {
  if (obstacle !== undefined) return;
  site = new Site('containerd');
  containerd = await Containerd.start(site, Object.assign({}, ...tested.map(handlersOf)));
});
afterEach(async () => {
  await containerd?.expectNoPods();
  site?.expectNothingLeft();
});
afterAll(async () => {
  await containerd?.stop();
  await site?.remove();
});

for (const one of tested) podCases(`containerd, ipvlan ${one.network}`, one, () => ({ site, containerd }));

describe('containerd, ipvlan', () => {
  test('a network of another mode on the same master is refused, and pods go on', async () => {
    const [one, two] = [await CriPod.run(containerd.cri, 'l2'), await CriPod.run(containerd.cri, 'l2')];
    const other = CriPod.run(containerd.cri, 'l3s');
    await expect(other).rejects.toThrow('mode "l3s": master uplink has slaves in mode l2');
    const [address] = await two.addresses();
    await one.run('ping', '-c', '1', '-W', '5', address);
    await remove(one, two);
  });
});
