/** The conflists of the documentation, run as they stand there. */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { nothingIn, runtimeOf } from './network.ts';
import type { Conflist } from './runtime.ts';
import { release, test } from './world.ts';

const root = join(import.meta.dirname, '../..');

/** The first JSON block of a page that is a conflist. */
function conflistOf(page: string): Conflist {
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^```json\n([\s\S]*?)^```/gm)];
  const lists = blocks.map(([, json]) => JSON.parse(json ?? '')).filter((value) => Array.isArray(value.plugins));
  const [first] = lists;
  if (first === undefined) throw new Error(`find a conflist in ${page}: there is none`);
  return first;
}

test.for([
  'README.md',
  'packages/ipvlan/README.md',
  'packages/host-local/README.md',
  'packages/bandwidth/README.md',
  'packages/coordinator/README.md',
])('%s', (page, { world }) => {
  const { host } = world;
  host.ip('link', 'set', 'uplink', 'down');
  host.ip('link', 'set', 'uplink', 'name', 'ens192', 'up');
  const pod = world.pod();
  const list = conflistOf(page);
  const result = runtimeOf(world).add(list, pod.attachment);
  expect(result.ips?.[0]?.address).toMatch(/^172\.51\.0\.10[0-8]\/16$/);
  runtimeOf(world).check(list, pod.attachment, result);
  runtimeOf(world).del(list, pod.attachment, result);
  expect(nothingIn(pod)).toBe(true);
});

/** What the README tells an operator to type, with the architecture of this machine. */
function steps(): string {
  const [, section = ''] = readFileSync(join(root, 'README.md'), 'utf8').split('\n## Install\n');
  const [install = ''] = section.split('\n## ');
  const blocks = [...install.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block);
  return blocks.join('').replaceAll('amd64', arch() === 'arm64' ? 'arm64' : 'amd64');
}

/** Where nothing of ours, and no other plugin, is. */
const BARE = 'mkdir -p /etc/cni /var/lib/cni && for d in /opt /etc/cni /var/lib/cni; do mount -t tmpfs none $d; done';

test('the steps from the tarball to a pod, where nothing of ours is', ({ world }) => {
  const { host } = world;
  if (!existsSync(release)) throw new Error('first: vitest run release.outside');
  host.ip('link', 'set', 'uplink', 'down');
  host.ip('link', 'set', 'uplink', 'name', 'ens192', 'up');
  const downloads = join(world.dataDir, 'downloads');
  cpSync(release, downloads, { recursive: true });
  const script = `set -e\n${BARE}\n[ ! -e /opt/cni ]\ncd ${downloads}\n${steps()}ls /opt/cni/bin\n`;
  const { status, stdout, stderr } = host.try(['unshare', '--mount', 'sh', '-c', script]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/: OK\n[\s\S]*\ninstalled {2}host-local +release \S+ +was not there\n[\s\S]*\nverified/);
  expect(stdout).toMatch(/\nnothing wrong\ninterface +eth0 [\s\S]*\naddress +172\.51\.0\.10[0-8]\/16 /);
  expect(stdout).toMatch(/ of cnictl-try +on underlay +deleted\n[\s\S]*\ncnictl\n[\s\S]*\nipvlan\n$/);
});
