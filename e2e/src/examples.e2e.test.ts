/** Every network of `examples/`, run as it stands there. */
import { expect } from 'vitest';
import { networks, poolsFile } from './examples.ts';
import { nothingIn, runtimeOf } from './network.ts';
import type { Conflist } from './runtime.ts';
import { test } from './world.ts';

test.for(networks())('%s', ([, json], { world }) => {
  const { host } = world;
  host.ip('link', 'set', 'uplink', 'down');
  host.ip('link', 'set', 'uplink', 'name', 'ens192', 'up');
  const list: Conflist = JSON.parse(json.replaceAll(poolsFile.written, poolsFile.path));
  const pod = world.pod();
  const runtime = runtimeOf(world);
  const result = runtime.add(list, pod.attachment);
  expect(result.ips?.[0]?.address).toMatch(/^172\.51\.[01]\.10[0-8]\/16$/);
  // There is no CHECK before 0.4.0.
  if (list.cniVersion !== '0.3.1') runtime.check(list, pod.attachment, result);
  runtime.del(list, pod.attachment, result);
  expect(nothingIn(pod)).toBe(true);
});
