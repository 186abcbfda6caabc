/**
 * The conformance suite on ipvlan: on the executable, and on the plugin as a value, so that each step of its ADD can be made
 * to fail. In this process the node is the guest's own namespace.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ipvlan } from '@cni/plugin-ipvlan';
import { conformance, type Fixture, type Place } from '@cni/testkit';
import { afterAll, beforeAll } from 'vitest';
import { makeNetns, type Netns } from './netns.ts';
import { ours } from './world.ts';

const MASTER = 'conform0';
const NETWORKS = 'networks';
const ip = (...words: string[]) => execFileSync('ip', words, { encoding: 'utf8' });

/** Addresses that host-local holds, in a directory of its own. */
function reservations(dataDir: string): string[] {
  const names = existsSync(dataDir) ? readdirSync(dataDir, { recursive: true, encoding: 'utf8' }) : [];
  return names.filter((name) => /\/[\d.:a-f]+$/.test(name) && !name.startsWith('.'));
}

function ipam(directory: string) {
  return {
    type: 'host-local',
    dataDir: join(directory, NETWORKS),
    ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
  };
}

/** One pod and one master for all cases, each of which leaves them as it found them: making them takes a guest half a second. */
let pod: Netns;
beforeAll(() => {
  pod = makeNetns('pod');
  ip('link', 'add', MASTER, 'type', 'dummy');
  ip('link', 'set', MASTER, 'up');
});
afterAll(() => {
  pod.delete();
  ip('link', 'del', MASTER);
});

function ipvlanPlace(): Place {
  const directory = mkdtempSync(join(tmpdir(), 'cni-conform-'));
  let taken: string[] = ['lo'];
  const links = () => pod.json('link', 'show').map(({ ifname }) => String(ifname));
  const witnesses = () => (existsSync('/run/cni/ipvlan') ? readdirSync('/run/cni/ipvlan') : []);
  return {
    netns: pod.path,
    config: { type: 'ipvlan', master: MASTER, dad: 'off', ipam: ipam(directory) },
    env: { CNI_PATH: ours },
    leftovers: () => [
      ...links().filter((name) => !taken.includes(name)),
      ...reservations(join(directory, NETWORKS)),
      ...witnesses(),
    ],
    takeName() {
      pod.ip('link', 'add', 'eth0', 'type', 'dummy');
      taken = ['lo', 'eth0'];
    },
    damages: {
      'the link is gone': () => pod.ip('link', 'del', 'eth0'),
      'the link is down': () => pod.ip('link', 'set', 'eth0', 'down'),
      'another mtu': () => pod.ip('link', 'set', 'eth0', 'mtu', '1400'),
      'no IPv4 address': () => pod.ip('address', 'del', '10.1.0.2/24', 'dev', 'eth0'),
      'no IPv6 address': () => pod.ip('address', 'del', 'fd00:1::2/64', 'dev', 'eth0'),
      'no default route': () => pod.ip('route', 'del', 'default'),
    },
    remove() {
      for (const name of links().filter((link) => link !== 'lo')) pod.ip('link', 'del', name);
      rmSync(directory, { recursive: true });
    },
  };
}

const ofIpvlan: Fixture = { role: 'main', wrongKeys: { harmless: { mode: 'L2', mtu: -1 } }, prepare: ipvlanPlace };

conformance(ipvlan, ofIpvlan);
conformance(join(ours, 'ipvlan'), ofIpvlan);
