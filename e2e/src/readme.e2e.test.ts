/** The conflists of the documentation, run as they stand there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { nothingIn, runtimeOf } from './network.ts';
import type { Conflist } from './runtime.ts';
import { test } from './world.ts';

const root = join(import.meta.dirname, '../..');

/** The first JSON block of a page that is a conflist. */
function conflistOf(page: string): Conflist {
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^```json\n([\s\S]*?)^```/gm)];
  const lists = blocks.map(([, json]) => JSON.parse(json ?? '')).filter((value) => Array.isArray(value.plugins));
  const [first] = lists;
  if (first === undefined) throw new Error(`find a conflist in ${page}: there is none`);
  return first;
}

test.for(['README.md', 'packages/ipvlan/README.md', 'packages/host-local/README.md', 'packages/bandwidth/README.md'])(
  '%s',
  (page, { world }) => {
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
  },
);
