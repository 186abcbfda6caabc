/** Chains with a main plugin of the reference and ours in it and behind it, under containerd and podman. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BRIDGE, mixedChain, withRanges } from './chain.ts';
import { Containerd } from './containerd.ts';
import { skipOrFail } from './obstacle.ts';
import { handlersOf, podCases, type Tested } from './pod-cases.ts';
import { Podman } from './podman.ts';
import { Site } from './site.ts';

describe('containerd', () => {
  const tested: Tested[] = [
    { network: 'macvlan', list: mixedChain('macvlan') },
    { network: 'bridge', list: mixedChain('bridge') },
  ];
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
    // The bridge is made by the first pod, and stays.
    site?.expectNothingLeft(BRIDGE);
  });
  afterAll(async () => {
    await containerd?.stop();
    await site?.remove();
  });

  for (const one of tested) podCases(`containerd, ${one.network} of the reference`, one, () => ({ site, containerd }));
});

describe('podman, macvlan of the reference', () => {
  const list = withRanges(mixedChain('macvlan'), 'macvlan');
  const obstacle = skipOrFail('podman');
  let site: Site;
  let podman: Podman;
  beforeEach(({ skip }) => skip(obstacle !== undefined, obstacle));
  beforeAll(() => {
    if (obstacle !== undefined) return;
    site = new Site('podman');
    site.configure(list);
    podman = new Podman(site);
  });
  afterEach(() => {
    podman?.removeAll();
    site?.expectNothingLeft();
  });
  afterAll(() => site?.remove());

  test('--ip and --mac-address', () => {
    const [ip, mac] = ['10.1.0.77', '02:11:22:33:44:55'];
    const one = podman.container('one', ['--network', list.name, '--ip', ip, '--mac-address', mac]);
    expect(one.network(list.name)).toMatchObject({ ip, mac });
    const shown = one.run('ip', 'address', 'show', 'eth0');
    expect(shown).toContain(`link/ether ${mac}`);
    expect(shown).toContain(`inet ${ip}/24`);
  });
});
