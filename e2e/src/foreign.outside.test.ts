/** The shipped programs built for arm64 on x86-64, and run by an emulator. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const emulator = '/usr/bin/qemu-aarch64-static';
const engine = join(root, 'packages/aot/platforms/linux-arm64/engine');
const missing = [emulator, engine].filter((path) => !existsSync(path));
const obstacle =
  arch() === 'x64' ? missing.map((path) => `${path} is not there`).join(', ') : 'this machine is none of x86-64';

const directory = mkdtempSync(join(tmpdir(), 'cni-arm64-'));
afterAll(() => rmSync(directory, { recursive: true }));

function built(name: string): string {
  const outfile = join(directory, name);
  const words = ['build', join(root, `apps/${name}/src/main.ts`), '-o', outfile, '--target', 'aarch64'];
  execFileSync(process.execPath, [join(root, 'packages/aot/bin/cni-aot.mjs'), ...words]);
  return outfile;
}

function run(executable: string, command: string, config: object, env: Record<string, string> = {}) {
  const input = JSON.stringify({ cniVersion: '1.0.0', name: 'net', ...config });
  const { status, stdout } = spawnSync(emulator, [executable], {
    input,
    encoding: 'utf8',
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: 'c1',
      CNI_IFNAME: 'eth0',
      CNI_NETNS: '/none',
      CNI_PATH: '/none',
      ...env,
    },
  });
  return { status, answer: stdout === '' ? undefined : JSON.parse(stdout) };
}

test.skipIf(obstacle !== '')(
  `arm64: host-local hands out and takes back${obstacle && ` (skipped: ${obstacle})`}`,
  () => {
    const hostLocal = built('host-local');
    const dataDir = join(directory, 'networks');
    const config = {
      ipam: { type: 'host-local', dataDir, ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]] },
    };
    expect(run(hostLocal, 'ADD', config)).toMatchObject({
      status: 0,
      answer: { ips: [{ address: '10.1.0.2/24' }, { address: 'fd00:1::2/64' }] },
    });
    expect(readdirSync(join(dataDir, 'net'))).toContain('10.1.0.2');
    expect(run(hostLocal, 'DEL', config)).toEqual({ status: 0, answer: undefined });
    expect(readdirSync(join(dataDir, 'net'))).not.toContain('10.1.0.2');
  },
);

test.skipIf(obstacle !== '')(
  `arm64: ipvlan answers, and refuses by name${obstacle && ` (skipped: ${obstacle})`}`,
  () => {
    const ipvlan = built('ipvlan');
    expect(run(ipvlan, 'VERSION', {})).toMatchObject({ status: 0, answer: { cniVersion: '1.0.0' } });
    expect(run(ipvlan, 'ADD', { mode: 'l4' })).toMatchObject({ status: 1, answer: { code: 7 } });
  },
);
