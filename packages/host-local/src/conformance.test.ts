import { conformance } from '@cni/testkit';
import { hostLocal } from './host-local.ts';
import { addressOfName } from './record.ts';
import { Node } from './testing/plugin.ts';

const ranges = [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]];

conformance(hostLocal, {
  role: 'ipam',
  wrongKeys: { harmless: { dns: 7 } },
  prepare() {
    const node = new Node();
    return {
      netns: '/proc/1/ns/none',
      config: { type: 'host-local', ipam: { type: 'host-local', dataDir: node.dataDir, ranges } },
      leftovers: () => node.namesIn(node.dataDir).filter((name) => addressOfName(name) !== undefined),
      remove: () => node[Symbol.dispose](),
    };
  },
});
