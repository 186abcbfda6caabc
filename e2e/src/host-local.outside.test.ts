/** The conformance suite on the executable of host-local, which needs neither root nor a kernel of ours. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformance } from '@cni/testkit';
import { ours } from './world.ts';

const ranges = [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]];

conformance(join(ours, 'host-local'), {
  role: 'ipam',
  wrongKeys: { harmless: { dns: 7 } },
  prepare() {
    const directory = mkdtempSync(join(tmpdir(), 'cni-conform-'));
    const dataDir = join(directory, 'networks');
    return {
      netns: '/run/netns/conformance-none',
      config: { type: 'host-local', ipam: { type: 'host-local', dataDir, ranges } },
      leftovers: () => (existsSync(dataDir) ? addressesIn(dataDir) : []),
      remove: () => rmSync(directory, { recursive: true }),
    };
  },
});

function addressesIn(dataDir: string): string[] {
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true });
  return files.map(({ name }) => name).filter((name) => isIP(name) !== 0);
}
