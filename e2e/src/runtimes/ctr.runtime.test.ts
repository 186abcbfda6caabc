/** `ctr run --cni`, which calls no DEL for a container that was started with `-d`: what it leaves is found and cleaned by cnictl. */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ended } from '../netns.ts';
import { outsideAddresses } from '../world.ts';
import { ipvlanChain } from './chain.ts';
import { Containerd, socketOf } from './containerd.ts';
import { IMAGE } from './image.ts';
import { skipOrFail } from './obstacle.ts';
import { BIN, eventually, Site } from './site.ts';

const RATE = 10e6;
const list = ipvlanChain('l3s', { ingressRate: RATE, egressRate: RATE });
const [OUTSIDE = ''] = outsideAddresses;

const obstacle = skipOrFail('containerd');
let site: Site;
let containerd: Containerd;
beforeEach(({ skip }) => skip(obstacle !== undefined, obstacle));
beforeAll(async () => {
  if (obstacle !== undefined) return;
  site = new Site('ctr');
  site.configure(list);
  containerd = await Containerd.start(site, {});
});
afterAll(async () => {
  await containerd?.stop();
  await site?.remove();
});

const ctr = (...words: string[]): string => site.node.run('ctr', '-a', socketOf(site), ...words);
const cnictl = (...words: string[]): Ended => site.node.try([join(BIN, 'cnictl'), ...words]);
const run = (...words: string[]): string => ctr('run', '--cni', '--runc-binary', site.crun, ...words);
const alive = ['sleep', '100000'];

describe('ctr, ipvlan l3s', () => {
  test('run, and wait for its end: DEL without a namespace', () => {
    const printed = run('--rm', IMAGE, 'one', 'ping', '-c', '1', '-W', '5', OUTSIDE);
    expect(printed).toContain('1 packets received');
    site.expectNothingLeft();
  });

  test('run -d calls no DEL: ipam check finds the leak, gc cleans it, and spares who lives', async () => {
    run('-d', IMAGE, 'one', ...alive);
    run('-d', IMAGE, 'two', ...alive);
    expect(cnictl('ipam', 'check', list.name).status).toBe(0);
    ctr('tasks', 'kill', '-s', 'KILL', 'one');
    await eventually(() => expect(ctr('tasks', 'list')).toMatch(/one\s+\d+\s+STOPPED/));
    ctr('containers', 'delete', 'one');

    const found = cnictl('ipam', 'check', list.name);
    expect(found.status).toBe(1);
    expect(found.stdout).toMatch(/^leak +10\.3\.0\.\d+ +default-one\/eth0 +its namespace is gone/m);
    expect(found.stdout).not.toContain('default-two');

    const cleaned = cnictl('gc', list.name);
    expect(cleaned.stderr).toBe('');
    expect(cnictl('ipam', 'check', list.name).status).toBe(0);
    expect(ctr('tasks', 'exec', '--exec-id', 'ping', 'two', 'ping', '-c', '1', '-W', '5', OUTSIDE)).toContain(
      '1 packets received',
    );

    ctr('tasks', 'kill', '-s', 'KILL', 'two');
    await eventually(() => expect(ctr('tasks', 'list')).toMatch(/two\s+\d+\s+STOPPED/));
    ctr('containers', 'delete', 'two');
    expect(cnictl('gc', list.name).status).toBe(0);
    site.expectNothingLeft();
  });
});
